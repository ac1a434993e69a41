/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/turnstile.h"

#include <semaphore.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void full_turnstile_lets_nobody_in_until_one_leaves(void **state)
{
    (void)state;
    struct jt_turnstile turnstile = {0};
    assert_ok(jt_turnstile_init(&turnstile, 2));
    assert_true(jt_turnstile_enter(&turnstile, true));
    assert_true(jt_turnstile_enter(&turnstile, true));
    assert_false(jt_turnstile_enter(&turnstile, true));
    jt_turnstile_leave(&turnstile);
    assert_true(jt_turnstile_enter(&turnstile, true));
    assert_false(jt_turnstile_enter(&turnstile, true));
    jt_turnstile_leave(&turnstile);
    jt_turnstile_leave(&turnstile);
    jt_turnstile_release(&turnstile);
}

struct waiting {
    struct jt_turnstile *turnstile;
    sem_t begun;
    bool in;
};

static void *wait_for_it(void *ctx)
{
    struct waiting *waiting = ctx;
    (void)sem_post(&waiting->begun);
    waiting->in = jt_turnstile_enter(waiting->turnstile, false);
    return NULL;
}

static void one_that_waits_comes_in_when_another_leaves(void **state)
{
    (void)state;
    struct jt_turnstile turnstile = {0};
    struct waiting waiting = {.turnstile = &turnstile};
    pthread_t thread;
    assert_ok(jt_turnstile_init(&turnstile, 1));
    assert_int_equal(sem_init(&waiting.begun, 0, 0), 0);
    assert_true(jt_turnstile_enter(&turnstile, true));
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, &waiting), 0);
    (void)sem_wait(&waiting.begun);
    jt_turnstile_leave(&turnstile);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(waiting.in);
    assert_false(jt_turnstile_enter(&turnstile, true));
    (void)sem_destroy(&waiting.begun);
    jt_turnstile_release(&turnstile);
}

static void one_that_waits_in_vain_is_sent_away(void **state)
{
    (void)state;
    struct jt_turnstile turnstile = {0};
    assert_ok(jt_turnstile_init(&turnstile, 1));
    assert_true(jt_turnstile_enter(&turnstile, false));
    turnstile.until = (struct timespec){0}; /* it hangs for long */
    assert_false(jt_turnstile_enter(&turnstile, false));
    jt_turnstile_leave(&turnstile);
    assert_true(jt_turnstile_enter(&turnstile, false));
    jt_turnstile_release(&turnstile);
}

static void turnstile_that_was_never_made_is_released(void **state)
{
    (void)state;
    struct jt_turnstile turnstile = {0};
    jt_turnstile_release(&turnstile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_turnstile_lets_nobody_in_until_one_leaves),
        cmocka_unit_test(one_that_waits_comes_in_when_another_leaves),
        cmocka_unit_test(one_that_waits_in_vain_is_sent_away),
        cmocka_unit_test(turnstile_that_was_never_made_is_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
