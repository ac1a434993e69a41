/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys that are made in a PKCS#11 token and never leave it: made, found, signing, destroyed.
 * Both halves carry the kid as label and the thumbprint's 32 bytes as CKA_ID. What a row seals of
 * such a key is a reference, by which the row has its MAC and its key-encryption key as others have;
 * it opens nothing without the token. Internal to keys/. It does not know tokens of OAuth.
 * Ownership: heap, the holder's; a key holds a reference to its token.
 * Thread rule: a key is immutable, any thread; a hold is one thread's.
 * Sources: PKCS#11 2.40 sec. 4.4 (common attributes), 2.1 (RSA), 2.3 (elliptic curves) of its
 * mechanisms; RFC 7518 sec. 3.3 to 3.5; RFC 8017 sec. 9.2.
 */
#ifndef JT_KEYS_PKCS11_KEY_H
#define JT_KEYS_PKCS11_KEY_H

#include "common/jose/jwk.h"
#include "keys/pkcs11.h"

struct jt_pkcs11_key;

/* Where a thread found the private half; all zero: nowhere yet. */
struct jt_pkcs11_hold {
    uint64_t life;
    unsigned long object;
};

/* Are keys for `alg` made in a token? */
bool jt_pkcs11_key_makes(const struct jt_alg_row *alg);

/* Makes a pair for `alg` in `token` and gives it. JT_ERR_CONFIG with a sentence for an algorithm
 * that is not made there (EdDSA); JT_ERR_SIGNER_AWAY with a sentence; JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_key_make(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                                           struct jt_pkcs11_key **out_key, struct jt_diag *diag);

/* Gives the pair that `reference` (of jt_pkcs11_key_refer) names, its public half read from the
 * token. JT_ERR_UNSEAL with a sentence when `token` is NULL, holds no such key, or holds one that
 * could leave it; others as above. */
JT_MUST_USE enum jt_err jt_pkcs11_key_find(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                                           struct jt_span reference, struct jt_pkcs11_key **out_key,
                                           struct jt_diag *diag);
void jt_pkcs11_key_free(struct jt_pkcs11_key *key);
JT_AUTOP_DEFINE(pkcs11_key);

/* Destroys both halves of the pair `kid` in `token`; none is fine. JT_ERR_SIGNER_AWAY with a
 * sentence, JT_ERR_ARGUMENT when `kid` is no thumbprint, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_key_destroy(struct jt_pkcs11 *token, struct jt_span kid,
                                              struct jt_diag *diag);

/* Is `bytes` of a blob a reference, whose ever? No bytes of a software key are. */
bool jt_pkcs11_key_is_reference(struct jt_span bytes);

/* Is it the one that names the pair `kid`? */
bool jt_pkcs11_key_refers(struct jt_span bytes, struct jt_span kid);

/* The reference that names `key`. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_key_refer(const struct jt_pkcs11_key *key,
                                            struct jt_secret *out_bytes);

/* The public half, borrowed. */
struct jt_jwk *jt_pkcs11_key_jwk(const struct jt_pkcs11_key *key);

/* The length of every signature of `key`. */
size_t jt_pkcs11_key_sig_len(const struct jt_pkcs11_key *key);

/* Writes the JWS signature over `digest` (of the algorithm's digest), jt_pkcs11_key_sig_len bytes.
 * JT_ERR_SIGNER_AWAY when the token is away, or holds the key no more; JT_ERR_CRYPTO, JT_ERR_NOMEM.
 */
JT_MUST_USE enum jt_err jt_pkcs11_key_sign(const struct jt_pkcs11_key *key,
                                           struct jt_pkcs11_hold *hold, struct jt_span digest,
                                           uint8_t *out);

#endif
