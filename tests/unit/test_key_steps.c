/* SPDX-License-Identifier: Apache-2.0 */
/* The key steps that an operator takes, over a real store and signer: algorithms that come and go,
 * the emergency, what is told in numbers, and a clock that jumps. test_keyring.c has the rest. */
#include "tests/unit/unit_issuer.h"

#include "issuer/edit.h"
#include "issuer/key_told.h"
#include "issuer/reach.h"

#include "common/base/base.h"

#define RS JT_ALG_RS256
#define ES JT_ALG_ES256

/* The schedule as the issuer hands it out, copied. */
static struct {
    struct jt_issuer_schedule schedule;
    struct jt_key_times keys[JT_KEYRING_KEPT];
} seen;

static enum jt_err see(void *ctx, const struct jt_issuer_schedule *schedule)
{
    (void)ctx;
    assert_true(schedule->n <= JT_COUNT(seen.keys));
    seen.schedule = *schedule;
    memcpy(seen.keys, schedule->keys, schedule->n * sizeof seen.keys[0]);
    seen.schedule.keys = seen.keys;
    return JT_OK;
}

static void look(void)
{
    assert_ok(jt_issuer_schedule(desk.issuer, see, NULL, NULL));
}

static const struct jt_key_times *active(enum jt_alg alg)
{
    look();
    return jt_schedule_active(seen.keys, seen.schedule.n, alg);
}

static const struct jt_key_times *next(enum jt_alg alg)
{
    look();
    return jt_schedule_next(seen.keys, seen.schedule.n, alg);
}

static void tick(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
}

static const struct jt_actor actor = {.name = "test"};
static const struct jt_edit_how how = {.actor = &actor};

static enum jt_err make_resource(const char *alg, struct jt_diag *diag)
{
    json_t *doc = json_pack("{s:s, s:s}", "identifier", "urn:api", "alg", alg);
    enum jt_err err = jt_edit_create(desk.issuer, &how, JT_STORE_RESOURCE, doc, NULL, diag);
    json_decref(doc);
    return err;
}

/* --- jitter --- */

static void tick_rotates_after_period_and_jitter(void **state)
{
    (void)state;
    desk_open("  jitter: 2h\n");
    const struct jt_key_times first = *active(ES);
    int64_t jitter_s = jt_schedule_jitter(&seen.schedule.conf, &first);
    assert_in_range(jitter_s, 0, 2 * HOUR_S);
    fixed_clock_pass(&desk.clock, 30 * DAY_S + jitter_s - 1);
    tick();
    assert_string_equal(active(ES)->kid, first.kid);
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_string_not_equal(active(ES)->kid, first.kid);
}

/* --- algorithms --- */

static void added_algorithm_usable_after_the_lead_and_rotates(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    assert_err(make_resource("RS256", &diag), JT_ERR_INVALID);
    assert_non_null(strstr(diag.text, "add-algorithm RS256"));
    diag.text[0] = 0;
    assert_ok(jt_issuer_add_algorithm(desk.issuer, RS, "test", &diag));
    assert_non_null(strstr(diag.text, "signs from 2023-11-15T22:13:20Z"));
    assert_err(jt_issuer_add_algorithm(desk.issuer, RS, "test", &diag), JT_ERR_EXISTS);
    assert_err(make_resource("RS256", &diag), JT_ERR_INVALID);
    assert_non_null(strstr(diag.text, "signs only from 2023-11-15T22:13:20Z"));
    fixed_clock_pass(&desk.clock, DAY_S);
    tick();
    assert_ok(make_resource("RS256", &diag));
    desk_reopen(""); /* the configuration never names it */
    const struct jt_key_times first = *active(RS);
    fixed_clock_pass(&desk.clock, 30 * DAY_S);
    tick();
    assert_string_not_equal(active(RS)->kid, first.kid);
    assert_int_equal(jt_issuer_rotate(desk.issuer, RS, true, "test", &diag), JT_OK);
}

static void retired_algorithm_drops_and_can_come_back(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  lead: 0\n");
    assert_err(jt_issuer_retire_algorithm(desk.issuer, RS, "test", &diag), JT_ERR_NOT_FOUND);
    assert_err(jt_issuer_retire_algorithm(desk.issuer, ES, "test", &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "keys.algorithms"));
    assert_ok(jt_issuer_add_algorithm(desk.issuer, RS, "test", NULL));
    const struct jt_key_times signing = *active(RS), standing = *next(RS);
    assert_ok(jt_issuer_retire_algorithm(desk.issuer, RS, "test", NULL));
    assert_null(active(RS));
    assert_null(next(RS));
    const char *set = jt_buf_str(&desk_root()->keys->jwks);
    assert_non_null(strstr(set, signing.kid));
    assert_null(strstr(set, standing.kid));
    const struct jt_keyring *known = &desk.issuer->known;
    assert_int_equal(known->sealed[jt_keyring_find(known, signing.kid)].blob.len, 0); /* erased */
    assert_int_equal(known->sealed[jt_keyring_find(known, standing.kid)].blob.len, 0);
    assert_err(jt_issuer_rotate(desk.issuer, RS, true, "test", &diag), JT_ERR_NOT_FOUND);
    fixed_clock_pass(&desk.clock, DAY_S); /* its tail is over */
    tick();
    assert_null(strstr(jt_buf_str(&desk_root()->keys->jwks), signing.kid));
    assert_null(next(RS)); /* kept no more: nothing is published */
    assert_ok(jt_issuer_add_algorithm(desk.issuer, RS, "test", NULL));
    assert_non_null(active(RS));
}

static void algorithm_that_a_resource_uses_not_retired(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  lead: 0\n");
    assert_ok(jt_issuer_add_algorithm(desk.issuer, RS, "test", NULL));
    assert_ok(make_resource("RS256", &diag));
    assert_err(jt_issuer_retire_algorithm(desk.issuer, RS, "test", &diag), JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "urn:api"));
    assert_non_null(active(RS));
    assert_ok(jt_edit_delete(desk.issuer, &how, JT_STORE_RESOURCE, JT_SPAN("urn:api"), &diag));
    assert_ok(jt_issuer_retire_algorithm(desk.issuer, RS, "test", &diag));
}

/* --- the emergency --- */

static void revoke_all_replaces_all_in_one_commit(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    assert_ok(jt_issuer_add_algorithm(desk.issuer, RS, "test", NULL));
    assert_ok(jt_issuer_rotate(desk.issuer, ES, true, "test", &diag)); /* one retires */
    look();
    const size_t before = seen.schedule.n;
    static struct jt_key_times old[JT_KEYRING_KEPT];
    memcpy(old, seen.keys, before * sizeof old[0]);
    int64_t version = desk_root()->version;
    diag.text[0] = 0;
    assert_ok(jt_issuer_revoke_all(desk.issuer, "test", &diag));
    assert_int_equal(desk_root()->version, version + 1);
    assert_non_null(strstr(diag.text, "4 keys are revoked"));
    assert_non_null(strstr(diag.text, "At most 0 unexpired tokens"));
    const char *set = jt_buf_str(&desk_root()->keys->jwks);
    for (size_t i = 0; i < before; i++) {
        assert_null(strstr(set, old[i].kid));
    }
    assert_int_equal(active(ES)->sign_from_s, desk.clock.wall_s);
    assert_int_equal(active(RS)->sign_from_s, desk.clock.wall_s); /* which was not active before */
    assert_non_null(next(ES));
    assert_non_null(next(RS));
    desk_reopen("");
    assert_non_null(active(ES));
}

/* --- what is told --- */

static struct jt_issuer_worker *join(void)
{
    struct jt_issuer_worker *worker = NULL;
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    return worker;
}

static void rotation_within_the_lead_tells_the_fetches(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_issuer_worker *worker = join();
    for (int i = 0; i < 7; i++) {
        jt_counter_fetch(worker->counter, desk.clock.wall_s, i % 2 == 0);
        fixed_clock_pass(&desk.clock, 120);
    }
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "published 14m ago"));
    assert_non_null(strstr(diag.text, "given out the set with it 7 times, 2 of them in the last "
                                      "5m"));
    diag.text[0] = 0;
    assert_ok(jt_issuer_rotate(desk.issuer, ES, true, "test", &diag));
    assert_non_null(strstr(diag.text, "7 times"));
    diag.text[0] = 0; /* the next one is new: nothing of it was fetched */
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "0 times, 0 of them"));
    jt_issuer_worker_free(worker);
    desk_reopen("");
    diag.text[0] = 0; /* what was fetched before the start is not known */
    fixed_clock_pass(&desk.clock, 60);
    desk_reopen("");
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "its start at"));
    fixed_clock_pass(&desk.clock, DAY_S);
    diag.text[0] = 0;
    assert_ok(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag));
    assert_string_equal(diag.text, "");
}

static void revocation_tells_the_tokens_that_die(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    uint64_t n = 0;
    desk_open("  lead: 0\n");
    const struct jt_key_times first = *active(ES);
    struct jt_issuer_worker *worker = join();
    for (int i = 0; i < 5; i++) {
        jt_counter_token(worker->counter, first.kid, desk.clock.wall_s, desk.clock.wall_s + HOUR_S);
    }
    assert_true(jt_key_told_unexpired(desk.issuer, &first, &n));
    assert_int_equal(n, 5);
    assert_ok(jt_issuer_revoke(desk.issuer, first.kid, false, "test", &diag));
    assert_non_null(strstr(diag.text, "At most 5 unexpired tokens"));
    jt_issuer_worker_free(worker);
}

/* A restart forgets: until the tokens of before have expired, the number is not known. */
static void tokens_of_before_the_start_not_known(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    uint64_t n = 0;
    desk_open("  lead: 0\n");
    fixed_clock_pass(&desk.clock, 60);
    desk_reopen("  lead: 0\n");
    const struct jt_key_times first = *active(ES), standing = *next(ES);
    assert_false(jt_key_told_unexpired(desk.issuer, &first, &n));
    assert_true(jt_key_told_unexpired(desk.issuer, &standing, &n)); /* it never signed */
    fixed_clock_pass(&desk.clock, HOUR_S - 1);
    assert_false(jt_key_told_unexpired(desk.issuer, &first, &n));
    assert_ok(jt_issuer_revoke(desk.issuer, first.kid, false, "test", &diag));
    assert_non_null(strstr(diag.text, "is not known"));
    fixed_clock_pass(&desk.clock, 1);
    assert_true(jt_key_told_unexpired(desk.issuer, &first, &n));
}

/* More keys than a thread can tell apart: it says so, rather than too few. */
static void tokens_that_were_not_counted_not_known(void **state)
{
    (void)state;
    uint64_t n = 0;
    desk_open("  lead: 0\n");
    const struct jt_key_times first = *active(ES);
    struct jt_issuer_worker *worker = join();
    for (int i = 0; i < 100; i++) {
        char kid[16];
        assert_true((jt_key_told_unexpired(desk.issuer, &first, &n)) == (i <= 64));
        (void)snprintf(kid, sizeof kid, "k%d", i);
        jt_counter_token(worker->counter, kid, desk.clock.wall_s, desk.clock.wall_s + HOUR_S);
    }
    fixed_clock_pass(&desk.clock, HOUR_S);
    assert_true(jt_key_told_unexpired(desk.issuer, &first, &n));
    jt_issuer_worker_free(worker);
}

static void reach_follows_the_set(void **state)
{
    (void)state;
    struct jt_reach reach;
    desk_open("  lead: 0\n");
    struct jt_issuer_worker *worker = join();
    for (int i = 0; i < 6; i++) {
        jt_counter_fetch(worker->counter, desk.clock.wall_s, true);
    }
    jt_reach_look(worker, &reach);
    assert_string_equal(reach.etag, desk_root()->keys->etag);
    for (size_t i = 0; i < JT_REACH_WINDOWS; i++) {
        assert_int_equal(reach.windows[i].fetches, 6);
        assert_int_equal(reach.windows[i].newest, 6);
        assert_int_equal(reach.windows[i].held, 6);
    }
    fixed_clock_pass(&desk.clock, 60);
    assert_ok(jt_issuer_rotate(desk.issuer, ES, false, "test", NULL));
    jt_counter_fetch(worker->counter, desk.clock.wall_s, false);
    jt_counter_fetch(worker->counter, desk.clock.wall_s, true);
    jt_reach_look(worker, &reach);
    assert_int_equal(reach.set_since_s, desk.clock.wall_s);
    assert_int_equal(reach.windows[0].fetches, 8);
    assert_int_equal(reach.windows[0].newest, 2);
    assert_int_equal(reach.windows[0].held, 1);
    assert_int_equal(reach.windows[2].fetches, 2);
    fixed_clock_pass(&desk.clock, HOUR_S + 60);
    jt_counter_fetch(worker->counter, desk.clock.wall_s, true);
    jt_reach_look(worker, &reach);
    assert_int_equal(reach.windows[1].fetches, 1); /* the hour before: gone */
    assert_int_equal(reach.windows[2].newest, 3);
    jt_issuer_worker_free(worker);
}

/* --- the clock --- */

static void rotation_after_a_jump_ahead_only_by_force(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    const struct jt_key_times first = *active(ES);
    fixed_clock_pass(&desk.clock, HOUR_S);
    desk.clock.wall_s += 2 * DAY_S; /* the next key looks older than the lead */
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "jumped ahead"));
    assert_non_null(strstr(diag.text, "jumped by 172800 s"));
    assert_err(jt_issuer_revoke(desk.issuer, first.kid, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_string_equal(active(ES)->kid, first.kid);
    assert_int_equal(seen.schedule.pause_until_s, desk.clock.wall_s + DAY_S); /* the lead */
    diag.text[0] = 0;
    assert_ok(jt_issuer_rotate(desk.issuer, ES, true, "test", &diag));
    assert_non_null(strstr(diag.text, "automatic key steps wait"));
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    diag.text[0] = 0;
    assert_ok(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag));
    assert_string_equal(diag.text, "");
    look();
    assert_int_equal(seen.schedule.pause_until_s, 0);
}

/* The pair of the above: a clock that was set back makes no key look older. */
static void rotation_after_a_jump_back_by_age(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    fixed_clock_pass(&desk.clock, 4 * DAY_S);
    desk.clock.wall_s -= 2 * DAY_S;
    assert_ok(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag));
    assert_non_null(strstr(diag.text, "jumped by -172800 s"));
    diag.text[0] = 0;
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_null(strstr(diag.text, "jumped ahead"));
}

static size_t count_set(void)
{
    size_t n = 0;
    for (const char *p = jt_buf_str(&desk_root()->keys->jwks); (p = strstr(p, "\"kid\"")) != NULL;
         p++) {
        n++;
    }
    return n;
}

/* Jumps of years back and forth, ticks between: no key that was gone is back, the set is never
 * empty, and what signs is in it. */
static void jumps_revive_nothing_and_empty_nothing(void **state)
{
    (void)state;
    static const int64_t jumps_s[] = {400 * DAY_S,  -800 * DAY_S,  3 * DAY_S, -HOUR_S,
                                      4000 * DAY_S, -3600 * DAY_S, 61,        -61};
    desk_open("");
    const struct jt_key_times revoked = *active(ES);
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_ok(jt_issuer_revoke(desk.issuer, revoked.kid, false, "test", NULL));
    for (size_t i = 0; i < 4 * JT_COUNT(jumps_s); i++) {
        desk.clock.wall_s += jumps_s[i % JT_COUNT(jumps_s)];
        for (int k = 0; k < 6; k++) {
            tick();
            const char *set = jt_buf_str(&desk_root()->keys->jwks);
            const char *signing = desk_root()->keys->signing_kid[ES];
            assert_true(count_set() >= 2);
            assert_null(strstr(set, revoked.kid));
            assert_true(signing[0] != 0 && strstr(set, signing) != NULL);
            look();
            for (size_t j = 0; j < seen.schedule.n; j++) {
                assert_true(seen.keys[j].dropped_at_s == 0 ||
                            strstr(set, seen.keys[j].kid) == NULL);
            }
            fixed_clock_pass(&desk.clock, k < 4 ? HOUR_S / 2 : 31 * DAY_S);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(tick_rotates_after_period_and_jitter),
        DESK_TEST(added_algorithm_usable_after_the_lead_and_rotates),
        DESK_TEST(retired_algorithm_drops_and_can_come_back),
        DESK_TEST(algorithm_that_a_resource_uses_not_retired),
        DESK_TEST(revoke_all_replaces_all_in_one_commit),
        DESK_TEST(rotation_within_the_lead_tells_the_fetches),
        DESK_TEST(revocation_tells_the_tokens_that_die),
        DESK_TEST(tokens_of_before_the_start_not_known),
        DESK_TEST(tokens_that_were_not_counted_not_known),
        DESK_TEST(reach_follows_the_set),
        DESK_TEST(rotation_after_a_jump_ahead_only_by_force),
        DESK_TEST(rotation_after_a_jump_back_by_age),
        DESK_TEST(jumps_revive_nothing_and_empty_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
