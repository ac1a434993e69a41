/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/counter.h"

#include <pthread.h>
#include <stdio.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

#define NOW  INT64_C(1700000000)
#define HOUR 3600

static struct jt_counters *counters;

static int setup(void **state)
{
    (void)state;
    return jt_counters_new(&counters) != JT_OK;
}

static int teardown(void **state)
{
    (void)state;
    jt_counters_free(counters);
    return 0;
}

static uint64_t tokens(const char *kid, int64_t now_s)
{
    uint64_t n = 0;
    assert_true(jt_counters_tokens(counters, kid, now_s, &n));
    return n;
}

static struct jt_counter *join(void)
{
    struct jt_counter *counter = NULL;
    assert_ok(jt_counter_join(counters, &counter));
    return counter;
}

static void tokens_counted_until_they_expire(void **state)
{
    (void)state;
    struct jt_counter *counter = join();
    for (int64_t i = 0; i < 100; i++) {
        jt_counter_token(counter, "a", NOW + i, NOW + i + HOUR);
    }
    jt_counter_token(counter, "b", NOW, NOW + 60);
    assert_int_equal(tokens("a", NOW + 100), 100);
    assert_int_equal(tokens("b", NOW + 59), 1);
    assert_int_equal(tokens("c", NOW), 0);
    /* never fewer than live */
    for (int64_t at_s = NOW + HOUR; at_s < NOW + HOUR + 100; at_s++) {
        assert_true(tokens("a", at_s) >= (uint64_t)(NOW + HOUR + 99 - at_s));
    }
    assert_int_equal(tokens("a", NOW + HOUR + 100 + 64), 0); /* at most a span later */
    assert_int_equal(tokens("b", NOW + 60 + 16), 0);
}

/* Resources of other lifetimes with the same key: each token counts for its own. */
static void tokens_of_every_lifetime_counted(void **state)
{
    (void)state;
    static const int64_t lifetimes_s[] = {1, 60, 300, HOUR, 4 * HOUR, 86400};
    struct jt_counter *counter = join();
    for (size_t i = 0; i < JT_COUNT(lifetimes_s); i++) {
        jt_counter_token(counter, "a", NOW, NOW + lifetimes_s[i]);
    }
    for (size_t i = 0; i < JT_COUNT(lifetimes_s); i++) {
        assert_true(tokens("a", NOW + lifetimes_s[i] - 1) >= JT_COUNT(lifetimes_s) - i);
        assert_true(tokens("a", NOW + 2 * lifetimes_s[i] + 16) <= JT_COUNT(lifetimes_s) - i - 1);
    }
}

/* Keys that rotate all the time: those without live tokens make room. */
static void keys_without_live_tokens_make_room(void **state)
{
    (void)state;
    struct jt_counter *counter = join();
    for (int i = 0; i < 1000; i++) {
        char kid[16];
        (void)snprintf(kid, sizeof kid, "k%d", i);
        jt_counter_token(counter, kid, NOW + 10 * i, NOW + 10 * i + 60);
        assert_int_equal(tokens(kid, NOW + 10 * i), 1);
    }
}

/* More keys than can be told apart have live tokens: the count says that it does not know. */
static void tokens_not_counted_make_it_unknown(void **state)
{
    (void)state;
    uint64_t n = 0;
    struct jt_counter *counter = join();
    for (int i = 0; i < 64; i++) {
        char kid[16];
        (void)snprintf(kid, sizeof kid, "k%d", i);
        jt_counter_token(counter, kid, NOW, NOW + 60);
    }
    assert_int_equal(tokens("k0", NOW), 1);
    jt_counter_token(counter, "k64", NOW, NOW + 60);
    assert_false(jt_counters_tokens(counters, "k64", NOW, &n));
    assert_false(jt_counters_tokens(counters, "k0", NOW + 59, &n));
    assert_true(jt_counters_tokens(counters, "k64", NOW + 60, &n)); /* by then they are dead */
}

static void fetches_counted_by_time_and_by_what_was_held(void **state)
{
    (void)state;
    struct jt_counter *one = join(), *two = join();
    jt_counter_fetch(one, NOW, false);
    jt_counter_fetch(two, NOW + 600, true);
    jt_counter_fetch(one, NOW + 1200, true);
    struct jt_counter_fetches all = jt_counters_fetches(counters);
    assert_int_equal(all.all, 3);
    assert_int_equal(all.held, 2);
    struct jt_counter_fetches recent = jt_counters_recent(counters, NOW + 600);
    assert_int_equal(recent.all, 2);
    assert_int_equal(recent.held, 2);
    recent = jt_counters_recent(counters, NOW + 1200 - JT_COUNTER_BACK_S);
    assert_int_equal(recent.all, 3);
    jt_counter_leave(counters, one);
    assert_ptr_equal(join(), one); /* used anew, and nothing is lost */
    assert_int_equal(jt_counters_fetches(counters).all, 3);
}

#define THREADS 4
#define ROUNDS  20000

static void *count_all(void *kid)
{
    struct jt_counter *counter = join();
    for (int64_t i = 0; i < ROUNDS; i++) {
        jt_counter_token(counter, kid, NOW, NOW + HOUR);
        jt_counter_token(counter, i % 2 == 0 ? "even" : "odd", NOW, NOW + HOUR);
        jt_counter_fetch(counter, NOW, i % 2 == 0);
    }
    jt_counter_leave(counters, counter);
    return NULL;
}

/* Threads count while another adds up; a sum only grows, and in the end nothing is missing. */
static void threads_lose_no_count(void **state)
{
    (void)state;
    static char kids[THREADS][8];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        (void)snprintf(kids[i], sizeof kids[i], "t%zu", i);
        assert_int_equal(pthread_create(&threads[i], NULL, count_all, kids[i]), 0);
    }
    for (uint64_t before = 0, i = 0; i < 1000; i++) {
        uint64_t now = tokens("even", NOW);
        assert_true(now >= before);
        before = now;
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(tokens(kids[i], NOW), ROUNDS);
    }
    assert_int_equal(tokens("even", NOW) + tokens("odd", NOW), THREADS * ROUNDS);
    assert_int_equal(jt_counters_fetches(counters).all, THREADS * ROUNDS);
    assert_int_equal(jt_counters_recent(counters, NOW).held, THREADS * ROUNDS / 2);
}

#define COUNTER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COUNTER_TEST(tokens_counted_until_they_expire),
        COUNTER_TEST(tokens_of_every_lifetime_counted),
        COUNTER_TEST(keys_without_live_tokens_make_room),
        COUNTER_TEST(tokens_not_counted_make_it_unknown),
        COUNTER_TEST(fetches_counted_by_time_and_by_what_was_held),
        COUNTER_TEST(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
