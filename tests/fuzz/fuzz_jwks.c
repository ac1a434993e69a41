/* SPDX-License-Identifier: Apache-2.0 */
/* A set that is accepted holds at least one key, at most the limit, and only usable ones. */
#include "common/jose/jwks.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    JT_AUTOP(jwks) jwks = NULL;
    enum jt_err err = jt_jwks_parse(jt_span_of(bytes, n), &jwks);
    if (err != JT_OK) {
        MUST(jwks == NULL && jt_err_row(err)->class == JT_CLASS_PEER);
        return 0;
    }
    MUST(jwks->n >= 1 && jwks->n <= JT_JWKS_MAX_KEYS && n <= JT_JWKS_MAX_BYTES);
    for (size_t i = 0; i < jwks->n; i++) {
        const struct jt_jwk *jwk = jwks->keys[i];
        MUST(jwk->pkey != NULL && strlen(jwk->thumbprint) == JT_JWK_THUMBPRINT_LEN);
        MUST(jwk->kid == NULL || strlen(jwk->kid) == jwk->kid_len);
    }
    return 0;
}
