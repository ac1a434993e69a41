/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/confnear.h"

#include "common/base/edits.h"

#include "common/base/base.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct jt_span last_name(struct jt_span key)
{
    size_t from = key.n;
    while (from > 0 && key.p[from - 1] != '.') {
        from--;
    }
    return jt_span_of(key.p + from, key.n - from);
}

struct search {
    struct jt_span path, nearest;
    size_t edits;
};

static void offer(struct search *s, struct jt_span key)
{
    size_t edits = jt_edits_between(s->path, key);
    if (jt_span_eq(last_name(key), last_name(s->path))) {
        edits = least(edits, 1); /* the right name in the wrong section */
    }
    if (edits < s->edits) {
        s->nearest = key;
        s->edits = edits;
    }
}

static void offer_with_sections(struct search *s, struct jt_span key)
{
    for (size_t n = 1; n < key.n; n++) {
        if (key.p[n] == '.') {
            offer(s, jt_span_of(key.p, n));
        }
    }
    offer(s, key);
}

/* The name of `key` just below the section that `parent` is (with its dot); empty when elsewhere.
 */
static struct jt_span name_below(struct jt_span parent, struct jt_span key)
{
    if (!jt_span_starts(key, parent)) {
        return JT_SPAN_NONE;
    }
    size_t to = parent.n;
    while (to < key.n && key.p[to] != '.') {
        to++;
    }
    return jt_span_of(key.p + parent.n, to - parent.n);
}

static enum jt_err put_known(struct jt_span path, const struct jt_conf_row *rows, size_t n_rows,
                             struct jt_buf *out)
{
    struct jt_span parent = jt_span_of(path.p, path.n - last_name(path).n);
    struct jt_span before = JT_SPAN_NONE;
    JT_TRY(jt_buf_puts(out, "; known here: "));
    for (size_t i = 0; i < n_rows; i++) {
        struct jt_span name = name_below(parent, jt_span_str(rows[i].key));
        /* rows of a section stand together, those of a list of sections behind its own row */
        if (name.n == 0 || jt_span_eq(name, before) || name.p[name.n - 1] == ']') {
            continue;
        }
        JT_TRY(jt_buf_puts(out, before.n == 0 ? "" : ", "));
        JT_TRY(jt_buf_put(out, name));
        before = name;
    }
    return JT_OK;
}

enum jt_err jt_confnear_hint(const char *path, const struct jt_conf_row *rows, size_t n_rows,
                             struct jt_buf *out)
{
    struct jt_span wanted = jt_span_str(path);
    struct search s = {wanted, JT_SPAN_NONE, least(wanted.n, 2 + wanted.n / 3)};
    for (size_t i = 0; i < n_rows; i++) {
        offer_with_sections(&s, jt_span_str(rows[i].key));
    }
    if (s.nearest.n == 0) {
        return put_known(wanted, rows, n_rows, out);
    }
    return jt_buf_printf(out, "; did you mean '%.*s'?", (int)s.nearest.n,
                         (const char *)s.nearest.p);
}
