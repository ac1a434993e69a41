/* SPDX-License-Identifier: Apache-2.0 */
/* Our reader against jansson's own, which is nowhere else called: both accept the same documents
 * and read the same values; what was read can be written and read again. */
#include "common/json/json.h"
#include "tests/fuzz/tree.h"

#include "common/base/base.h"

static void write_and_read_again(const json_t *json, size_t n)
{
    JT_AUTO(buf) text = JT_BUF_INIT(64 * n + 64);
    JT_JSON_AUTO json_t *again = NULL;
    MUST(jt_json_dump(json, &text) == JT_OK);
    MUST(jt_json_load(jt_buf_span(&text), JT_JSON_DEPTH, &again) == JT_OK);
    MUST(json_equal(json, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    JT_JSON_AUTO json_t *ours = NULL;
    size_t size = 0;
    bool overflow;
    JT_JSON_AUTO json_t *theirs = tree_load(bytes, n, 0, &overflow);
    enum jt_err err = jt_json_load(jt_span_of(bytes, n), JT_JSON_DEPTH, &ours);
    MUST((err == JT_OK) == (ours != NULL));
    if (err == JT_OK) {
        MUST(theirs != NULL && json_equal(ours, theirs));
        MUST(tree_measure(ours, &size) <= JT_JSON_DEPTH);
        write_and_read_again(ours, n);
    } else {
        /* theirs passes over a NUL after a number */
        bool has_nul = n > 0 && memchr(bytes, 0, n) != NULL;
        MUST(theirs == NULL || has_nul || tree_measure(theirs, &size) > JT_JSON_DEPTH);
    }
    return 0;
}
