/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a token makes and uses the keys of each algorithm: one row each. Internal to keys/pkcs11*.
 * Ownership: constant data.
 * Thread rule: any thread.
 * Sources: PKCS#11 2.40 mechanisms sec. 2.1, 2.3; RFC 5480 sec. 2.1.1; RFC 8017 sec. 9.2.
 */
#ifndef JT_KEYS_PKCS11_WAY_H
#define JT_KEYS_PKCS11_WAY_H

#include "common/jose/alg.h"
#include "keys/pkcs11_call.h"

#define JT_PKCS11_WAY_INPUT_MAX 128

struct jt_pkcs11_way {
    CK_MECHANISM_TYPE make, sign;
    struct jt_span curve;  /* CKA_EC_PARAMS: the OID in DER; empty for RSA */
    struct jt_span prefix; /* is signed before the digest: DigestInfo up to the digest */
};

/* The row of `alg`; NULL when no keys are made for it in a token. */
const struct jt_pkcs11_way *jt_pkcs11_way(const struct jt_alg_row *alg);

#endif
