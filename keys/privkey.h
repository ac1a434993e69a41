/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private signing key in memory: taken in, encoded for sealing, its public half, and signing with
 * contexts prepared once per thread. EC and RSA are OpenSSL's, Ed25519 is libsodium's (it signs in
 * less than half of OpenSSL's time); a key of a PKCS#11 token is there, and what stands here is a
 * reference. Internal to keys/. It does not make keys (keygen.h) and does not know access tokens
 * (signkey.h).
 * Ownership: heap, the holder's; wiped when freed.
 * Thread rule: a key is immutable, any thread; a context is one thread's.
 * Sources: RFC 7518 sec. 3.3 to 3.5, RFC 8032.
 */
#ifndef JT_KEYS_PRIVKEY_H
#define JT_KEYS_PRIVKEY_H

#include "common/base/secret.h"
#include "common/jose/jwk.h"
#include "keys/pkcs11_key.h"

struct jt_privkey;
struct jt_privkey_ctx;

#define JT_PRIVKEY_SEED_LEN 32

/* Gives the key of `alg` (EC or RSA). Takes `pkey`, also on failure. JT_ERR_NOMEM, JT_ERR_CRYPTO.
 */
JT_MUST_USE enum jt_err jt_privkey_from_pkey(const struct jt_alg_row *alg, struct evp_pkey_st *pkey,
                                             struct jt_privkey **out_key);

/* Gives the Ed25519 key of a seed of 32 bytes. JT_ERR_ARGUMENT, JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_privkey_from_seed(const struct jt_alg_row *alg, struct jt_span seed,
                                             struct jt_privkey **out_key);

/* Gives the key that is in a token. Takes `pair`, also on failure. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_privkey_from_pkcs11(const struct jt_alg_row *alg,
                                               struct jt_pkcs11_key *pair,
                                               struct jt_privkey **out_key);

void jt_privkey_free(struct jt_privkey *key);
JT_AUTOP_DEFINE(privkey);

/* The bytes that are sealed: those of keycode.h, the seed, or the reference. JT_ERR_NOMEM,
 * JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_privkey_encode(const struct jt_privkey *key,
                                          struct jt_secret *out_bytes);

/* Gives the key back; `token` is where references lead, or NULL. JT_ERR_UNSEAL when `bytes` are not
 * such a key, with a sentence when they are a reference that leads nowhere; JT_ERR_SIGNER_AWAY with a
 * sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_privkey_decode(const struct jt_alg_row *alg, struct jt_span bytes,
                                          struct jt_pkcs11 *token, struct jt_privkey **out_key,
                                          struct jt_diag *diag);

/* Gives the public half. JT_ERR_ARGUMENT when the key is not of its algorithm's type and curve;
 * JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_privkey_public(const struct jt_privkey *key, struct jt_jwk **out_jwk);

/* Is it in a PKCS#11 token? */
bool jt_privkey_in_token(const struct jt_privkey *key);

/* The length of every signature of `key` (RFC 7518 sec. 3.4: r || s for EC). */
size_t jt_privkey_sig_len(const struct jt_privkey *key);

/* Gives a context that signs with `key`, which must outlive it. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_privkey_ctx_new(const struct jt_privkey *key,
                                           struct jt_privkey_ctx **out_ctx);
void jt_privkey_ctx_free(struct jt_privkey_ctx *ctx);
JT_AUTOP_DEFINE(privkey_ctx);

/* Writes the JWS signature of `message`, jt_privkey_sig_len bytes, to `out`. JT_ERR_CRYPTO;
 * JT_ERR_SIGNER_AWAY, JT_ERR_NOMEM for a key in a token. */
JT_MUST_USE enum jt_err jt_privkey_sign(struct jt_privkey_ctx *ctx, struct jt_span message,
                                        uint8_t *out);

#endif
