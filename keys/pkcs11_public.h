/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public half of a pair in a token, as the JWK that is published. Internal to keys/pkcs11*.
 * Ownership: in place, released.
 * Thread rule: the thread of the call.
 * Sources: PKCS#11 2.40 mechanisms sec. 2.1.2, 2.3.3; RFC 7518 sec. 6.2, 6.3.
 */
#ifndef JT_KEYS_PKCS11_PUBLIC_H
#define JT_KEYS_PKCS11_PUBLIC_H

#include "common/base/buf.h"
#include "common/jose/jwk.h"
#include "keys/pkcs11_call.h"

/* What the token tells: modulus and exponent, or a point. */
struct jt_pkcs11_public {
    struct jt_buf first, second;
};

#define JT_PKCS11_PUBLIC_INIT                \
    {                                        \
        JT_BUF_INIT(1100), JT_BUF_INIT(1100) \
    }

/* Reads the public numbers of `object`, a public key or a private one that tells them. */
CK_RV jt_pkcs11_public_read(const struct jt_pkcs11_call *call, CK_OBJECT_HANDLE object,
                            const struct jt_alg_row *alg, struct jt_pkcs11_public *out_public);

/* Gives the JWK. JT_ERR_JWK_UNUSABLE when the numbers are no key of `alg`; JT_ERR_ARGUMENT,
 * JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_pkcs11_public_jwk(const struct jt_pkcs11_public *public,
                                             const struct jt_alg_row *alg, struct jt_jwk **out_jwk);

void jt_pkcs11_public_release(struct jt_pkcs11_public *public);

#endif
