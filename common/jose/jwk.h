/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key as a JWK: parsed from hostile JSON, or made from an OpenSSL key; written back; named
 * by its RFC 7638 thumbprint. It cannot hold a private key: a JWK with a private member is refused.
 * Ownership: struct jt_jwk is shared by reference count (ref/free) and immutable once made.
 * Thread rule: any thread.
 * Sources: RFC 7517, RFC 7518 sec. 6, RFC 8037 sec. 2, RFC 7638.
 */
#ifndef JT_JOSE_JWK_H
#define JT_JOSE_JWK_H

#include "common/base/buf.h"
#include "common/jose/alg.h"

#include <jansson.h>

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

#define JT_JWK_KID_MAX        256 /* longer kids make a key unusable */
#define JT_JWK_THUMBPRINT_LEN 43  /* base64url of SHA-256 */

struct jt_jwk {
    enum jt_kty kty;
    enum jt_alg alg; /* the algorithm the JWK names; JT_ALG_NONE when it names none */
    const char *crv; /* of the algorithm table; NULL for RSA */
    char *kid;       /* NUL-ended copy; NULL when the JWK has none */
    size_t kid_len;
    struct evp_pkey_st *pkey;
    uint8_t ed25519[32]; /* the raw key when kty is OKP */
    char thumbprint[JT_JWK_THUMBPRINT_LEN + 1];
    _Atomic unsigned refs;
};

/* Gives the key that `object` describes. JT_ERR_JWK: not a JWK (a member absent or of the wrong
 * type, base64 not strict). JT_ERR_JWK_UNUSABLE: a JWK not to verify with here: unknown kty, crv or
 * alg; alg of another kty; use other than sig; key_ops without verify; a private or symmetric
 * member (d, p, q, dp, dq, qi, oth, k); RSA with a leading zero, outside 2048..8192 bits, n even,
 * e even, below 3 or over 8 bytes; a coordinate of the wrong length or a point off the curve; kid
 * empty or over JT_JWK_KID_MAX. JT_ERR_NOMEM, JT_ERR_CRYPTO: nothing is said about the key. */
JT_MUST_USE enum jt_err jt_jwk_parse(const json_t *object, struct jt_jwk **out_jwk);

/* Gives the public half of `pkey` for algorithm `alg`, with its thumbprint as kid.
 * JT_ERR_ARGUMENT when the key is not of the algorithm (type, curve, RSA size); JT_ERR_NOMEM,
 * JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_jwk_from_pkey(struct evp_pkey_st *pkey, enum jt_alg alg,
                                         struct jt_jwk **out_jwk);

/* Appends the JWK as compact JSON: kty, its members, and kid, alg, use "sig" (RFC 7517 sec. 4).
 * JT_ERR_LIMIT, JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_jwk_put(const struct jt_jwk *jwk, struct jt_buf *out);

/* May `jwk` verify a signature of `alg`: same kty and curve, and the JWK's alg, when it names one,
 * of the same key_alg. */
bool jt_jwk_fits(const struct jt_jwk *jwk, const struct jt_alg_row *alg);

/* Gives one more reference. */
struct jt_jwk *jt_jwk_ref(struct jt_jwk *jwk);

/* Drops a reference; the last one frees. NULL is harmless. */
void jt_jwk_free(struct jt_jwk *jwk);
JT_AUTOP_DEFINE(jwk);

#endif
