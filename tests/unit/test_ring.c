/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/ring.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define NOW INT64_C(1700000000) /* divisible by 10 */

static void sum_counts_whole_spans_never_too_few(void **state)
{
    (void)state;
    struct jt_ring ring;
    jt_ring_init(&ring, 10);
    for (int64_t at_s = NOW; at_s < NOW + 600; at_s++) {
        jt_ring_add(&ring, at_s);
    }
    for (int64_t from_s = NOW; from_s < NOW + 600; from_s++) {
        uint64_t exact = (uint64_t)(NOW + 600 - from_s), sum = jt_ring_sum(&ring, from_s);
        assert_true(sum >= exact && sum < exact + 10);
    }
    assert_int_equal(jt_ring_sum(&ring, NOW + 600), 0);
}

static void add_a_round_later_forgets_the_old(void **state)
{
    (void)state;
    struct jt_ring ring;
    jt_ring_init(&ring, 10);
    jt_ring_add(&ring, NOW);
    jt_ring_add(&ring, NOW + 1);
    assert_int_equal(jt_ring_sum(&ring, 0), 2);
    jt_ring_add(&ring, NOW + JT_RING_SPANS * 10);
    assert_int_equal(jt_ring_sum(&ring, 0), 1);
}

/* The clock was set back: what falls into a cell of later is kept as long as that. */
static void add_before_a_later_one_counts_with_it(void **state)
{
    (void)state;
    struct jt_ring ring;
    jt_ring_init(&ring, 10);
    jt_ring_add(&ring, NOW + JT_RING_SPANS * 10);
    jt_ring_add(&ring, NOW);
    assert_int_equal(jt_ring_sum(&ring, NOW + 10), 2);
}

static void add_absurd_times_and_spans_never_lost(void **state)
{
    (void)state;
    struct jt_ring ring;
    jt_ring_init(&ring, 0);
    assert_int_equal(ring.span_s, 1);
    jt_ring_add(&ring, INT64_MAX);
    jt_ring_add(&ring, -5);
    assert_int_equal(jt_ring_sum(&ring, 0), 2);
    assert_int_equal(jt_ring_sum(&ring, NOW), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_counts_whole_spans_never_too_few),
        cmocka_unit_test(add_a_round_later_forgets_the_old),
        cmocka_unit_test(add_before_a_later_one_counts_with_it),
        cmocka_unit_test(add_absurd_times_and_spans_never_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
