/* SPDX-License-Identifier: Apache-2.0 */
/* One challenge for one header line. Only text of ours and scopes that need no quoting go in. */
#include <jeton/verifier.h>

#include <stdbool.h>
#include <string.h>

#include "common/base/span.h"
#include "verifier/sized.h"

#include "common/base/base.h"

/* Counts all, writes what fits: the caller learns the length either way. */
struct out {
    char *p;
    size_t size, n;
};

static void put(struct out *out, const char *text)
{
    for (; *text != 0; text++, out->n++) {
        if (out->n < out->size) {
            out->p[out->n] = *text;
        }
    }
}

static bool put_scopes(struct out *out, const char *const *names, bool first)
{
    for (; names != NULL && *names != NULL; names++) {
        if (jt_span_scope(jt_span_str(*names))) {
            put(out, first ? ", scope=\"" : " ");
            put(out, *names);
            first = false;
        }
    }
    return first;
}

static void put_challenge(struct out *out, jeton_status status, const struct jeton_require *require)
{
    put(out, "Bearer realm=\"api\"");
    /* RFC 6750 sec. 3.1: no error code when the request had no token at all */
    if (status != JETON_MISSING_TOKEN) {
        put(out, ", error=\"");
        put(out, jeton_status_class(status) == 403 ? "insufficient_scope" : "invalid_token");
        put(out, "\", error_description=\"");
        put(out, jeton_status_text(status));
        put(out, "\"");
    }
    bool first = put_scopes(out, require->all_of, true);
    first = put_scopes(out, require->any_of, first);
    if (!first) {
        put(out, "\"");
    }
}

size_t jeton_www_authenticate(jeton_status status, const struct jeton_require *require, char *out,
                              size_t size)
{
    if (out != NULL && size > 0) {
        out[0] = 0; /* a string whatever follows, and no half of a header */
    }
    int class = jeton_status_class(status);
    if (class != 401 && class != 403) {
        return 0;
    }
    struct jeton_require known = {0};
    if (require != NULL &&
        jt_sized_read(require, JT_SIZED_REQUIRE, &known, sizeof known) != JT_OK) {
        known = (struct jeton_require){0};
    }
    struct out measured = {NULL, 0, 0};
    put_challenge(&measured, status, &known);
    if (out != NULL && measured.n < size) {
        struct out written = {out, size, 0};
        put_challenge(&written, status, &known);
        out[written.n] = 0;
    }
    return measured.n;
}
