/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_read.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/json/json_lex.h"

#include "common/base/base.h"

#define MAX_DEPTH 64 /* whatever a caller allows */

struct reader {
    struct jt_json_lex lex;
    json_t *root;
    json_t *open[MAX_DEPTH]; /* borrowed from root: the containers that are not closed yet */
    size_t depth, max_depth;
    struct jt_buf name, text; /* the member's name, unescaped; the string or number being read */
};

/* A string into `out`, unescaped. */
static enum jt_err take_string(struct reader *r, struct jt_buf *out)
{
    struct jt_span raw;
    bool escaped = false;
    (void)jt_json_lex_peek(&r->lex); /* only for passing the white space */
    JT_TRY(jt_json_lex_string(&r->lex, &raw, &escaped));
    jt_buf_clear(out);
    if (!escaped) {
        return jt_buf_put(out, raw);
    }
    JT_TRY(jt_buf_reserve(out, raw.n));
    out->len = jt_json_lex_unescape(raw, out->p);
    out->p[out->len] = 0;
    return JT_OK;
}

/* As strtod in the C locale, whatever the program has set. */
static enum jt_err to_real(const char *text, double *out_real)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) {
        return JT_ERR_NOMEM;
    }
    double real = strtod_l(text, NULL, c);
    freelocale(c);
    if (!isfinite(real)) {
        return JT_ERR_JSON;
    }
    *out_real = real;
    return JT_OK;
}

static enum jt_err take_number(struct reader *r, json_t **out_json)
{
    bool integer = false;
    struct jt_span text;
    JT_TRY(jt_json_lex_number(&r->lex, &text, &integer));
    jt_buf_clear(&r->text);
    JT_TRY(jt_buf_put(&r->text, text));
    if (!integer) {
        double real = 0;
        JT_TRY(to_real(jt_buf_str(&r->text), &real));
        *out_json = json_real(real);
        return JT_OK;
    }
    errno = 0;
    long long value = strtoll(jt_buf_str(&r->text), NULL, 10);
    if (errno == ERANGE) {
        return JT_ERR_JSON;
    }
    *out_json = json_integer(value);
    return JT_OK;
}

static enum jt_err take_literal(struct reader *r, json_t **out_json)
{
    struct jt_span text;
    JT_TRY(jt_json_lex_literal(&r->lex, &text));
    *out_json = text.p[0] == 't' ? json_true() : text.p[0] == 'f' ? json_false() : json_null();
    return JT_OK;
}

/* A value at the front, a container still empty. `*out_json` stays NULL when there is no memory. */
static enum jt_err take_value(struct reader *r, json_t **out_json)
{
    switch (jt_json_lex_peek(&r->lex)) {
    case '{':
        r->lex.p++;
        *out_json = json_object();
        return JT_OK;
    case '[':
        r->lex.p++;
        *out_json = json_array();
        return JT_OK;
    case '"':
        JT_TRY(take_string(r, &r->text));
        *out_json = json_stringn_nocheck(jt_buf_str(&r->text), r->text.len);
        return JT_OK;
    case 't':
    case 'f':
    case 'n':
        return take_literal(r, out_json);
    default:
        return take_number(r, out_json);
    }
}

/* Takes `value`, which may be NULL for want of memory: puts it where the reader stands. */
static enum jt_err attach(struct reader *r, json_t *value)
{
    if (value == NULL) {
        return JT_ERR_NOMEM;
    }
    if (r->depth == 0) {
        r->root = value;
        return JT_OK;
    }
    json_t *parent = r->open[r->depth - 1];
    int failed = json_is_array(parent)
                     ? json_array_append_new(parent, value)
                     : json_object_set_new_nocheck(parent, jt_buf_str(&r->name), value);
    return failed ? JT_ERR_NOMEM : JT_OK;
}

static enum jt_err read_value(struct reader *r)
{
    json_t *value = NULL;
    JT_TRY(take_value(r, &value));
    JT_TRY(attach(r, value));
    if (!json_is_object(value) && !json_is_array(value)) {
        return r->depth > 0 ? JT_OK : JT_ERR_JSON; /* a scalar is no document of ours */
    }
    if (r->depth == r->max_depth) {
        return JT_ERR_JSON_DEPTH;
    }
    r->open[r->depth++] = value;
    return JT_OK;
}

/* One more member of the innermost open container, or its end. */
static enum jt_err read_member(struct reader *r)
{
    json_t *parent = r->open[r->depth - 1];
    bool object = json_is_object(parent);
    if (jt_json_lex_take(&r->lex, object ? '}' : ']')) {
        r->depth--;
        return JT_OK;
    }
    bool first = (object ? json_object_size(parent) : json_array_size(parent)) == 0;
    if (!first && !jt_json_lex_take(&r->lex, ',')) {
        return JT_ERR_JSON;
    }
    if (object) {
        JT_TRY(take_string(r, &r->name));
        /* RFC 7515 sec. 4: names must be unique; two readers must not see two values */
        if (json_object_get(parent, jt_buf_str(&r->name)) != NULL ||
            !jt_json_lex_take(&r->lex, ':')) {
            return JT_ERR_JSON;
        }
    }
    return read_value(r);
}

static enum jt_err read_document(struct reader *r)
{
    JT_TRY(read_value(r));
    while (r->depth > 0) {
        JT_TRY(read_member(r));
    }
    (void)jt_json_lex_peek(&r->lex); /* only for passing the white space */
    return JT_OK;
}

enum jt_err jt_json_read(struct jt_span *rest, size_t max_depth, json_t **out_json)
{
    struct reader r = {.lex = jt_json_lex_of(*rest),
                       .max_depth = max_depth < MAX_DEPTH ? max_depth : MAX_DEPTH,
                       .name = JT_BUF_INIT(rest->n),
                       .text = JT_BUF_INIT(rest->n)};
    enum jt_err err = read_document(&r);
    jt_buf_release(&r.name);
    jt_buf_release(&r.text);
    *rest = jt_span_of(r.lex.p, (size_t)(r.lex.end - r.lex.p));
    if (err != JT_OK) {
        json_decref(r.root);
        return err;
    }
    *out_json = r.root;
    return JT_OK;
}
