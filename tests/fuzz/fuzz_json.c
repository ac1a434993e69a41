/* SPDX-License-Identifier: Apache-2.0 */
/* Our reader against jansson's own, which is nowhere else called: both accept the same documents
 * and read the same values; what was read can be written and read again. */
#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static size_t depth_of(const json_t *json)
{
    size_t deepest = 0, index;
    json_t *member;
    if (json_is_array(json)) {
        json_array_foreach(json, index, member)
        {
            size_t depth = depth_of(member);
            deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
    }
    if (!json_is_object(json)) {
        return 0;
    }
    void *it = json_object_iter((json_t *)(uintptr_t)json); /* the iterator only reads */
    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)json, it)) {
        size_t depth = depth_of(json_object_iter_value(it));
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

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
    JT_JSON_AUTO json_t *theirs = json_loadb((const char *)bytes, n, JSON_REJECT_DUPLICATES, NULL);
    enum jt_err err = jt_json_load(jt_span_of(bytes, n), JT_JSON_DEPTH, &ours);
    MUST((err == JT_OK) == (ours != NULL));
    if (err == JT_OK) {
        MUST(theirs != NULL && json_equal(ours, theirs));
        MUST(depth_of(ours) <= JT_JSON_DEPTH);
        write_and_read_again(ours, n);
    } else {
        /* theirs passes over a NUL after a number */
        bool has_nul = n > 0 && memchr(bytes, 0, n) != NULL;
        MUST(theirs == NULL || has_nul || depth_of(theirs) > JT_JSON_DEPTH);
    }
    return 0;
}
