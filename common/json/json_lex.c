/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_lex.h"

#include <assert.h>

#include "common/base/base.h"

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Eight bytes, the first the lowest: compilers make one load of this. */
static uint64_t load8(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* The top bit of each byte that a string does not hold as it is: a control, a quote, a backslash,
 * and all that is not ASCII. Exact up to the lowest bit set; a borrow may set higher ones. */
static uint64_t special(uint64_t w)
{
    uint64_t quote = w ^ EACH_BYTE('"'), backslash = w ^ EACH_BYTE('\\');
    uint64_t low = (w - EACH_BYTE(0x20)) | (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1));
    return (low | w) & EACH_BYTE(0x80);
}

static bool is_special(uint8_t c)
{
    return c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
}

/* The first special byte from `p` on, or `end`. */
static const uint8_t *pass_plain(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 8) {
        uint64_t found = special(load8(p));
        if (found != 0) {
            return p + __builtin_ctzll(found) / 8;
        }
        p += 8;
    }
    while (p < end && !is_special(*p)) {
        p++;
    }
    return p;
}

/* Four hexadecimal digits at `p`. */
static bool hex4(const uint8_t *p, const uint8_t *end, uint32_t *out_unit)
{
    uint32_t unit = 0;
    if (end - p < 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = p[i], letter = (uint8_t)(c | 0x20);
        if (c >= '0' && c <= '9') {
            unit = unit << 4 | (uint32_t)(c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            unit = unit << 4 | (uint32_t)(letter - 'a' + 10);
        } else {
            return false;
        }
    }
    *out_unit = unit;
    return true;
}

/* The length of the escape at `p` (a backslash and a u), 0 when it is no character. */
static size_t unicode_escape(const uint8_t *p, const uint8_t *end, uint32_t *out_char)
{
    uint32_t c, low;
    if (!hex4(p + 2, end, &c)) {
        return 0;
    }
    if (c < 0xD800 || c > 0xDFFF) {
        *out_char = c;
        return c == 0 ? 0 : 6; /* NUL: what comes after it would be lost on C strings */
    }
    /* RFC 8259 sec. 7: beyond the BMP a pair of surrogates; sec. 8.2: half a pair is no character
     */
    if (c > 0xDBFF || end - p < 12 || p[6] != '\\' || p[7] != 'u' || !hex4(p + 8, end, &low) ||
        low < 0xDC00 || low > 0xDFFF) {
        return 0;
    }
    *out_char = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    return 12;
}

/* The length of the escape at `p` (a backslash), 0 when it is none. */
static size_t escape(const uint8_t *p, const uint8_t *end, uint32_t *out_char)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (end - p < 2) {
        return 0;
    }
    if (p[1] == 'u') {
        return unicode_escape(p, end, out_char);
    }
    const char *at = memchr(names, p[1], sizeof names - 1);
    if (at == NULL) {
        return 0;
    }
    *out_char = (uint32_t)values[at - names];
    return 2;
}

/* The length of what is not ASCII at `p`, 0 when it is no UTF-8. RFC 3629 sec. 3: ASCII is part of
 * no sequence, so a run of other bytes stands for itself. */
static size_t beyond_ascii(const uint8_t *p, const uint8_t *end)
{
    size_t n = 0;
    while (p + n < end && p[n] >= 0x80) {
        n++;
    }
    return jt_span_utf8(jt_span_of(p, n)) ? n : 0;
}

enum jt_err jt_json_lex_string(struct jt_json_lex *lex, struct jt_span *out_raw, bool *out_escaped)
{
    const uint8_t *p = lex->p, *end = lex->end, *start;
    bool escaped = false;
    if (p == end || *p != '"') {
        return JT_ERR_JSON;
    }
    for (start = ++p;;) {
        p = pass_plain(p, end);
        if (p == end) {
            return JT_ERR_JSON;
        }
        if (*p == '"') {
            break;
        }
        uint32_t c;
        size_t n = 0;
        if (*p == '\\') {
            escaped = true;
            n = escape(p, end, &c);
        } else if (*p >= 0x80) {
            n = beyond_ascii(p, end);
        }
        if (n == 0) {
            return JT_ERR_JSON;
        }
        p += n;
    }
    lex->p = p + 1;
    *out_raw = jt_span_of(start, (size_t)(p - start));
    *out_escaped = escaped;
    return JT_OK;
}

static size_t put_utf8(uint8_t *out, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6) {
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    }
    out[0] = (uint8_t)(lead[n] | c);
    return n;
}

size_t jt_json_lex_unescape(struct jt_span raw, uint8_t *out)
{
    const uint8_t *p = raw.p, *end = raw.p + raw.n;
    size_t written = 0;
    while (p < end) {
        if (*p != '\\') {
            out[written++] = *p++;
            continue;
        }
        uint32_t c = 0;
        size_t n = escape(p, end, &c);
        assert(n > 0); /* jt_json_lex_string has passed it */
        p += n;
        written += put_utf8(out + written, c);
    }
    return written;
}

static const uint8_t *pass_digits(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }
    return p;
}

/* RFC 8259 sec. 6: number = [ minus ] int [ frac ] [ exp ] */
enum jt_err jt_json_lex_number(struct jt_json_lex *lex, struct jt_span *out_text, bool *out_integer)
{
    const uint8_t *p = lex->p, *end = lex->end;
    p += p < end && *p == '-';
    const uint8_t *digits = p;
    p = pass_digits(p, end);
    if (p == digits || (*digits == '0' && p > digits + 1)) {
        return JT_ERR_JSON;
    }
    const uint8_t *whole = p;
    if (p < end && *p == '.') {
        digits = ++p;
        p = pass_digits(p, end);
        if (p == digits) {
            return JT_ERR_JSON;
        }
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        digits = p;
        p = pass_digits(p, end);
        if (p == digits) {
            return JT_ERR_JSON;
        }
    }
    *out_text = jt_span_of(lex->p, (size_t)(p - lex->p));
    *out_integer = p == whole;
    lex->p = p;
    return JT_OK;
}

enum jt_err jt_json_lex_literal(struct jt_json_lex *lex, struct jt_span *out_text)
{
    const struct jt_span literals[] = {JT_SPAN("true"), JT_SPAN("false"), JT_SPAN("null")};
    struct jt_span rest = jt_span_of(lex->p, (size_t)(lex->end - lex->p));
    for (size_t i = 0; i < JT_COUNT(literals); i++) {
        if (jt_span_starts(rest, literals[i])) {
            *out_text = jt_span_of(lex->p, literals[i].n);
            lex->p += literals[i].n;
            return JT_OK;
        }
    }
    return JT_ERR_JSON;
}
