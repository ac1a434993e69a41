/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "issuer/advice.h"

#include "common/base/base.h"

static void put_word_quoted_where_a_shell_would_see_more(void **state)
{
    (void)state;
    static const struct {
        const char *word, *written;
    } rows[] = {
        {"cart-service", "cart-service"},
        {"https://a.example.com/x,y#payments:read", "https://a.example.com/x,y#payments:read"},
        {"", "''"},
        {"-x", "'-x'"},
        {"#x", "'#x'"},
        {"=x", "'=x'"},
        {"~x", "'~x'"},
        {"a b", "'a b'"},
        {"$(rm)", "'$(rm)'"},
        {"`rm`", "'`rm`'"},
        {"a&b;c|d<e>f*g?h[i]j{k}l!m\nn", "'a&b;c|d<e>f*g?h[i]j{k}l!m\nn'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        JT_AUTO(buf) out = JT_BUF_INIT(256);
        assert_ok(jt_advice_put_word(&out, jt_span_str(rows[i].word)));
        assert_string_equal(jt_buf_str(&out), rows[i].written);
    }
}

static void nearer_keeps_the_nearest_that_is_near(void **state)
{
    (void)state;
    struct jt_span nearest = JT_SPAN_NONE, wanted = JT_SPAN("wriet");
    jt_advice_nearer(wanted, JT_SPAN("elephant"), &nearest);
    assert_int_equal(nearest.n, 0);
    jt_advice_nearer(wanted, JT_SPAN("wrist"), &nearest);
    assert_span(nearest, "wrist");
    jt_advice_nearer(wanted, JT_SPAN("wrong"), &nearest);
    assert_span(nearest, "wrist");
    jt_advice_nearer(wanted, JT_SPAN("wriet"), &nearest);
    assert_span(nearest, "wriet");
}

static void add_says_a_line_once(void **state)
{
    (void)state;
    json_t *lines = json_array();
    const struct jt_span words[] = {JT_SPAN("a"), JT_SPAN("b c")};
    for (int i = 0; i < 2; i++) {
        assert_ok(jt_advice_command(lines, "do", words, 2));
    }
    assert_int_equal(json_array_size(lines), 1);
    assert_string_equal(json_string_value(json_array_get(lines, 0)), "do a 'b c'");
    json_decref(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_word_quoted_where_a_shell_would_see_more),
        cmocka_unit_test(nearer_keeps_the_nearest_that_is_near),
        cmocka_unit_test(add_says_a_line_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
