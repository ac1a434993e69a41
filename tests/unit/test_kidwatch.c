/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "verifier/source/kidwatch.h"

#include "common/base/base.h"

static struct jt_kidwatch watch;

static int make(void **state)
{
    (void)state;
    return jt_kidwatch_init(&watch, &jt_random_system) == JT_OK ? 0 : -1;
}

static bool note(const char *kid)
{
    return jt_kidwatch_note(&watch, jt_span_str(kid));
}

/* A set of keys of these kids, and nothing more. */
static struct jt_keyset *set_of(const char *kid)
{
    static struct jt_jwk jwk;
    static struct jt_verkey key = {.id = 1, .jwk = &jwk};
    static union {
        struct jt_keyset set;
        uint8_t room[sizeof(struct jt_keyset) + sizeof(struct jt_verkey *)];
    } one;
    static char text[16];
    (void)snprintf(text, sizeof text, "%s", kid);
    jwk.kid = text;
    jwk.kid_len = strlen(text);
    one.set.n = 1;
    one.set.keys[0] = &key;
    return &one.set;
}

/* A request that is answered so. */
static void settle(const struct jt_keyset *set, int64_t now_ms)
{
    jt_kidwatch_ask(&watch);
    jt_kidwatch_settle(&watch, set, now_ms);
}

static void note_is_news_once_until_settled(void **state)
{
    (void)state;
    assert_false(jt_kidwatch_any(&watch));
    assert_true(note("a"));
    assert_false(note("a"));
    assert_false(note("b"));
    assert_true(jt_kidwatch_any(&watch));
    jt_kidwatch_settle(&watch, NULL, 0);
    assert_false(jt_kidwatch_any(&watch));
    assert_true(note("b"));
}

static void absent_kid_is_worth_nothing_for_five_minutes(void **state)
{
    (void)state;
    (void)note("a");
    assert_true(jt_kidwatch_worth(&watch, 1000));
    settle(set_of("other"), 1000);
    (void)note("a");
    assert_false(jt_kidwatch_worth(&watch, 1000));
    assert_false(jt_kidwatch_worth(&watch, 1000 + JT_KIDWATCH_ABSENT_MS - 1));
    assert_true(jt_kidwatch_worth(&watch, 1000 + JT_KIDWATCH_ABSENT_MS));
    (void)note("b");
    assert_true(jt_kidwatch_worth(&watch, 1000));
}

static void kid_of_a_failed_fetch_or_of_the_new_set_is_not_absent(void **state)
{
    (void)state;
    (void)note("a");
    jt_kidwatch_settle(&watch, NULL, 0);
    (void)note("a");
    assert_true(jt_kidwatch_worth(&watch, 0));
    settle(set_of("a"), 0);
    (void)note("a");
    assert_true(jt_kidwatch_worth(&watch, 0));
}

static void kid_noted_after_the_request_is_not_judged_by_its_answer(void **state)
{
    (void)state;
    (void)note("old");
    jt_kidwatch_ask(&watch);
    (void)note("new");
    jt_kidwatch_settle(&watch, set_of("x"), 0);
    assert_false(jt_kidwatch_any(&watch));
    (void)note("old");
    assert_false(jt_kidwatch_worth(&watch, 0));
    (void)note("new");
    assert_true(jt_kidwatch_worth(&watch, 0));
}

static void kid_passed_over_is_worth_a_look(void **state)
{
    (void)state;
    char kid[32];
    for (int i = 0; i < JT_KIDWATCH_NOTED; i++) {
        (void)snprintf(kid, sizeof kid, "k%d", i);
        (void)note(kid);
    }
    settle(set_of("x"), 0);
    for (int i = 0; i < JT_KIDWATCH_NOTED; i++) {
        (void)snprintf(kid, sizeof kid, "k%d", i);
        (void)note(kid);
    }
    assert_false(jt_kidwatch_worth(&watch, 0));
    (void)note("one more");
    assert_true(jt_kidwatch_worth(&watch, 0));
    settle(set_of("x"), 0);
    (void)note("k0");
    assert_false(jt_kidwatch_worth(&watch, 0));
}

static void absence_is_not_made_longer_by_asking_again(void **state)
{
    (void)state;
    (void)note("a");
    settle(set_of("x"), 0);
    (void)note("a");
    settle(set_of("x"), JT_KIDWATCH_ABSENT_MS / 2);
    (void)note("a");
    assert_false(jt_kidwatch_worth(&watch, JT_KIDWATCH_ABSENT_MS - 1));
    assert_true(jt_kidwatch_worth(&watch, JT_KIDWATCH_ABSENT_MS));
}

static void one_kid_takes_one_place_however_often(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * JT_KIDWATCH_NOTED; i++) {
        (void)note("a");
    }
    (void)note("b");
    settle(set_of("x"), 0);
    (void)note("b"); /* it was noted, and is known to be absent */
    assert_false(jt_kidwatch_worth(&watch, 0));
    (void)note("c");
    assert_true(jt_kidwatch_worth(&watch, 0));
}

static void flood_takes_bounded_room_and_the_oldest_is_forgotten_first(void **state)
{
    (void)state;
    char kid[32];
    (void)note("first");
    settle(set_of("x"), 0);
    for (int i = 0; i < JT_KIDWATCH_ABSENT - 1; i++) {
        (void)snprintf(kid, sizeof kid, "k%d", i);
        (void)note(kid);
        settle(set_of("x"), 0);
    }
    (void)note("first");
    assert_false(jt_kidwatch_worth(&watch, 0));
    jt_kidwatch_settle(&watch, NULL, 0);
    (void)note("one more");
    settle(set_of("x"), 0);
    (void)note("first");
    assert_true(jt_kidwatch_worth(&watch, 0));
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(kid, sizeof kid, "n%d", i);
        assert_false(note(kid)); /* news is out already, and the places are taken */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(note_is_news_once_until_settled, make),
        cmocka_unit_test_setup(absent_kid_is_worth_nothing_for_five_minutes, make),
        cmocka_unit_test_setup(kid_of_a_failed_fetch_or_of_the_new_set_is_not_absent, make),
        cmocka_unit_test_setup(kid_noted_after_the_request_is_not_judged_by_its_answer, make),
        cmocka_unit_test_setup(kid_passed_over_is_worth_a_look, make),
        cmocka_unit_test_setup(absence_is_not_made_longer_by_asking_again, make),
        cmocka_unit_test_setup(one_kid_takes_one_place_however_often, make),
        cmocka_unit_test_setup(flood_takes_bounded_room_and_the_oldest_is_forgotten_first, make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
