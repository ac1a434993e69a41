/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EdDSA is left out: PKCS#11 2.40 does not know it, and modules that have it differ in its number
 * and in how they name the curve. The digest is made here, not in the token: what crosses to it is
 * then 64 bytes at most, and CKM_ECDSA and CKM_RSA_PKCS are what every token has.
 */
#include "keys/pkcs11_way.h"

#include "common/base/base.h"

#define BYTES(text)                               \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
#define NONE    \
    {           \
        NULL, 0 \
    }

/* RFC 8017 sec. 9.2 note 1: DigestInfo of SHA-256, up to the digest. */
#define SHA256_INFO "\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

static const struct jt_pkcs11_way ways[JT_ALG_COUNT_] = {
    [JT_ALG_ES256] = {CKM_EC_KEY_PAIR_GEN, CKM_ECDSA,
                      BYTES("\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"), NONE},
    [JT_ALG_ES384] = {CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, BYTES("\x06\x05\x2B\x81\x04\x00\x22"), NONE},
    [JT_ALG_ES512] = {CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, BYTES("\x06\x05\x2B\x81\x04\x00\x23"), NONE},
    [JT_ALG_RS256] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, NONE, BYTES(SHA256_INFO)},
    [JT_ALG_PS256] = {CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, NONE, NONE},
};

const struct jt_pkcs11_way *jt_pkcs11_way(const struct jt_alg_row *alg)
{
    const struct jt_pkcs11_way *way = &ways[alg->id];
    return alg->issue && way->sign != 0 ? way : NULL;
}
