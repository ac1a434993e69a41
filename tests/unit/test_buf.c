/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/buf.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void put_within_max_kept_one_more_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(5);
    assert_ok(jt_buf_puts(&b, "abc"));
    assert_err(jt_buf_puts(&b, "def"), JT_ERR_LIMIT);
    assert_span(jt_buf_span(&b), "abc"); /* as it was */
    assert_string_equal(jt_buf_str(&b), "abc");
    assert_ok(jt_buf_puts(&b, "de"));
    assert_string_equal(jt_buf_str(&b), "abcde");
    assert_err(jt_buf_putc(&b, 'f'), JT_ERR_LIMIT);
    assert_string_equal(jt_buf_str(&b), "abcde");
}

static void put_any_byte_keeps_a_nul_past_the_end(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_ok(jt_buf_putc(&b, (char)(i & 0xFF)));
        assert_int_equal(b.p[b.len], 0);
        assert_true(b.len < b.cap);
    }
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(b.p[i], i & 0xFF);
    }
    assert_err(jt_buf_putc(&b, 'x'), JT_ERR_LIMIT);
}

static void put_nothing_leaves_an_empty_string(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(0);
    assert_string_equal(jt_buf_str(&b), "");
    assert_ok(jt_buf_put(&b, JT_SPAN_NONE));
    assert_ok(jt_buf_puts(&b, NULL));
    assert_string_equal(jt_buf_str(&b), "");
    assert_err(jt_buf_putc(&b, 0), JT_ERR_LIMIT);
}

static void reserve_past_any_memory_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(SIZE_MAX);
    assert_ok(jt_buf_puts(&b, "abc"));
    assert_err(jt_buf_reserve(&b, SIZE_MAX), JT_ERR_LIMIT);
    assert_err(jt_buf_reserve(&b, SIZE_MAX - 3), JT_ERR_LIMIT);
    assert_err(jt_buf_reserve(&b, SIZE_MAX / 2), JT_ERR_LIMIT);
    assert_string_equal(jt_buf_str(&b), "abc");
    assert_ok(jt_buf_reserve(&b, 100));
}

static void puti_extremes_as_printf_writes_them(void **state)
{
    (void)state;
    static const int64_t numbers[] = {
        0,           1,         -1,        9,         10,        -10,           999,
        1000,        INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1760000000,
        -9999999999, 42};
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        char want[32];
        (void)snprintf(want, sizeof want, "%lld", (long long)numbers[i]); /* fits */
        JT_AUTO(buf) b = JT_BUF_INIT(20);
        assert_ok(jt_buf_puti(&b, numbers[i]));
        assert_string_equal(jt_buf_str(&b), want);
    }
}

static void printf_too_long_leaves_what_was(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(8);
    assert_ok(jt_buf_puts(&b, "k="));
    assert_err(jt_buf_printf(&b, "%d", 1234567), JT_ERR_LIMIT);
    assert_span(jt_buf_span(&b), "k=");
    assert_string_equal(jt_buf_str(&b), "k=");
    assert_ok(jt_buf_printf(&b, "%d%s", 12345, "6"));
    assert_string_equal(jt_buf_str(&b), "k=123456");
    assert_ok(jt_buf_printf(&b, "%s", ""));
}

static void clear_keeps_memory_and_max(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(4);
    jt_buf_clear(&b); /* nothing was ever put */
    assert_ok(jt_buf_puts(&b, "abcd"));
    const uint8_t *was = b.p;
    jt_buf_clear(&b);
    assert_string_equal(jt_buf_str(&b), "");
    assert_ok(jt_buf_puts(&b, "efgh"));
    assert_ptr_equal(b.p, was);
    assert_err(jt_buf_putc(&b, 'i'), JT_ERR_LIMIT);
}

static void take_gives_and_leaves_an_empty_buffer(void **state)
{
    (void)state;
    JT_AUTO(buf) b = JT_BUF_INIT(4);
    assert_null(jt_buf_take(&b));
    assert_ok(jt_buf_puts(&b, "abcd"));
    uint8_t *taken = jt_buf_take(&b);
    assert_string_equal((const char *)taken, "abcd");
    free(taken);
    assert_null(b.p);
    assert_ok(jt_buf_puts(&b, "efgh")); /* the same max */
    assert_err(jt_buf_putc(&b, 'i'), JT_ERR_LIMIT);
}

static void release_twice_is_harmless(void **state)
{
    (void)state;
    struct jt_buf b = JT_BUF_INIT(4);
    assert_ok(jt_buf_puts(&b, "abcd"));
    jt_buf_release(&b);
    jt_buf_release(&b);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.max, 4);
}

static void strdup_copies_bytes_and_ends_them(void **state)
{
    (void)state;
    char *text = NULL;
    assert_ok(jt_buf_strdup(JT_SPAN("a\0b"), &text));
    assert_memory_equal(text, "a\0b", 4);
    free(text);
    assert_ok(jt_buf_strdup(JT_SPAN_NONE, &text));
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_within_max_kept_one_more_refused),
        cmocka_unit_test(put_any_byte_keeps_a_nul_past_the_end),
        cmocka_unit_test(put_nothing_leaves_an_empty_string),
        cmocka_unit_test(reserve_past_any_memory_refused),
        cmocka_unit_test(puti_extremes_as_printf_writes_them),
        cmocka_unit_test(printf_too_long_leaves_what_was),
        cmocka_unit_test(clear_keeps_memory_and_max),
        cmocka_unit_test(take_gives_and_leaves_an_empty_buffer),
        cmocka_unit_test(release_twice_is_harmless),
        cmocka_unit_test(strdup_copies_bytes_and_ends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
