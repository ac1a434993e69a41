/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "common/base/base.h"

static void eq_same_bytes_other_length_told_apart(void **state)
{
    (void)state;
    assert_true(jt_span_eq(JT_SPAN("abc"), jt_span_str("abc")));
    assert_false(jt_span_eq(JT_SPAN("abc"), JT_SPAN("abd")));
    assert_false(jt_span_eq(JT_SPAN("abc"), JT_SPAN("abcd")));
    assert_true(jt_span_eq(JT_SPAN_NONE, JT_SPAN("")));
    assert_true(jt_span_is(JT_SPAN_NONE, NULL));
    assert_true(jt_span_eq(JT_SPAN("a\0b"), JT_SPAN("a\0b")));
    assert_false(jt_span_is(JT_SPAN("a\0b"), "a"));
}

static void cmp_orders_by_bytes_then_length(void **state)
{
    (void)state;
    static const char *const ascending[] = {"", "A", "a", "ab", "b", "\x7f", "\x80", "\xff"};
    for (size_t i = 0; i < JT_COUNT(ascending); i++) {
        for (size_t k = 0; k < JT_COUNT(ascending); k++) {
            int order = jt_span_cmp(jt_span_str(ascending[i]), jt_span_str(ascending[k]));
            assert_int_equal(order < 0, i < k);
            assert_int_equal(order > 0, i > k);
        }
    }
    assert_int_equal(jt_span_cmp(JT_SPAN_NONE, JT_SPAN("")), 0);
}

static void eq_nocase_folds_ascii_letters_only(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            uint8_t x = (uint8_t)a, y = (uint8_t)b;
            int letter = (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
            bool want = a == b || (letter && (a ^ b) == 0x20);
            assert_int_equal(jt_span_eq_nocase(jt_span_of(&x, 1), jt_span_of(&y, 1)), want);
        }
    }
    assert_true(jt_span_eq_nocase(JT_SPAN("Content-Type"), JT_SPAN("cONTENT-tYPE")));
    assert_false(jt_span_eq_nocase(JT_SPAN("Host"), JT_SPAN("Hosts")));
}

static void starts_needs_the_whole_prefix(void **state)
{
    (void)state;
    assert_true(jt_span_starts(JT_SPAN("Bearer x"), JT_SPAN("Bearer ")));
    assert_false(jt_span_starts(JT_SPAN("Bearer"), JT_SPAN("Bearer ")));
    assert_false(jt_span_starts(JT_SPAN("bearer x"), JT_SPAN("Bearer ")));
    assert_true(jt_span_starts(JT_SPAN_NONE, JT_SPAN_NONE));
}

/* Refused, and beside it the nearest text that is well formed. */
static const struct {
    const char *refused, *accepted;
} utf8_pairs[] = {
    {"\x80", "\x7f"},                         /* a tail without a lead */
    {"\xc0\x80", "\xc2\x80"},                 /* overlong NUL */
    {"\xc1\xbf", "\xc2\xbf"},                 /* overlong DEL */
    {"\xc2", "\xc2\xa2"},                     /* cut after the lead */
    {"\xc2\x20", "\xc2\xa0"},                 /* a lead without its tail */
    {"\xe0\x9f\xbf", "\xe0\xa0\x80"},         /* overlong U+07FF */
    {"\xed\xa0\x80", "\xed\x9f\xbf"},         /* U+D800, the first surrogate */
    {"\xed\xbf\xbf", "\xee\x80\x80"},         /* U+DFFF, the last one */
    {"\xe2\x82", "\xe2\x82\xac"},             /* cut after two of three */
    {"\xe2\x28\xa1", "\xe2\x82\xa1"},         /* bad second of three */
    {"\xe2\x82\x28", "\xe2\x82\xa8"},         /* bad third of three */
    {"\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80"}, /* overlong U+FFFF */
    {"\xf0\x90\x80", "\xf0\x90\x80\xbf"},     /* cut after three of four */
    {"\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbf"}, /* past U+10FFFF */
    {"\xf5\x80\x80\x80", "\xf1\x80\x80\x80"}, /* a lead that leads nothing */
    {"\xff", "\x01"},
    {"ok\xfe", "ok"},
};

static void utf8_ill_formed_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(utf8_pairs); i++) {
        assert_false(jt_span_utf8(jt_span_str(utf8_pairs[i].refused)));
        assert_true(jt_span_utf8(jt_span_str(utf8_pairs[i].accepted)));
    }
    assert_false(jt_span_utf8(JT_SPAN("a\0b")));
    assert_true(jt_span_utf8(JT_SPAN("ab")));
    assert_true(jt_span_utf8(JT_SPAN_NONE));
}

/* RFC 3629 sec. 4, the other way round: every code point encodes to something accepted. */
static void utf8_every_code_point_accepted_but_surrogates(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        uint8_t b[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n - 1; i > 0; i--) {
            b[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3F));
        }
        static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
        b[0] = (uint8_t)(lead[n] | c >> 6 * (n - 1));
        if (jt_span_utf8(jt_span_of(b, n)) != (c < 0xD800 || c > 0xDFFF)) {
            fail_msg("U+%04X", (unsigned)c);
        }
    }
}

static void word_splits_at_spaces_only(void **state)
{
    (void)state;
    struct jt_span rest = JT_SPAN("  a  b:c\td "), word = JT_SPAN("kept");
    assert_true(jt_span_word(&rest, &word));
    assert_span(word, "a");
    assert_true(jt_span_word(&rest, &word));
    assert_span(word, "b:c\td");
    assert_false(jt_span_word(&rest, &word));
    assert_span(word, "b:c\td"); /* not written at the end */
    assert_int_equal(rest.n, 0);
    rest = JT_SPAN_NONE;
    assert_false(jt_span_word(&rest, &word));
}

static void trim_takes_spaces_and_tabs_of_the_ends_only(void **state)
{
    static const char *const rows[][2] = {
        {" \t a b\t c \t", "a b\t c"}, {"a", "a"}, {" \t ", ""}, {"", ""}, {"\na\n", "\na\n"},
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_true(jt_span_is(jt_span_trim(jt_span_str(rows[i][0])), rows[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trim_takes_spaces_and_tabs_of_the_ends_only),
        cmocka_unit_test(eq_same_bytes_other_length_told_apart),
        cmocka_unit_test(cmp_orders_by_bytes_then_length),
        cmocka_unit_test(eq_nocase_folds_ascii_letters_only),
        cmocka_unit_test(starts_needs_the_whole_prefix),
        cmocka_unit_test(utf8_ill_formed_refused_repaired_accepted),
        cmocka_unit_test(utf8_every_code_point_accepted_but_surrogates),
        cmocka_unit_test(word_splits_at_spaces_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
