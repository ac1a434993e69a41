/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key made ready to sign tokens: its encoded headers, the longest lifetime it may sign,
 * and a context per lane. Internal to keys/. It does not know which key is to sign, nor the store.
 * Ownership: shared by reference count; the last reference wipes.
 * Thread rule: any thread; the contexts of lane i are touched only by the thread that holds lane i.
 * Sources: RFC 7515 sec. 5.1, 7.1; RFC 9068 sec. 2.1.
 */
#ifndef JT_KEYS_SIGNKEY_H
#define JT_KEYS_SIGNKEY_H

#include "keys/privkey.h"
#include "keys/render.h"
#include "keys/signer.h"

struct jt_signkey;

/* Gives a key that signs as `kid`. Takes `key`, also on failure. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_signkey_new(enum jt_alg alg, struct jt_span kid, struct jt_privkey *key,
                                       int64_t longest_s, struct jt_signkey **out_key);

/* Checks `row`, opens its blob and gives the key that is sealed there, or that is referred to there
 * and found in `token` (may be NULL), if it is the private half of the row's public JWK.
 * JT_ERR_UNSEAL, JT_ERR_KEY_MAC, JT_ERR_SIGNER_AWAY; JT_ERR_ARGUMENT when the row's alg is none that
 * keys are made for; JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_signkey_open(const struct jt_kek *kek, struct jt_pkcs11 *token,
                                        const struct jt_sealed *row, int64_t longest_s,
                                        struct jt_signkey **out_key, struct jt_diag *diag);

/* Gives one more reference. */
struct jt_signkey *jt_signkey_ref(struct jt_signkey *key);

/* Drops a reference. NULL is harmless. */
void jt_signkey_free(struct jt_signkey *key);
JT_AUTOP_DEFINE(signkey);

/* Borrowed. */
struct jt_span jt_signkey_kid(const struct jt_signkey *key);

/* Is its private half in a PKCS#11 token? */
bool jt_signkey_in_token(const struct jt_signkey *key);

/* The bound of later signatures. */
void jt_signkey_set_longest(struct jt_signkey *key, int64_t longest_s);

/* Appends the token of `claims` to `out`, in lane `lane` (below JT_SIGNER_LANES_MAX) and with that
 * lane's `render`. Errors as jt_signer_sign; on failure `out` is as it was. */
JT_MUST_USE enum jt_err jt_signkey_token(struct jt_signkey *key, size_t lane,
                                         struct jt_render *render, const struct jt_claims *claims,
                                         struct jt_buf *out);

#endif
