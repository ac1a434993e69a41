/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/form.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define TEXT(literal)                                   \
    {                                                   \
        (const uint8_t *)(literal), sizeof(literal) - 1 \
    }

/* What is malformed, and the same repaired. */
static const struct {
    const char *name;
    struct jt_span bad, good;
} malformed_rows[] = {
    {"an escape of one digit", TEXT("a=%4"), TEXT("a=%41")},
    {"an escape of no digit", TEXT("a=%"), TEXT("a=%25")},
    {"an escape that is not hexadecimal", TEXT("a=%4g"), TEXT("a=%4F")},
    {"a broken escape in a name", TEXT("a%=b"), TEXT("a%25=b")},
    {"an escape cut by the separator", TEXT("a=%4&1=b"), TEXT("a=%41&1=b")},
    {"NUL", TEXT("a=b\0c"), TEXT("a=bc")},
    {"encoded NUL", TEXT("a=b%00c"), TEXT("a=b%01c")},
    {"encoded NUL in a name", TEXT("a%00=b"), TEXT("a%01=b")},
    {"half a UTF-8 sequence", TEXT("a=%C3"), TEXT("a=%C3%A9")},
    {"raw Latin-1", TEXT("a=\xe9"), TEXT("a=\xc3\xa9")},
    {"an overlong slash", TEXT("a=%C0%AF"), TEXT("a=%2F")},
    {"a surrogate", TEXT("a=%ED%A0%80"), TEXT("a=%ED%9F%80")},
    {"a sequence split over name and value", TEXT("a%C3=%A9"), TEXT("a%C3%A9=")},
};

static void parse_malformed_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(malformed_rows); i++) {
        struct jt_form form;
        if (jt_form_parse(malformed_rows[i].bad, &form) != JT_ERR_FORM ||
            jt_form_parse(malformed_rows[i].good, &form) != JT_OK) {
            fail_msg("%s", malformed_rows[i].name);
        }
        jt_form_release(&form);
    }
}

struct expected {
    const char *name, *value;
};

static const struct {
    struct jt_span body;
    size_t n;
    struct expected fields[4];
} parsed_rows[] = {
    {TEXT(""), 0, {{0}}},
    {TEXT("&&&"), 0, {{0}}},
    {TEXT("a=b"), 1, {{"a", "b"}}},
    {TEXT("a"), 1, {{"a", ""}}},
    {TEXT("="), 1, {{"", ""}}},
    {TEXT("a="), 1, {{"a", ""}}},
    {TEXT("=b"), 1, {{"", "b"}}},
    {TEXT("a==b=c"), 1, {{"a", "=b=c"}}},
    {TEXT("a=1&a=2&b=3"), 3, {{"a", "1"}, {"a", "2"}, {"b", "3"}}},
    {TEXT("&a=1&&b=2&"), 2, {{"a", "1"}, {"b", "2"}}},
    {TEXT("scope=a+b%20c d&x=%2B"), 2, {{"scope", "a b c d"}, {"x", "+"}}},
    {TEXT("%61%3D=%26%3d"), 1, {{"a=", "&="}}},
    {TEXT("resource=https%3A%2F%2Fa.example%2Fapi"), 1, {{"resource", "https://a.example/api"}}},
    {TEXT("a=\r\n"), 1, {{"a", "\r\n"}}},
    {TEXT("a;b=c;d"), 1, {{"a;b", "c;d"}}},
};

static void parse_gives_decoded_fields_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(parsed_rows); i++) {
        JT_AUTO(form) form;
        assert_ok(jt_form_parse(parsed_rows[i].body, &form));
        assert_int_equal(form.n, parsed_rows[i].n);
        for (size_t j = 0; j < form.n; j++) {
            assert_span(form.fields[j].name, parsed_rows[i].fields[j].name);
            assert_span(form.fields[j].value, parsed_rows[i].fields[j].value);
        }
    }
}

/* "a&a&..." of `n` fields. */
static size_t make_fields(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = '&';
    }
    return 2 * n;
}

static void parse_over_the_field_limit_refused(void **state)
{
    (void)state;
    char text[2 * (JT_FORM_MAX_FIELDS + 1)];
    struct jt_form form;
    size_t n = make_fields(text, JT_FORM_MAX_FIELDS + 1);
    assert_err(jt_form_parse(jt_span_of(text, n), &form), JT_ERR_LIMIT);
    n = make_fields(text, JT_FORM_MAX_FIELDS);
    assert_ok(jt_form_parse(jt_span_of(text, n), &form));
    assert_int_equal(form.n, JT_FORM_MAX_FIELDS);
    jt_form_release(&form);
}

static void release_twice_is_harmless(void **state)
{
    (void)state;
    struct jt_form form;
    assert_ok(jt_form_parse(JT_SPAN("a=b"), &form));
    jt_form_release(&form);
    assert_int_equal(form.n, 0);
    assert_null(form.text.p);
    jt_form_release(&form);
}

static void decode_takes_plus_for_space_and_segment_does_not(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t n = 0;
    assert_ok(jt_form_decode(JT_SPAN("a+b%2Bc%3A"), out, &n));
    assert_span(jt_span_of(out, n), "a b+c:");
    assert_ok(jt_form_decode_segment(JT_SPAN("a+b%2Bc%2F%C3%A9"), out, &n));
    assert_span(jt_span_of(out, n), "a+b+c/\xc3\xa9");
    assert_ok(jt_form_decode(JT_SPAN(""), out, &n));
    assert_int_equal(n, 0);
}

static void decode_malformed_refused_and_length_untouched(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t n = 77;
    assert_err(jt_form_decode(JT_SPAN("%4"), out, &n), JT_ERR_FORM);
    assert_err(jt_form_decode_segment(JT_SPAN("%00"), out, &n), JT_ERR_FORM);
    assert_err(jt_form_decode_segment(JT_SPAN("%FF"), out, &n), JT_ERR_FORM);
    assert_int_equal(n, 77);
    assert_ok(jt_form_decode_segment(JT_SPAN("%41"), out, &n));
    assert_span(jt_span_of(out, n), "A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_malformed_refused_repaired_accepted),
        cmocka_unit_test(parse_gives_decoded_fields_in_order),
        cmocka_unit_test(parse_over_the_field_limit_refused),
        cmocka_unit_test(release_twice_is_harmless),
        cmocka_unit_test(decode_takes_plus_for_space_and_segment_does_not),
        cmocka_unit_test(decode_malformed_refused_and_length_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
