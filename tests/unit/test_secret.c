/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/secret.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void alloc_gives_zero_bytes_of_that_length(void **state)
{
    (void)state;
    JT_AUTO(secret) s = JT_SECRET_INIT;
    assert_ok(jt_secret_alloc(&s, 32));
    static const uint8_t zeros[32];
    assert_int_equal(s.n, 32);
    assert_memory_equal(s.p, zeros, 32);
    assert_ok(jt_secret_alloc(&s, 0)); /* an empty secret is one */
    assert_int_equal(s.n, 0);
}

static void copy_replaces_what_was_held(void **state)
{
    (void)state;
    JT_AUTO(secret) s = JT_SECRET_INIT;
    assert_ok(jt_secret_copy(&s, JT_SPAN("first secret")));
    assert_ok(jt_secret_copy(&s, JT_SPAN("second")));
    assert_span(jt_secret_span(&s), "second");
    assert_ok(jt_secret_copy(&s, JT_SPAN_NONE));
    assert_int_equal(s.n, 0);
}

static void copy_of_a_part_of_itself_holds_the_part(void **state)
{
    (void)state;
    JT_AUTO(secret) s = JT_SECRET_INIT;
    assert_ok(jt_secret_copy(&s, JT_SPAN("secret\n")));
    assert_ok(jt_secret_copy(&s, jt_span_of(s.p, s.n - 1)));
    assert_span(jt_secret_span(&s), "secret");
}

static void eq_tells_every_single_bit(void **state)
{
    (void)state;
    static const uint8_t a[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    uint8_t b[sizeof a];
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        memcpy(b, a, sizeof a);
        assert_true(jt_secret_eq(jt_span_of(a, sizeof a), jt_span_of(b, sizeof b)));
        b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(jt_secret_eq(jt_span_of(a, sizeof a), jt_span_of(b, sizeof b)));
    }
    assert_false(jt_secret_eq(jt_span_of(a, sizeof a), jt_span_of(a, sizeof a - 1)));
    assert_false(jt_secret_eq(JT_SPAN_NONE, JT_SPAN("a")));
    assert_true(jt_secret_eq(JT_SPAN_NONE, JT_SPAN("")));
}

static void wipe_leaves_zeros_and_only_there(void **state)
{
    (void)state;
    uint8_t bytes[] = {1, 2, 3, 4};
    jt_secret_wipe(bytes + 1, 2);
    static const uint8_t want[] = {1, 0, 0, 4};
    assert_memory_equal(bytes, want, sizeof want);
    jt_secret_wipe(NULL, 0);
    jt_secret_wipe(NULL, 9);
}

static void release_twice_is_harmless(void **state)
{
    (void)state;
    struct jt_secret s = JT_SECRET_INIT;
    assert_ok(jt_secret_copy(&s, JT_SPAN("x")));
    jt_secret_release(&s);
    jt_secret_release(&s);
    assert_null(s.p);
    assert_int_equal(s.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_gives_zero_bytes_of_that_length),
        cmocka_unit_test(copy_replaces_what_was_held),
        cmocka_unit_test(copy_of_a_part_of_itself_holds_the_part),
        cmocka_unit_test(eq_tells_every_single_bit),
        cmocka_unit_test(wipe_leaves_zeros_and_only_there),
        cmocka_unit_test(release_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
