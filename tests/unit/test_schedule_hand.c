/* SPDX-License-Identifier: Apache-2.0 */
/* Jitter, the algorithms that are kept, and the emergency; the rest is in test_schedule.c. */
#include "keys/schedule.h"

#include "tests/unit/unit.h"

#include "common/base/buf.h"

#include "common/base/base.h"

#define KEY(kid, alg, published, from, until, drop)      \
    {                                                    \
        kid, alg, published, from, until, drop, 0, 0, 50 \
    }
#define ES JT_ALG_ES256
#define RS JT_ALG_RS256

/* lead 100, period 1000, tail beside longest_s 15, as in test_schedule.c; ES256 is named */
static struct jt_schedule_conf make_conf(int64_t lead_s, int64_t jitter_s)
{
    return (struct jt_schedule_conf){lead_s, 1000, 3, 5, 7, jitter_s, {[ES] = true}, 0};
}

static struct jt_schedule_plan plan;

/* The plan as text, and empties it. */
static void assert_plan(const char *want)
{
    static const char *const names[] = {"publish", "sign", "stop", "drop", "revoke"};
    JT_AUTO(buf) text = JT_BUF_INIT(4096);
    for (size_t i = 0; i < plan.n; i++) {
        const struct jt_schedule_change *change = &plan.changes[i];
        assert_ok(jt_buf_printf(&text, "%s%s %s %s", i == 0 ? "" : ", ", names[change->step],
                                jt_alg_row(change->alg)->name,
                                change->kid[0] == 0 ? "new" : change->kid));
        if (change->step == JT_STEP_STOP) {
            assert_ok(jt_buf_printf(&text, " until %d", (int)change->at_s));
        }
    }
    assert_string_equal(jt_buf_str(&text), want);
    plan.n = 0;
}

/* --- jitter --- */

static void jitter_by_the_kid_within_its_bound(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 60);
    bool seen[61] = {false};
    size_t n = 0;
    for (int i = 0; i < 1000; i++) {
        struct jt_key_times key = KEY("", ES, 10, 10, 0, 0);
        (void)snprintf(key.kid, sizeof key.kid, "key-%04d", i);
        int64_t jitter_s = jt_schedule_jitter(&conf, &key);
        assert_in_range(jitter_s, 0, 60);
        assert_int_equal(jitter_s, jt_schedule_jitter(&conf, &key)); /* the same on every replica */
        n += !seen[jitter_s];
        seen[jitter_s] = true;
    }
    assert_int_equal(n, 61); /* both ends, too */
    struct jt_key_times key = KEY("key-1", ES, 10, 10, 0, 0);
    conf.jitter_s = 0;
    assert_int_equal(jt_schedule_jitter(&conf, &key), 0);
}

static void rotation_before_its_jitter_waits_and_at_it_comes(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 60);
    const struct jt_key_times keys[] = {KEY("key-1", ES, 10, 10, 0, 0), KEY("b", ES, 10, 0, 0, 0)};
    int64_t turn_s = 10 + 1000 + jt_schedule_jitter(&conf, &keys[0]);
    assert_true(turn_s > 1010);
    assert_int_equal(jt_schedule_turn(&conf, keys, 2, ES), turn_s);
    assert_int_equal(jt_schedule_due(&conf, keys, 2, ES), turn_s);
    assert_ok(jt_schedule_tick(&conf, keys, 2, ES, turn_s - 1, true, &plan));
    assert_plan("");
    assert_ok(jt_schedule_tick(&conf, keys, 2, ES, turn_s, true, &plan));
    assert_int_equal(plan.n, 3);
    plan.n = 0;
    /* by hand there is none, nor for a first key */
    assert_ok(jt_schedule_rotate(&conf, keys, 2, ES, 110, false, &plan, NULL));
    assert_int_equal(plan.n, 3);
    plan.n = 0;
    assert_int_equal(jt_schedule_turn(&conf, &keys[1], 1, ES), 110);
    assert_true(jt_schedule_turn(&conf, keys, 1, ES) == INT64_MAX);
}

/* --- algorithms --- */

static void algorithm_kept_by_name_or_by_a_live_key(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_key_times active = KEY("a", RS, 10, 10, 0, 0), next = KEY("b", RS, 10, 0, 0, 0);
    struct jt_key_times retiring = KEY("c", RS, 10, 10, 20, 90);
    assert_true(jt_schedule_kept(&conf, NULL, 0, ES));
    assert_false(jt_schedule_kept(&conf, NULL, 0, RS));
    assert_true(jt_schedule_kept(&conf, &active, 1, RS));
    assert_true(jt_schedule_kept(&conf, &next, 1, RS));
    assert_false(jt_schedule_kept(&conf, &retiring, 1, RS));
    active.revoked_at_s = next.dropped_at_s = 30;
    assert_false(jt_schedule_kept(&conf, &active, 1, RS));
    assert_false(jt_schedule_kept(&conf, &next, 1, RS));
}

static void tick_of_an_algorithm_kept_by_its_keys_goes_on(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    const struct jt_key_times keys[] = {KEY("a", RS, 10, 10, 0, 0), KEY("b", RS, 10, 0, 0, 0)};
    assert_ok(jt_schedule_tick(&conf, keys, 1, RS, 20, true, &plan));
    assert_plan("publish RS256 new");
    assert_ok(jt_schedule_tick(&conf, keys, 2, RS, 1010, true, &plan));
    assert_plan("sign RS256 b, stop RS256 a until 1075, publish RS256 new");
}

static void tick_of_an_algorithm_kept_no_more_only_drops(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    const struct jt_key_times keys[] = {KEY("c", RS, 10, 10, 20, 90)};
    assert_int_equal(jt_schedule_due(&conf, keys, 1, RS), 90);
    assert_ok(jt_schedule_tick(&conf, keys, 1, RS, 89, true, &plan));
    assert_plan("");
    assert_ok(jt_schedule_tick(&conf, keys, 1, RS, 90, false, &plan));
    assert_plan("");
    assert_ok(jt_schedule_tick(&conf, keys, 1, RS, 90, true, &plan));
    assert_plan("drop RS256 c");
    assert_true(jt_schedule_due(&conf, keys, 0, RS) == INT64_MAX);
    conf.named[RS] = true;
    assert_ok(jt_schedule_tick(&conf, keys, 1, RS, 89, true, &plan));
    assert_plan("publish RS256 new");
}

static void add_publishes_first_and_signs_after_the_lead(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("a", ES, 10, 10, 0, 0), KEY("b", ES, 10, 0, 0, 0),
                                  KEY("r", RS, 50, 0, 0, 0)};
    assert_ok(jt_schedule_add(&conf, keys, 2, RS, 50, &plan, &diag));
    assert_plan("publish RS256 new");
    assert_ok(jt_schedule_tick(&conf, keys, 3, RS, 149, true, &plan));
    assert_plan("");
    assert_ok(jt_schedule_tick(&conf, keys, 3, RS, 150, true, &plan));
    assert_plan("sign RS256 r, publish RS256 new");
    conf.lead_s = 0;
    assert_ok(jt_schedule_add(&conf, keys, 2, RS, 50, &plan, &diag));
    assert_plan("publish RS256 new, sign RS256 new, publish RS256 new");
}

static void add_what_is_kept_refused(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("a", ES, 10, 10, 0, 0), KEY("r", RS, 50, 0, 0, 0)};
    assert_err(jt_schedule_add(&conf, keys, 2, RS, 60, &plan, &diag), JT_ERR_EXISTS);
    assert_non_null(strstr(diag.text, "RS256"));
    assert_plan("");
    keys[1].dropped_at_s = 55; /* retired before */
    assert_ok(jt_schedule_add(&conf, keys, 2, RS, 60, &plan, &diag));
    assert_plan("publish RS256 new");
    assert_err(jt_schedule_add(&conf, NULL, 0, ES, 60, &plan, &diag), JT_ERR_EXISTS);
}

static void retire_stops_the_active_and_drops_the_next(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("a", ES, 10, 10, 0, 0), KEY("r", RS, 10, 10, 0, 0),
                                  KEY("s", RS, 10, 0, 0, 0), KEY("t", RS, 5, 6, 10, 90)};
    assert_ok(jt_schedule_retire(&conf, keys, 4, RS, 50, &plan, &diag));
    assert_plan("stop RS256 r until 115, drop RS256 s");
    conf.named[RS] = true;
    assert_err(jt_schedule_retire(&conf, keys, 4, RS, 50, &plan, &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "remove it from keys.algorithms"));
    conf.named[RS] = false;
    assert_err(jt_schedule_retire(&conf, keys, 4, JT_ALG_PS256, 50, &plan, &diag),
               JT_ERR_NOT_FOUND);
    assert_plan("");
}

static void retire_the_only_algorithm_refused(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("r", RS, 10, 10, 0, 0), KEY("s", RS, 10, 0, 0, 0),
                                  KEY("a", ES, 10, 10, 20, 90)};
    assert_err(jt_schedule_retire(&conf, keys, 3, RS, 50, &plan, &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "add another first"));
    assert_plan("");
    keys[2].sign_until_s = keys[2].drop_at_s = 0;
    assert_ok(jt_schedule_retire(&conf, keys, 3, RS, 50, &plan, &diag));
    assert_plan("stop RS256 r until 115, drop RS256 s");
}

/* --- the emergency --- */

static void revoke_all_replaces_every_key_of_every_algorithm(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("a", ES, 10, 10, 0, 0),           KEY("b", ES, 49, 0, 0, 0),
                                  KEY("c", ES, 5, 6, 10, 90),           KEY("r", RS, 10, 10, 0, 0),
                                  KEY("p", JT_ALG_PS256, 5, 6, 10, 90), KEY("d", ES, 1, 2, 3, 4)};
    keys[5].dropped_at_s = 5;
    assert_ok(jt_schedule_revoke_all(&conf, keys, JT_COUNT(keys), 50, &plan, &diag));
    assert_plan("revoke ES256 a, revoke ES256 b, revoke ES256 c, revoke RS256 r, revoke PS256 p, "
                "publish ES256 new, sign ES256 new, publish ES256 new, "
                "publish RS256 new, sign RS256 new, publish RS256 new");
    assert_non_null(strstr(diag.text, "5 keys are revoked"));
    assert_non_null(strstr(diag.text, "max-age 5s"));
}

static void revoke_all_never_leaves_an_empty_set(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("c", RS, 5, 6, 10, 90)};
    assert_err(jt_schedule_revoke_all(&conf, keys, 0, 50, &plan, &diag), JT_ERR_NOT_FOUND);
    assert_plan("");
    assert_ok(jt_schedule_revoke_all(&conf, keys, 1, 50, &plan, &diag));
    assert_plan("revoke RS256 c, publish ES256 new, sign ES256 new, publish ES256 new");
    conf.named[ES] = false;
    assert_err(jt_schedule_revoke_all(&conf, keys, 1, 50, &plan, &diag), JT_ERR_NOT_FOUND);
    assert_plan("");
}

static void plans_without_room_left_as_they_were(void **state)
{
    (void)state;
    struct jt_schedule_conf conf = make_conf(100, 0);
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_key_times keys[] = {KEY("a", ES, 10, 10, 0, 0), KEY("r", RS, 10, 10, 0, 0),
                                  KEY("s", RS, 10, 0, 0, 0)};
    plan.n = JT_SCHEDULE_MAX - 1;
    assert_err(jt_schedule_retire(&conf, keys, 3, RS, 50, &plan, &diag), JT_ERR_LIMIT);
    assert_err(jt_schedule_revoke_all(&conf, keys, 3, 50, &plan, &diag), JT_ERR_LIMIT);
    assert_int_equal(plan.n, JT_SCHEDULE_MAX - 1);
    assert_ok(jt_schedule_add(&conf, keys, 1, RS, 50, &plan, &diag));
    assert_err(jt_schedule_add(&conf, keys, 1, RS, 50, &plan, &diag), JT_ERR_LIMIT);
    assert_int_equal(plan.n, JT_SCHEDULE_MAX);
    plan.n = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jitter_by_the_kid_within_its_bound),
        cmocka_unit_test(rotation_before_its_jitter_waits_and_at_it_comes),
        cmocka_unit_test(algorithm_kept_by_name_or_by_a_live_key),
        cmocka_unit_test(tick_of_an_algorithm_kept_by_its_keys_goes_on),
        cmocka_unit_test(tick_of_an_algorithm_kept_no_more_only_drops),
        cmocka_unit_test(add_publishes_first_and_signs_after_the_lead),
        cmocka_unit_test(add_what_is_kept_refused),
        cmocka_unit_test(retire_stops_the_active_and_drops_the_next),
        cmocka_unit_test(retire_the_only_algorithm_refused),
        cmocka_unit_test(revoke_all_replaces_every_key_of_every_algorithm),
        cmocka_unit_test(revoke_all_never_leaves_an_empty_set),
        cmocka_unit_test(plans_without_room_left_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
