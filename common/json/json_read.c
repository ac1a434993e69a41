/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_read.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "common/base/buf.h"

#include "common/base/base.h"

#define MAX_DEPTH 64 /* whatever a caller allows */

struct reader {
    struct jt_span rest; /* what is not read yet */
    json_t *root;
    json_t *open[MAX_DEPTH]; /* borrowed from root: the containers that are not closed yet */
    size_t depth, max_depth;
    struct jt_buf name, text; /* the member's name, unescaped; the string or number being read */
};

/* RFC 8259 sec. 2: the next character that is not white space, left in place; 0 at the end. */
static uint8_t peek(struct reader *r)
{
    while (r->rest.n > 0) {
        uint8_t c = r->rest.p[0];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
        r->rest.p++;
        r->rest.n--;
    }
    return 0;
}

static void skip(struct reader *r, size_t n)
{
    r->rest.p += n;
    r->rest.n -= n;
}

static bool take(struct reader *r, char c)
{
    if (peek(r) != (uint8_t)c) {
        return false;
    }
    skip(r, 1);
    return true;
}

/* Four hexadecimal digits at the front. */
static enum jt_err take_hex4(struct reader *r, uint32_t *out_unit)
{
    uint32_t unit = 0;
    if (r->rest.n < 4) {
        return JT_ERR_JSON;
    }
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = r->rest.p[i], letter = (uint8_t)(c | 0x20);
        if (c >= '0' && c <= '9') {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            unit = unit << 4 | (uint32_t)(letter - 'a' + 10);
        } else {
            return JT_ERR_JSON;
        }
    }
    skip(r, 4);
    *out_unit = unit;
    return JT_OK;
}

static enum jt_err put_utf8(struct jt_buf *out, uint32_t c)
{
    uint8_t b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6) {
        b[i] = (uint8_t)(0x80 | (c & 0x3F));
    }
    b[0] = (uint8_t)(lead[n] | c);
    return jt_buf_put(out, jt_span_of(b, n));
}

/* After the backslash and the u. */
static enum jt_err take_unicode(struct reader *r, struct jt_buf *out)
{
    uint32_t c, low;
    JT_TRY(take_hex4(r, &c));
    /* RFC 8259 sec. 7: beyond the BMP a pair of surrogates; sec. 8.2: half a pair is no character
     */
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (!jt_span_starts(r->rest, JT_SPAN("\\u"))) {
            return JT_ERR_JSON;
        }
        skip(r, 2);
        JT_TRY(take_hex4(r, &low));
        if (low < 0xDC00 || low > 0xDFFF) {
            return JT_ERR_JSON;
        }
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c == 0 || (c >= 0xDC00 && c <= 0xDFFF)) {
        return JT_ERR_JSON; /* NUL: what comes after it would be lost on C strings */
    }
    return put_utf8(out, c);
}

/* After the backslash. */
static enum jt_err take_escape(struct reader *r, struct jt_buf *out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (r->rest.n == 0) {
        return JT_ERR_JSON;
    }
    uint8_t c = r->rest.p[0];
    skip(r, 1);
    if (c == 'u') {
        return take_unicode(r, out);
    }
    const char *at = memchr(names, c, sizeof names - 1);
    return at == NULL ? JT_ERR_JSON : jt_buf_putc(out, values[at - names]);
}

/* A string into `out`, unescaped. */
static enum jt_err take_string(struct reader *r, struct jt_buf *out)
{
    jt_buf_clear(out);
    if (!take(r, '"')) {
        return JT_ERR_JSON;
    }
    for (;;) {
        size_t n = 0;
        while (n < r->rest.n && r->rest.p[n] >= 0x20 && r->rest.p[n] != '"' &&
               r->rest.p[n] != '\\') {
            n++;
        }
        JT_TRY(jt_buf_put(out, jt_span_of(r->rest.p, n)));
        skip(r, n);
        if (r->rest.n == 0 || r->rest.p[0] < 0x20) {
            return JT_ERR_JSON;
        }
        bool closed = r->rest.p[0] == '"';
        skip(r, 1);
        if (closed) {
            return JT_OK;
        }
        JT_TRY(take_escape(r, out));
    }
}

/* Moves `*at` over digits; false when there is none. */
static bool pass_digits(struct jt_span text, size_t *at)
{
    size_t start = *at;
    while (*at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9') {
        (*at)++;
    }
    return *at > start;
}

/* RFC 8259 sec. 6: the length of the number at the front, 0 when there is none. */
static size_t number_length(struct jt_span text, bool *out_integer)
{
    size_t at = text.n > 0 && text.p[0] == '-', start = at;
    bool integer = true;
    if (!pass_digits(text, &at) || (text.p[start] == '0' && at > start + 1)) {
        return 0;
    }
    if (at < text.n && text.p[at] == '.') {
        integer = false;
        at++;
        if (!pass_digits(text, &at)) {
            return 0;
        }
    }
    if (at < text.n && (text.p[at] | 0x20) == 'e') {
        integer = false;
        at++;
        at += at < text.n && (text.p[at] == '+' || text.p[at] == '-');
        if (!pass_digits(text, &at)) {
            return 0;
        }
    }
    *out_integer = integer;
    return at;
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
    size_t n = number_length(r->rest, &integer);
    if (n == 0) {
        return JT_ERR_JSON;
    }
    jt_buf_clear(&r->text);
    JT_TRY(jt_buf_put(&r->text, jt_span_of(r->rest.p, n)));
    skip(r, n);
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
    const struct {
        struct jt_span name;
        json_t *value;
    } literals[] = {{JT_SPAN("true"), json_true()},
                    {JT_SPAN("false"), json_false()},
                    {JT_SPAN("null"), json_null()}};
    for (size_t i = 0; i < JT_COUNT(literals); i++) {
        if (jt_span_starts(r->rest, literals[i].name)) {
            skip(r, literals[i].name.n);
            *out_json = literals[i].value;
            return JT_OK;
        }
    }
    return JT_ERR_JSON;
}

/* A value at the front, a container still empty. `*out_json` stays NULL when there is no memory. */
static enum jt_err take_value(struct reader *r, json_t **out_json)
{
    switch (peek(r)) {
    case '{':
        skip(r, 1);
        *out_json = json_object();
        return JT_OK;
    case '[':
        skip(r, 1);
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
    if (take(r, object ? '}' : ']')) {
        r->depth--;
        return JT_OK;
    }
    bool first = (object ? json_object_size(parent) : json_array_size(parent)) == 0;
    if (!first && !take(r, ',')) {
        return JT_ERR_JSON;
    }
    if (object) {
        JT_TRY(take_string(r, &r->name));
        /* RFC 7515 sec. 4: names must be unique; two readers must not see two values */
        if (json_object_get(parent, jt_buf_str(&r->name)) != NULL || !take(r, ':')) {
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
    (void)peek(r); /* only for passing the white space */
    return r->rest.n == 0 ? JT_OK : JT_ERR_JSON;
}

enum jt_err jt_json_read(struct jt_span text, size_t max_depth, json_t **out_json)
{
    /* RFC 8259 sec. 8.1: UTF-8; no NUL either, which no JSON text holds */
    if (!jt_span_utf8(text)) {
        return JT_ERR_JSON;
    }
    struct reader r = {.rest = text,
                       .max_depth = max_depth < MAX_DEPTH ? max_depth : MAX_DEPTH,
                       .name = JT_BUF_INIT(text.n),
                       .text = JT_BUF_INIT(text.n)};
    enum jt_err err = read_document(&r);
    jt_buf_release(&r.name);
    jt_buf_release(&r.text);
    if (err != JT_OK) {
        json_decref(r.root);
        return err;
    }
    *out_json = r.root;
    return JT_OK;
}
