/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is accepted is written as a JWK that is accepted as the same key, without a private
 * member, and leaves libcrypto's error queue alone. */
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/jose/jwk.h"
#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_JSON_AUTO json_t *written = NULL;
    JT_AUTOP(jwk) jwk = NULL;
    JT_AUTOP(jwk) again = NULL;
    JT_AUTO(buf) text = JT_BUF_INIT(16384);
    if (jt_json_load(jt_span_of(bytes, n), JT_JSON_DEPTH, &json) != JT_OK) {
        return 0;
    }
    enum jt_err err = jt_jwk_parse(json, &jwk);
    MUST(ERR_peek_error() == 0);
    if (err != JT_OK) {
        MUST(jwk == NULL && jt_err_row(err)->class == JT_CLASS_PEER);
        return 0;
    }
    MUST(json_object_get(json, "d") == NULL);
    MUST(jt_jwk_put(jwk, &text) == JT_OK);
    MUST(jt_json_load(jt_buf_span(&text), 1, &written) == JT_OK);
    MUST(jt_jwk_parse(written, &again) == JT_OK);
    MUST(strcmp(jwk->thumbprint, again->thumbprint) == 0 && jwk->alg == again->alg);
    MUST(EVP_PKEY_eq(jwk->pkey, again->pkey) == 1);
    return 0;
}
