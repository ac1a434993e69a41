/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/tokenscope.h"

#include "common/base/base.h"

static enum jt_err join(const struct jt_payload *claims, const char *name, size_t n,
                        struct jt_buf *joined)
{
    for (size_t i = 0; i < n; i++) {
        struct jt_span element = jt_payload_element(claims, name, i);
        /* RFC 6749 sec. 3.3: a scope has no space; "a b" in an array is neither a nor b */
        if (element.n == 0 || memchr(element.p, ' ', element.n) != NULL) {
            continue;
        }
        if (joined->len > 0) {
            JT_TRY(jt_buf_putc(joined, ' '));
        }
        JT_TRY(jt_buf_put(joined, element));
    }
    return JT_OK;
}

enum jt_err jt_tokenscope_read(const struct jt_payload *claims, const struct jt_texts *names,
                               struct jt_buf *joined, struct jt_span *out_scope)
{
    *out_scope = JT_SPAN_NONE;
    for (size_t i = 0; i < names->n; i++) {
        const char *name = (const char *)names->v[i].p;
        size_t n = 0;
        JT_TRY(jt_payload_count(claims, name, &n));
        if (jt_payload_is_array(claims, name)) {
            jt_buf_clear(joined);
            JT_TRY(join(claims, name, n, joined));
            *out_scope = jt_span_str(jt_buf_str(joined));
            return JT_OK;
        }
        if (n > 0) {
            *out_scope = jt_payload_element(claims, name, 0);
            return JT_OK;
        }
    }
    return JT_OK;
}

static bool holds(struct jt_span scope, const char *name)
{
    struct jt_span word;
    while (jt_span_word(&scope, &word)) {
        if (jt_span_is(word, name)) {
            return true;
        }
    }
    return false;
}

bool jt_tokenscope_allows(struct jt_span scope, const struct jeton_require *require)
{
    for (const char *const *name = require->all_of; name != NULL && *name != NULL; name++) {
        if (!holds(scope, *name)) {
            return false;
        }
    }
    if (require->any_of == NULL || require->any_of[0] == NULL) {
        return true;
    }
    for (const char *const *name = require->any_of; *name != NULL; name++) {
        if (holds(scope, *name)) {
            return true;
        }
    }
    return false;
}
