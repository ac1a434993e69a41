/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of libcrypto out of the numbers of a JWK, and out of a key pair. It knows no JSON and
 * leaves nothing in libcrypto's error queue, which belongs to the program around us.
 * Ownership: each call gives an EVP_PKEY (EVP_PKEY_free).
 * Thread rule: any thread.
 * Sources: RFC 7518 sec. 6, RFC 8037 sec. 2, RFC 8725 sec. 3.4.
 */
#ifndef JT_JOSE_PKEY_H
#define JT_JOSE_PKEY_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/jose/alg.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

#define JT_PKEY_RSA_MIN     2048 /* bits */
#define JT_PKEY_RSA_MAX     8192
#define JT_PKEY_RSA_MAX_LEN (JT_PKEY_RSA_MAX / 8) /* bytes of the longest modulus */
#define JT_PKEY_COORD_MAX   66                    /* bytes of the longest coordinate: P-521 */

/* RSA from big-endian `n` and `e` without leading zeros. JT_ERR_JWK_UNUSABLE: a modulus outside
 * 2048..8192 bits or even, e even or below 3. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_pkey_rsa(struct jt_span n, struct jt_span e,
                                    struct evp_pkey_st **out_pkey);

/* The point (`x`, `y`) of the curve of `kind`, each coord_len bytes. JT_ERR_JWK_UNUSABLE: another
 * length, or a point off the curve. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_pkey_ec(const struct jt_alg_row *kind, struct jt_span x,
                                   struct jt_span y, struct evp_pkey_st **out_pkey);

/* The raw public key `x` of the OKP curve of `kind`. JT_ERR_JWK_UNUSABLE: not coord_len bytes.
 * JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_pkey_okp(const struct jt_alg_row *kind, struct jt_span x,
                                    struct evp_pkey_st **out_pkey);

/* A copy of `pkey` without its private half. JT_ERR_ARGUMENT: not a key of `kind` (type, curve, RSA
 * outside 2048..8192 bits). JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_pkey_public(const struct jt_alg_row *kind, struct evp_pkey_st *pkey,
                                       struct evp_pkey_st **out_pkey);

#endif
