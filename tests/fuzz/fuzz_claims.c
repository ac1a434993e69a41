/* SPDX-License-Identifier: Apache-2.0 */
/* The claims reader against jansson's own: both accept the same objects, but for the bounds and the
 * numbers that payload.h and json_index.h tell of, and what both have read is equal. */
#include "verifier/judge/payload.h"

#include "common/json/json.h"
#include "tests/fuzz/tree.h"

#include "common/base/base.h"

#define DATE_MAX_S 253402300799.0

static void check_text(const struct jt_payload *claims, const char *name, const json_t *value)
{
    struct jt_span text = JT_SPAN_NONE;
    enum jt_err err = jt_payload_text(claims, name, &text);
    MUST((err == JT_OK) == json_is_string(value));
    MUST(err != JT_OK || jt_span_eq(text, jt_json_value(value)));
}

static void check_date(const struct jt_payload *claims, const char *name, const json_t *value)
{
    int64_t date_s = -7;
    enum jt_err err = jt_payload_date(claims, name, &date_s);
    MUST(err == JT_OK || (err == JT_ERR_CLAIMS && date_s == -7));
    if (json_is_integer(value)) {
        json_int_t whole = json_integer_value(value);
        MUST((err == JT_OK) == (whole >= 0 && whole <= (json_int_t)DATE_MAX_S));
        MUST(err != JT_OK || date_s == whole);
        return;
    }
    if (!json_is_real(value)) {
        MUST(err != JT_OK);
        return;
    }
    /* theirs is rounded, by less than a thousandth of a second where dates are */
    double real = json_real_value(value);
    if (err == JT_OK) {
        MUST(date_s >= 0 && date_s <= (int64_t)DATE_MAX_S);
        MUST((double)date_s <= real + 0.001 && real < (double)date_s + 1.001);
    } else {
        MUST(real < 0 || real > DATE_MAX_S - 0.001 || real == 0); /* 0: -1e-999 */
    }
}

static void check_strings(const struct jt_payload *claims, const char *name, const json_t *value)
{
    size_t n = 77, all = json_array_size(value), strings = 0;
    enum jt_err err = jt_payload_count(claims, name, &n);
    MUST(jt_payload_is_array(claims, name) == json_is_array(value));
    if (json_is_string(value)) {
        MUST(err == JT_OK && n == 1);
        MUST(jt_span_eq(jt_payload_element(claims, name, 0), jt_json_value(value)));
        return;
    }
    for (size_t i = 0; i < all; i++) {
        strings += json_is_string(json_array_get(value, i));
    }
    MUST((err == JT_OK) == (json_is_array(value) && strings == all));
    MUST(n == (err == JT_OK ? all : 77));
    for (size_t i = 0; err == JT_OK && i < all; i++) {
        MUST(jt_span_eq(jt_payload_element(claims, name, i),
                        jt_json_value(json_array_get(value, i))));
    }
    MUST(jt_payload_element(claims, name, all).p == NULL);
}

/* The value as it stands lies in the text, and is the same value by itself. */
static void check_raw(const struct jt_payload *claims, const char *name, const json_t *value,
                      struct jt_span text)
{
    struct jt_span raw = JT_SPAN_NONE;
    bool overflow;
    MUST(jt_payload_raw(claims, name, &raw) == JT_OK);
    MUST(raw.p >= text.p && raw.n <= text.n && raw.p + raw.n <= text.p + text.n);
    JT_JSON_AUTO json_t *again = tree_load(raw.p, raw.n, JSON_DECODE_ANY, &overflow);
    MUST(again != NULL && json_equal(again, value));
}

static void check_members(const struct jt_payload *claims, json_t *theirs, struct jt_span text)
{
    const char *name;
    json_t *value;
    json_object_foreach(theirs, name, value)
    {
        MUST(jt_payload_has(claims, name) == !json_is_null(value));
        check_text(claims, name, value);
        check_date(claims, name, value);
        check_strings(claims, name, value);
        check_raw(claims, name, value, text);
    }
}

/* What they accept and we refuse is outside of our bounds. */
static bool is_outside(const json_t *theirs, struct jt_span text)
{
    size_t values = 0, depth = tree_measure(theirs, &values);
    /* they pass over a NUL after a number */
    return !json_is_object(theirs) || depth > JT_JSON_DEPTH || values > 1 + JT_PAYLOAD_MAX_VALUES ||
           memchr(text.p, 0, text.n) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span text = {bytes, n};
    bool overflow;
    struct jt_payload claims;
    JT_JSON_AUTO json_t *theirs = tree_load(bytes, n, 0, &overflow);
    MUST(jt_payload_init(&claims, n) == JT_OK); /* no more than the text, so that ASan sees it */
    if (jt_payload_load(&claims, text) != JT_OK) {
        MUST(theirs == NULL || is_outside(theirs, text));
        MUST(!jt_payload_has(&claims, "iss"));
    } else if (theirs == NULL) {
        MUST(overflow); /* we convert no number that nobody reads */
    } else {
        MUST(claims.index.entries[0].n == json_object_size(theirs) && !is_outside(theirs, text));
        check_members(&claims, theirs, text);
    }
    jt_payload_release(&claims);
    return 0;
}
