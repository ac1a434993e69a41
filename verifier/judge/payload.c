/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/payload.h"

#include <stdlib.h>

#include "common/base/base.h"

#define DATE_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z; milliseconds are past it */

enum jt_err jt_payload_init(struct jt_payload *claims, size_t max_text)
{
    const size_t entries_n = (1 + JT_PAYLOAD_MAX_VALUES) * sizeof(struct jt_json_index_entry);
    *claims = (struct jt_payload){0};
    if (max_text > SIZE_MAX - entries_n) {
        return JT_ERR_NOMEM;
    }
    struct jt_json_index_entry *entries = malloc(entries_n + max_text);
    if (entries == NULL) {
        return JT_ERR_NOMEM;
    }
    claims->index = (struct jt_json_index){.entries = entries,
                                           .max = 1 + JT_PAYLOAD_MAX_VALUES,
                                           .arena = (uint8_t *)entries + entries_n,
                                           .arena_n = max_text};
    return JT_OK;
}

enum jt_err jt_payload_load(struct jt_payload *claims, struct jt_span text)
{
    return jt_json_index_read(&claims->index, text) == JT_OK ? JT_OK : JT_ERR_CLAIMS;
}

struct jt_span jt_payload_whole(const struct jt_payload *claims)
{
    return claims->index.n == 0 ? JT_SPAN_NONE : claims->index.entries[0].raw;
}

void jt_payload_release(struct jt_payload *claims)
{
    free(claims->index.entries);
    *claims = (struct jt_payload){0};
}

static const struct jt_json_index_entry *find(const struct jt_payload *claims, const char *name)
{
    return jt_json_index_find(&claims->index, jt_span_str(name));
}

bool jt_payload_has(const struct jt_payload *claims, const char *name)
{
    const struct jt_json_index_entry *value = find(claims, name);
    return value != NULL &&
           !(value->type == JT_JSON_INDEX_LITERAL && jt_span_is(value->text, "null"));
}

enum jt_err jt_payload_raw(const struct jt_payload *claims, const char *name,
                           struct jt_span *out_text)
{
    const struct jt_json_index_entry *value = find(claims, name);
    if (value == NULL) {
        return JT_ERR_NOT_FOUND;
    }
    *out_text = value->raw;
    return JT_OK;
}

enum jt_err jt_payload_text(const struct jt_payload *claims, const char *name,
                            struct jt_span *out_text)
{
    const struct jt_json_index_entry *value = find(claims, name);
    if (value != NULL && value->type != JT_JSON_INDEX_STRING) {
        return JT_ERR_CLAIMS;
    }
    *out_text = value == NULL ? JT_SPAN_NONE : value->text;
    return JT_OK;
}

/* A number of JSON taken apart: `digits` has a point in it perhaps; the value is its first `whole`
 * digits, and as many noughts as are missing. */
struct decimal {
    bool negative;
    struct jt_span digits;
    int64_t whole;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* `text` keeps to RFC 8259 sec. 6. */
static struct decimal take_apart(struct jt_span text)
{
    struct decimal number = {.negative = text.p[0] == '-'};
    size_t start = number.negative, at = start;
    while (at < text.n && is_digit(text.p[at])) {
        at++;
    }
    number.whole = (int64_t)(at - start);
    while (at < text.n && (text.p[at] == '.' || is_digit(text.p[at]))) {
        at++;
    }
    number.digits = jt_span_of(text.p + start, at - start);
    int64_t exponent = 0;
    bool down = at + 1 < text.n && text.p[at + 1] == '-';
    for (; at < text.n; at++) {
        /* however far: past it nothing but noughts would be seen */
        if (is_digit(text.p[at]) && exponent <= INT32_MAX) {
            exponent = exponent * 10 + (text.p[at] - '0');
        }
    }
    number.whole += down ? -exponent : exponent;
    return number;
}

/* The floor of what `text` says, by its digits: a double has 53 bits, and strtod the point of the
 * program's locale. False when negative or past DATE_MAX_S. */
static bool floor_of(struct jt_span text, int64_t *out_s)
{
    struct decimal number = take_apart(text);
    int64_t seconds = 0, seen = 0;
    bool zero = true, fraction = false;
    for (size_t i = 0; i < number.digits.n; i++) {
        if (number.digits.p[i] == '.') {
            continue;
        }
        zero = zero && number.digits.p[i] == '0';
        if (seen++ < number.whole) {
            seconds = seconds * 10 + (number.digits.p[i] - '0');
            if (seconds > DATE_MAX_S) {
                return false;
            }
        } else {
            fraction = fraction || number.digits.p[i] != '0';
        }
    }
    for (; !zero && seen < number.whole; seen++) {
        seconds *= 10;
        if (seconds > DATE_MAX_S) {
            return false;
        }
    }
    if ((number.negative && !zero) || (seconds == DATE_MAX_S && fraction)) {
        return false;
    }
    *out_s = seconds;
    return true;
}

/* RFC 7519 sec. 2: a NumericDate may have a fraction. The clock has none, so none is compared. */
enum jt_err jt_payload_date(const struct jt_payload *claims, const char *name, int64_t *out_s)
{
    const struct jt_json_index_entry *value = find(claims, name);
    if (value == NULL) {
        *out_s = -1;
        return JT_OK;
    }
    return value->type == JT_JSON_INDEX_NUMBER && floor_of(value->text, out_s) ? JT_OK
                                                                               : JT_ERR_CLAIMS;
}

enum jt_err jt_payload_count(const struct jt_payload *claims, const char *name, size_t *out_n)
{
    const struct jt_json_index_entry *value = find(claims, name);
    if (value == NULL || value->type == JT_JSON_INDEX_STRING) {
        *out_n = value != NULL;
        return JT_OK;
    }
    if (value->type != JT_JSON_INDEX_ARRAY) {
        return JT_ERR_CLAIMS;
    }
    for (size_t i = 1; i <= value->n; i++) { /* strings hold nothing: the next entry is the next */
        if (value[i].type != JT_JSON_INDEX_STRING) {
            return JT_ERR_CLAIMS;
        }
    }
    *out_n = value->n;
    return JT_OK;
}

struct jt_span jt_payload_element(const struct jt_payload *claims, const char *name, size_t at)
{
    const struct jt_json_index_entry *value = find(claims, name);
    if (value != NULL && value->type == JT_JSON_INDEX_ARRAY) {
        value = at < value->n ? value + 1 + at : NULL;
    }
    return value == NULL || value->type != JT_JSON_INDEX_STRING ? JT_SPAN_NONE : value->text;
}

bool jt_payload_is_array(const struct jt_payload *claims, const char *name)
{
    const struct jt_json_index_entry *value = find(claims, name);
    return value != NULL && value->type == JT_JSON_INDEX_ARRAY;
}
