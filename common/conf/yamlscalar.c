/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/yamlscalar.h"

#include "common/base/base.h"

enum kind { STRING, NOTHING, TRUE_, FALSE_, DECIMAL, OCTAL, HEX, FLOAT, NO_NUMBER };

static bool is_word(struct jt_span text, const char *const *words)
{
    for (size_t i = 0; i < 3; i++) {
        if (jt_span_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

bool jt_yamlscalar_is_null(struct jt_span text)
{
    static const char *const words[] = {"null", "Null", "NULL"};
    return text.n == 0 || jt_span_is(text, "~") || is_word(text, words);
}

static struct jt_span from(struct jt_span text, size_t n)
{
    return jt_span_of(text.p + n, text.n - n);
}

static size_t count(struct jt_span text, const char *chars)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != 0 && strchr(chars, text.p[n]) != NULL) {
        n++;
    }
    return n;
}

#define DIGITS "0123456789"

static bool is_all(struct jt_span text, const char *chars)
{
    return text.n > 0 && count(text, chars) == text.n;
}

/* [eE] [-+]? [0-9]+, or nothing */
static bool is_exponent(struct jt_span text)
{
    if (text.n == 0) {
        return true;
    }
    if (count(text, "eE") == 0) {
        return false;
    }
    text = from(text, 1);
    return is_all(from(text, count(text, "-+") > 0 ? 1 : 0), DIGITS);
}

/* Without its sign: [0-9]+, ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) exponent? */
static enum kind kind_of_number(struct jt_span text)
{
    static const char *const infinite[] = {".inf", ".Inf", ".INF"};
    if (is_all(text, DIGITS)) {
        return DECIMAL;
    }
    if (is_word(text, infinite)) {
        return NO_NUMBER;
    }
    size_t whole = count(text, DIGITS), fraction = 0;
    struct jt_span rest = from(text, whole);
    if (rest.n > 0 && rest.p[0] == '.') {
        fraction = count(from(rest, 1), DIGITS);
        rest = from(rest, 1 + fraction);
    }
    return whole + fraction > 0 && is_exponent(rest) ? FLOAT : STRING;
}

static enum kind kind_of(struct jt_span text)
{
    static const char *const yes[] = {"true", "True", "TRUE"}, *const no[] = {"false", "False",
                                                                              "FALSE"};
    static const char *const none[] = {".nan", ".NaN", ".NAN"};
    if (jt_yamlscalar_is_null(text)) {
        return NOTHING;
    }
    if (count(text, "-+." DIGITS) == 0) {
        return is_word(text, yes) ? TRUE_ : is_word(text, no) ? FALSE_ : STRING;
    }
    if (jt_span_starts(text, JT_SPAN("0o"))) {
        return is_all(from(text, 2), "01234567") ? OCTAL : STRING;
    }
    if (jt_span_starts(text, JT_SPAN("0x"))) {
        return is_all(from(text, 2), DIGITS "abcdefABCDEF") ? HEX : STRING;
    }
    if (is_word(text, none)) {
        return NO_NUMBER;
    }
    return kind_of_number(from(text, count(text, "-+") > 0 ? 1 : 0));
}

bool jt_yamlscalar_is_string(struct jt_span text)
{
    return kind_of(text) == STRING;
}

/* 0o17, 0x1F: `bits` a digit. */
static enum jt_err read_digits(struct jt_span digits, unsigned bits, json_t **out_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (value >> (63 - bits) != 0) {
            return JT_ERR_JSON;
        }
        uint8_t c = digits.p[i];
        value =
            value << bits | (c <= '9' ? (uint64_t)(c - '0') : (uint64_t)((c | 0x20) - 'a' + 10));
    }
    *out_value = json_integer((json_int_t)value);
    return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
}

/* As JSON writes it: no plus, no zeros before, a digit on either side of the point. */
static enum jt_err put_number(struct jt_buf *out, struct jt_span text)
{
    JT_TRY(jt_buf_putc(out, '['));
    if (text.p[0] == '-') {
        JT_TRY(jt_buf_putc(out, '-'));
    }
    text = from(text, count(text, "-+"));
    size_t zeros = count(text, "0");
    text = from(text, zeros);
    size_t whole = count(text, DIGITS);
    JT_TRY(whole == 0 ? jt_buf_putc(out, '0') : jt_buf_put(out, jt_span_of(text.p, whole)));
    text = from(text, whole);
    if (text.n > 0 && text.p[0] == '.') {
        size_t fraction = count(from(text, 1), DIGITS);
        JT_TRY(jt_buf_put(out, jt_span_of(text.p, 1 + fraction)));
        JT_TRY(fraction == 0 ? jt_buf_putc(out, '0') : JT_OK);
        text = from(text, 1 + fraction);
    }
    JT_TRY(jt_buf_put(out, text));
    return jt_buf_putc(out, ']');
}

static enum jt_err read_number(struct jt_span text, json_t **out_value)
{
    JT_AUTO(buf) json = JT_BUF_INIT(text.n + 8);
    JT_JSON_AUTO json_t *list = NULL;
    JT_TRY(put_number(&json, text));
    JT_TRY(jt_json_load(jt_buf_span(&json), 1, &list));
    *out_value = json_incref(json_array_get(list, 0));
    return JT_OK;
}

enum jt_err jt_yamlscalar_read(struct jt_span text, json_t **out_value)
{
    switch (kind_of(text)) {
    case NOTHING:
        *out_value = json_null();
        return JT_OK;
    case TRUE_:
        *out_value = json_true();
        return JT_OK;
    case FALSE_:
        *out_value = json_false();
        return JT_OK;
    case OCTAL:
        return read_digits(from(text, 2), 3, out_value);
    case HEX:
        return read_digits(from(text, 2), 4, out_value);
    case DECIMAL:
    case FLOAT:
        return read_number(text, out_value);
    case NO_NUMBER:
        return JT_ERR_JSON;
    default:
        *out_value = json_stringn_nocheck((const char *)text.p, text.n);
        return *out_value == NULL ? JT_ERR_NOMEM : JT_OK;
    }
}
