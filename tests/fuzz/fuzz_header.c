/* SPDX-License-Identifier: Apache-2.0 */
/* The JOSE header that the bytes are the JSON text of: what is told of it, and why it is refused,
 * is what follows from jansson's reading of the same text. */
#include "common/jose/b64url.h"
#include "common/jose/jws.h"
#include "common/json/json.h"
#include "tests/fuzz/tree.h"

#include "common/base/base.h"

static bool is_longer(const json_t *object, const char *name, size_t most)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL && (!json_is_string(value) || json_string_length(value) > most);
}

/* What must be answered to a header that they read as `object`. */
static enum jt_err answer_to(const json_t *object)
{
    size_t values = 0;
    if (!json_is_object(object) || tree_measure(object, &values) > JT_JSON_DEPTH ||
        values > 1 + JT_JWS_MAX_HEADER_VALUES) {
        return JT_ERR_JWS_HEADER;
    }
    if (json_object_get(object, "crit") != NULL || json_object_get(object, "b64") != NULL) {
        return JT_ERR_JWS_CRIT;
    }
    const json_t *alg = json_object_get(object, "alg");
    if (!json_is_string(alg)) {
        return JT_ERR_JWS_HEADER;
    }
    if (jt_alg_find(jt_json_value(alg)) == NULL) {
        return JT_ERR_ALG;
    }
    bool longer = is_longer(object, "kid", 256) || is_longer(object, "typ", 63);
    return longer ? JT_ERR_JWS_HEADER : JT_OK;
}

static void check_whole(const struct jt_jws_header *header, const json_t *object)
{
    MUST(header->alg == jt_alg_find(jt_json_value(json_object_get(object, "alg"))));
    MUST(jt_span_eq(jt_span_of(header->kid, header->kid_len),
                    jt_json_value(json_object_get(object, "kid"))));
    MUST(jt_span_eq(jt_span_of(header->typ, header->typ_len),
                    jt_json_value(json_object_get(object, "typ"))));
    MUST(header->kid[header->kid_len] == 0 && header->typ[header->typ_len] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_jws_header header;
    bool overflow;
    JT_AUTO(buf) encoded = JT_BUF_INIT(2 * n + 4);
    JT_JSON_AUTO json_t *theirs = tree_load(bytes, n, 0, &overflow);
    MUST(jt_b64url_put(&encoded, jt_span_of(bytes, n)) == JT_OK);
    enum jt_err err = jt_jws_parse_header(jt_buf_span(&encoded), &header);
    if (encoded.len > JT_JWS_MAX_HEADER || (n > 0 && memchr(bytes, 0, n) != NULL)) {
        MUST(err == JT_ERR_JWS_HEADER);
    } else if (theirs != NULL) {
        MUST(err == answer_to(theirs));
        if (err == JT_OK) {
            check_whole(&header, theirs);
        }
    } else if (!overflow) {
        MUST(err == JT_ERR_JWS_HEADER);
    }
    return 0;
}
