/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"
#include "tests/unit/unit_clock.h"

#include "issuer/clockwatch.h"

#include "common/base/macros.h"

static void look_clocks_keep_pace_no_step(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    for (int i = 0; i < 10000; i++) {
        fixed_clock_pass(&fixed, 10);
        assert_int_equal(jt_clockwatch_look(&watch, clock), 0);
    }
    assert_true(jt_clockwatch_may_rotate(&watch, clock));
}

static void look_step_is_told_with_its_seconds(void **state)
{
    (void)state;
    static const struct {
        int64_t moved_s, told_s;
    } rows[] = {
        {JT_CLOCKWATCH_STEP_S - 1, 0},    {JT_CLOCKWATCH_STEP_S, JT_CLOCKWATCH_STEP_S},
        {-(JT_CLOCKWATCH_STEP_S - 1), 0}, {-JT_CLOCKWATCH_STEP_S, -JT_CLOCKWATCH_STEP_S},
        {365 * 86400, 365 * 86400},       {-365 * 86400, -365 * 86400},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct fixed_clock fixed;
        struct jt_clockwatch watch;
        const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
        jt_clockwatch_init(&watch, clock);
        fixed_clock_pass(&fixed, 10);
        fixed.wall_s += rows[i].moved_s;
        assert_int_equal(jt_clockwatch_look(&watch, clock), rows[i].told_s);
        assert_true(jt_clockwatch_may_rotate(&watch, clock) == (rows[i].told_s == 0));
        assert_int_equal(jt_clockwatch_look(&watch, clock), 0); /* told once */
    }
}

/* Many small steps are as good as a large one. */
static void look_creeping_steps_add_up(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    int64_t told_s = 0;
    for (int i = 0; i < 4; i++) {
        fixed_clock_pass(&fixed, 10);
        fixed.wall_s += 20;
        told_s += jt_clockwatch_look(&watch, clock);
    }
    assert_int_equal(told_s, 60);
}

static void may_rotate_at_once_may_drop_after_pace(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    assert_true(jt_clockwatch_may_rotate(&watch, clock));
    assert_false(jt_clockwatch_may_drop(&watch, clock));
    fixed_clock_pass(&fixed, JT_CLOCKWATCH_PACE_S - 1);
    assert_false(jt_clockwatch_may_drop(&watch, clock));
    fixed_clock_pass(&fixed, 1);
    assert_true(jt_clockwatch_may_drop(&watch, clock));
}

static void step_suspends_until_pace_was_kept(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    fixed_clock_pass(&fixed, 2 * JT_CLOCKWATCH_PACE_S);
    assert_true(jt_clockwatch_may_drop(&watch, clock));
    fixed.wall_s += 86400;
    assert_int_equal(jt_clockwatch_look(&watch, clock), 86400);
    assert_false(jt_clockwatch_may_rotate(&watch, clock));
    assert_false(jt_clockwatch_may_drop(&watch, clock));
    fixed_clock_pass(&fixed, JT_CLOCKWATCH_PACE_S - 1);
    assert_int_equal(jt_clockwatch_look(&watch, clock), 0);
    assert_false(jt_clockwatch_may_rotate(&watch, clock));
    fixed_clock_pass(&fixed, 1);
    assert_true(jt_clockwatch_may_rotate(&watch, clock));
    assert_true(jt_clockwatch_may_drop(&watch, clock));
}

/* So that an age that was right before the step is right again, whatever the step was. */
static void step_suspends_for_as_long_as_ages_are_judged_by(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    watch.rotate_wait_s = 86400;
    watch.drop_wait_s = 20000;
    assert_true(jt_clockwatch_may_rotate(&watch, clock));
    fixed_clock_pass(&fixed, JT_CLOCKWATCH_PACE_S);
    assert_true(jt_clockwatch_may_drop(&watch, clock)); /* no step: the pace time is enough */
    fixed.wall_s += 100000;
    assert_int_equal(jt_clockwatch_look(&watch, clock), 100000);
    assert_int_equal(jt_clockwatch_until(&watch), fixed.wall_s + 86400);
    fixed_clock_pass(&fixed, 19999);
    assert_false(jt_clockwatch_may_drop(&watch, clock));
    fixed_clock_pass(&fixed, 1);
    assert_true(jt_clockwatch_may_drop(&watch, clock));
    assert_false(jt_clockwatch_may_rotate(&watch, clock));
    fixed_clock_pass(&fixed, 66400);
    assert_true(jt_clockwatch_may_rotate(&watch, clock));
}

static void step_ahead_is_remembered_until_outlived(void **state)
{
    (void)state;
    struct fixed_clock fixed;
    struct jt_clockwatch watch;
    const struct jt_clock *clock = fixed_clock(&fixed, 1700000000);
    jt_clockwatch_init(&watch, clock);
    fixed.wall_s -= 86400;
    (void)jt_clockwatch_look(&watch, clock);
    assert_false(watch.ahead);
    fixed.wall_s += 86400;
    (void)jt_clockwatch_look(&watch, clock);
    assert_true(watch.ahead);
    fixed.wall_s -= 3600;
    (void)jt_clockwatch_look(&watch, clock);
    assert_true(watch.ahead);
    fixed_clock_pass(&fixed, JT_CLOCKWATCH_PACE_S);
    fixed.wall_s -= 3600;
    (void)jt_clockwatch_look(&watch, clock);
    assert_false(watch.ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_clocks_keep_pace_no_step),
        cmocka_unit_test(look_step_is_told_with_its_seconds),
        cmocka_unit_test(look_creeping_steps_add_up),
        cmocka_unit_test(may_rotate_at_once_may_drop_after_pace),
        cmocka_unit_test(step_suspends_until_pace_was_kept),
        cmocka_unit_test(step_suspends_for_as_long_as_ages_are_judged_by),
        cmocka_unit_test(step_ahead_is_remembered_until_outlived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
