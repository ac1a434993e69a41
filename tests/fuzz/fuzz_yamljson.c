/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of YAML as JSON objects: bounded, written as JSON and read again the same by the reader of
 * JSON, and by this one where it takes it; the places of members lie within the text. */
#include "common/conf/yamljson.h"
#include "tests/fuzz/tree.h"

#include "common/base/base.h"

static void read_again(const json_t *object, size_t n)
{
    JT_AUTO(buf) text = JT_BUF_INIT(64 * n + 64);
    JT_JSON_AUTO json_t *by_json = NULL, *by_yaml = NULL;
    JT_AUTOP(yamljson) reader = NULL;
    MUST(jt_json_dump(object, &text) == JT_OK);
    MUST(jt_json_load_object(jt_buf_span(&text), JT_JSON_DEPTH, &by_json) == JT_OK);
    MUST(json_equal(object, by_json));
    MUST(jt_yamljson_new(jt_buf_span(&text), "again", &reader) == JT_OK);
    /* characters that JSON writes as they are and YAML does not take may stand in the text */
    MUST(jt_yamljson_next(reader, &by_yaml, NULL) != JT_OK || json_equal(object, by_yaml));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    JT_AUTOP(yamljson) reader = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    MUST(jt_yamljson_new(jt_span_of(bytes, n), "f", &reader) == JT_OK);
    for (;;) {
        JT_JSON_AUTO json_t *object = NULL;
        size_t size = 0;
        enum jt_err err = jt_yamljson_next(reader, &object, &diag);
        MUST(err == JT_OK || err == JT_ERR_CONFIG);
        MUST(err == JT_OK || (object == NULL && diag.text[0] == 'f' && diag.text[1] == ':'));
        if (object == NULL) {
            return 0;
        }
        MUST(json_is_object(object) && tree_measure(object, &size) <= JT_JSON_DEPTH);
        MUST(jt_yamljson_at(reader, JT_SPAN("name")).line <= n + 1);
        read_again(object, n);
    }
}
