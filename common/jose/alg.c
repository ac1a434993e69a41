/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/alg.h"

#include "common/base/base.h"

#define EC(name, crv, group, md, coord)                                          \
    [JT_ALG_##name] = {JT_ALG_##name, #name, JT_KTY_EC, crv,          group, md, \
                       false,         coord, true,      JT_ALG_##name}
#define RSA(name, md, pss, issue) \
    [JT_ALG_##                    \
        name] = {JT_ALG_##name, #name, JT_KTY_RSA, NULL, NULL, md, pss, 0, issue, JT_ALG_##name}

static const struct jt_alg_row rows[JT_ALG_COUNT_] = {
    EC(ES256, "P-256", "prime256v1", "SHA256", 32),
    EC(ES384, "P-384", "secp384r1", "SHA384", 48),
    EC(ES512, "P-521", "secp521r1", "SHA512", 66),
    RSA(RS256, "SHA256", false, true),
    RSA(RS384, "SHA384", false, false),
    RSA(RS512, "SHA512", false, false),
    RSA(PS256, "SHA256", true, true),
    RSA(PS384, "SHA384", true, false),
    RSA(PS512, "SHA512", true, false),
    [JT_ALG_EDDSA] = {JT_ALG_EDDSA, "EdDSA", JT_KTY_OKP, "Ed25519", "ED25519", NULL, false, 32,
                      true, JT_ALG_EDDSA},
    [JT_ALG_ED25519] = {JT_ALG_ED25519, "Ed25519", JT_KTY_OKP, "Ed25519", "ED25519", NULL, false,
                        32, false, JT_ALG_EDDSA},
};

const struct jt_alg_row *jt_alg_row(enum jt_alg id)
{
    if (id <= JT_ALG_NONE || id >= JT_ALG_COUNT_) {
        return NULL;
    }
    return &rows[id];
}

const struct jt_alg_row *jt_alg_find(struct jt_span name)
{
    for (enum jt_alg id = JT_ALG_NONE + 1; id < JT_ALG_COUNT_; id++) {
        if (jt_span_is(name, rows[id].name)) {
            return &rows[id];
        }
    }
    return NULL;
}

const char *jt_alg_kty_name(enum jt_kty kty)
{
    static const char *const names[] = {
        [JT_KTY_EC] = "EC", [JT_KTY_RSA] = "RSA", [JT_KTY_OKP] = "OKP"};
    return names[kty];
}
