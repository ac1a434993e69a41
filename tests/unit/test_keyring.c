/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a real store under a real signer and a fixed clock, through the issuer's steps. */
#include "tests/unit/unit_keyring.h"

#include "issuer/edit.h"

#define TAIL_S \
    (4 * HOUR_S + 300 + 300) /* staleness, skew, max-age; a key's lifetime comes on top */

/* --- starting --- */

static void first_start_one_signs_one_stands_next(void **state)
{
    (void)state;
    desk_open("");
    struct key_list list = list_keys();
    assert_int_equal(list.n, 2);
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_int_equal(active.published_at_s, START_S);
    assert_int_equal(active.sign_from_s, START_S);
    assert_int_equal(next.sign_from_s, 0);
    assert_true(in_set(active.kid) && in_set(next.kid));
    assert_ok(sign(active.kid, HOUR_S));
    assert_string_equal(signing(JT_ALG_RS256), "");
}

static void restart_keeps_the_keys(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    char etag[48];
    memcpy(etag, desk_root()->keys->etag, sizeof etag);
    desk_reopen("");
    assert_string_equal(only(JT_KEY_ACTIVE).kid, active.kid);
    assert_string_equal(only(JT_KEY_NEXT).kid, next.kid);
    assert_string_equal(desk_root()->keys->etag, etag);
    assert_ok(sign(active.kid, HOUR_S));
}

/* --- rotation by hand --- */

static void rotate_within_lead_refused_and_told(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    int64_t version = desk_root()->version;
    fixed_clock_pass(&desk.clock, DAY_S - 1);
    assert_err(rotate(false, &diag), JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, next.kid));
    assert_non_null(strstr(diag.text, "; wait"));
    assert_int_equal(desk_root()->version, version);
    assert_string_equal(only(JT_KEY_ACTIVE).kid, active.kid);
    fixed_clock_pass(&desk.clock, 1);
    assert_ok(rotate(false, &diag));
    assert_string_equal(only(JT_KEY_ACTIVE).kid, next.kid);
    assert_true(desk_root()->version > version);
}

static void rotate_forced_signs_at_once(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_ok(rotate(true, NULL));
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_ok(sign(next.kid, HOUR_S));
    /* the old one stays published, signs no more and can be opened no more */
    struct jt_key_times retiring = only(JT_KEY_RETIRING);
    assert_string_equal(retiring.kid, active.kid);
    assert_int_equal(retiring.sign_until_s, START_S);
    assert_int_equal(retiring.drop_at_s, START_S + HOUR_S + TAIL_S);
    assert_true(in_set(active.kid));
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    struct jt_key_times newer = only(JT_KEY_NEXT);
    assert_true(in_set(newer.kid));
    assert_string_not_equal(newer.kid, next.kid);
    desk_reopen("");
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    assert_ok(sign(next.kid, HOUR_S));
}

static void rotate_lead_zero_any_number_of_times(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    for (size_t i = 0; i < 10; i++) {
        struct jt_key_times next = only(JT_KEY_NEXT);
        assert_ok(rotate(false, NULL));
        assert_string_equal(signing(JT_ALG_ES256), next.kid);
    }
    struct key_list list = list_keys();
    assert_int_equal(list.n, 12);
    assert_int_equal(count_state(&list, JT_KEY_RETIRING), 10);
    for (size_t i = 0; i < list.n; i++) {
        assert_true(in_set(list.items[i].kid));
    }
}

static void rotate_algorithm_not_kept_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  lead: 0\n");
    assert_err(jt_issuer_rotate(desk.issuer, JT_ALG_RS256, true, "test", &diag), JT_ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "jeton key add-algorithm RS256"));
    assert_ok(jt_issuer_rotate(desk.issuer, JT_ALG_ES256, true, "test", NULL));
}

/* --- revocation --- */

static void revoke_active_next_signs_at_once(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    assert_err(jt_issuer_revoke(desk.issuer, active.kid, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    assert_true(in_set(active.kid));
    assert_ok(jt_issuer_revoke(desk.issuer, active.kid, true, "test", &diag));
    assert_false(in_set(active.kid));
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_err(sign(active.kid, HOUR_S), JT_ERR_KEY_ABSENT);
    assert_ok(sign(next.kid, HOUR_S));
    assert_err(jt_issuer_revoke(desk.issuer, active.kid, true, "test", &diag), JT_ERR_CONFLICT);
    assert_err(jt_issuer_revoke(desk.issuer, "nobody", true, "test", &diag), JT_ERR_NOT_FOUND);
    desk_reopen("");
    assert_false(in_set(active.kid));
}

static void revoke_next_another_stands_and_waits_its_lead(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_ok(jt_issuer_revoke(desk.issuer, next.kid, false, "test", NULL));
    assert_false(in_set(next.kid));
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_string_not_equal(only(JT_KEY_NEXT).kid, next.kid);
    assert_err(rotate(false, NULL), JT_ERR_WITHIN_LEAD);
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_ok(rotate(false, NULL));
}

static void revoke_retiring_is_gone_at_once(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(false, NULL));
    assert_true(in_set(first.kid));
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    assert_ok(jt_issuer_revoke(desk.issuer, first.kid, false, "test", NULL));
    assert_false(in_set(first.kid));
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
}

/* --- the schedule --- */

static void tick_rotates_after_the_period(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, 30 * DAY_S - 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
    assert_true(in_set(active.kid));
    tick(); /* nothing more is due */
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
}

static void tick_drops_after_the_tail(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S + TAIL_S - 1);
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_false(in_set(first.kid));
    assert_int_equal(by_kid(first.kid).dropped_at_s, desk.clock.wall_s);
}

static void tick_drops_not_before_the_process_saw_pace(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S + TAIL_S);
    desk_reopen(""); /* a process that has just started trusts no clock with a drop */
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, HOUR_S);
    tick();
    assert_false(in_set(first.kid));
}

static void tick_after_a_clock_step_waits(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE), next = only(JT_KEY_NEXT);
    fixed_clock_pass(&desk.clock, HOUR_S);
    desk.clock.wall_s += 31 * DAY_S;
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, DAY_S - 1); /* until the next key is as old as it looks */
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), next.kid);
}

static void tick_after_a_clock_step_drops_when_the_tail_has_passed(void **state)
{
    (void)state;
    desk_open("  lead: 2h\n  staleness: 1h\n");
    struct jt_key_times first = only(JT_KEY_ACTIVE);
    assert_ok(rotate(true, NULL));
    fixed_clock_pass(&desk.clock, HOUR_S);
    desk.clock.wall_s += 31 * DAY_S;
    tick();
    fixed_clock_pass(&desk.clock, 2 * HOUR_S + 600 - 1); /* the tail: longer than the lead */
    tick();
    assert_true(in_set(first.kid));
    fixed_clock_pass(&desk.clock, 1);
    tick();
    assert_false(in_set(first.kid));
}

static void tick_clock_stepped_back_nothing_early(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    desk.clock.wall_s -= 365 * DAY_S;
    tick();
    fixed_clock_pass(&desk.clock, 2 * HOUR_S);
    tick();
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
    assert_true(in_set(active.kid));
    desk_reopen("");
    assert_string_equal(signing(JT_ALG_ES256), active.kid);
}

/* --- further algorithms --- */

static const struct jt_actor actor = {.name = "test"};
static const struct jt_edit_how how = {.actor = &actor};

static enum jt_err create_resource(const char *text)
{
    json_t *doc = doc_of(text);
    enum jt_err err = jt_edit_create(desk.issuer, &how, JT_STORE_RESOURCE, doc, NULL, NULL);
    json_decref(doc);
    return err;
}

static void reload_new_algorithm_is_published_before_it_signs(void **state)
{
    (void)state;
    struct jt_config config;
    desk_open("");
    assert_ok(desk_config("  algorithms: [ES256, EdDSA]\n", &config));
    assert_ok(jt_issuer_reload(desk.issuer, &config, NULL));
    struct key_list list = list_keys();
    assert_int_equal(list.n, 3);
    assert_string_equal(signing(JT_ALG_EDDSA), "");
    const char *resource = "{'identifier':'https://ed','alg':'EdDSA'}";
    assert_err(create_resource(resource), JT_ERR_INVALID);
    fixed_clock_pass(&desk.clock, DAY_S);
    tick();
    assert_string_not_equal(signing(JT_ALG_EDDSA), "");
    assert_ok(create_resource(resource));
    assert_ok(sign(signing(JT_ALG_EDDSA), HOUR_S));
}

static void first_start_every_algorithm_signs_at_once(void **state)
{
    (void)state;
    desk_open("  algorithms: [ES256, ES384, ES512, EdDSA]\n");
    static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_ES384, JT_ALG_ES512, JT_ALG_EDDSA};
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        assert_ok(sign(signing(algs[i]), HOUR_S));
    }
    assert_int_equal(list_keys().n, 8);
}

/* --- lifetimes --- */

static void lifetime_raised_before_a_longer_token_is_signed(void **state)
{
    (void)state;
    desk_open("");
    struct jt_key_times active = only(JT_KEY_ACTIVE);
    assert_ok(sign(active.kid, HOUR_S));
    assert_err(sign(active.kid, HOUR_S + 1), JT_ERR_LIFETIME);
    assert_ok(create_resource("{'identifier':'https://long','lifetime_s':7200}"));
    assert_ok(sign(active.kid, 2 * HOUR_S));
    assert_err(sign(active.kid, 2 * HOUR_S + 1), JT_ERR_LIFETIME);
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_int_equal(only(JT_KEY_NEXT).longest_s, 2 * HOUR_S);
    /* it only grows */
    assert_ok(jt_edit_delete(desk.issuer, &how, JT_STORE_RESOURCE, JT_SPAN("https://long"), NULL));
    desk_reopen("");
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_ok(rotate(true, NULL));
    assert_int_equal(by_kid(active.kid).drop_at_s, START_S + 2 * HOUR_S + TAIL_S);
    /* a key made now need not live as long */
    assert_int_equal(only(JT_KEY_NEXT).longest_s, HOUR_S);
}

static void lifetime_of_a_new_key_covers_the_resources(void **state)
{
    (void)state;
    desk_open("  lead: 0\n");
    assert_ok(create_resource("{'identifier':'https://long','lifetime_s':7200}"));
    assert_ok(rotate(false, NULL));
    assert_ok(rotate(false, NULL));
    assert_int_equal(only(JT_KEY_ACTIVE).longest_s, 2 * HOUR_S);
    assert_ok(sign(signing(JT_ALG_ES256), 2 * HOUR_S));
}

/* --- as many as there may be --- */

/* Rotates until it is refused; the times that it was done. */
static size_t rotate_until_refused(void)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = JT_OK;
    size_t done = 0;
    while ((err = rotate(true, &diag)) == JT_OK) {
        assert_true(++done < JT_KEYRING_MAX);
    }
    assert_err(err, JT_ERR_CONFLICT);
    assert_non_null(strstr(diag.text, "wait"));
    return done;
}

static void set_full_for_verifiers_refused_dropped_goes_on(void **state)
{
    (void)state;
    desk_open("");
    char first[JT_KEY_KID_MAX];
    memcpy(first, signing(JT_ALG_ES256), sizeof first);
    assert_int_equal(rotate_until_refused(), JT_KEYRING_PUBLISHED - 2);
    assert_true(in_set(first)); /* nothing is dropped early for it */
    for (int round = 0; round < 3; round++) {
        fixed_clock_pass(&desk.clock, 2 * DAY_S); /* past every tail, and the pace is kept */
        tick();
        assert_int_equal(rotate_until_refused(), JT_KEYRING_PUBLISHED - 2);
    }
    assert_false(in_set(first));
    /* of those that are gone only so many are kept: the rows never reach what can be read */
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
    desk_reopen("");
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
}

/* Of another algorithm that rotates far more often all that a store keeps are younger. */
static void old_key_that_is_published_is_not_purged(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  algorithms: [ES256, EdDSA]\n");
    char old[JT_KEY_KID_MAX];
    memcpy(old, signing(JT_ALG_EDDSA), sizeof old);
    for (int round = 0; round < 4; round++) {
        while (jt_issuer_rotate(desk.issuer, JT_ALG_ES256, true, "test", &diag) == JT_OK) {
        }
        fixed_clock_pass(&desk.clock, 2 * DAY_S);
        tick();
    }
    assert_int_equal(list_keys().n, JT_KEYRING_KEPT);
    assert_true(in_set(old));
    desk_reopen("  algorithms: [ES256, EdDSA]\n");
    assert_string_equal(signing(JT_ALG_EDDSA), old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(first_start_one_signs_one_stands_next),
        DESK_TEST(restart_keeps_the_keys),
        DESK_TEST(rotate_within_lead_refused_and_told),
        DESK_TEST(rotate_forced_signs_at_once),
        DESK_TEST(rotate_lead_zero_any_number_of_times),
        DESK_TEST(rotate_algorithm_not_kept_refused),
        DESK_TEST(revoke_active_next_signs_at_once),
        DESK_TEST(revoke_next_another_stands_and_waits_its_lead),
        DESK_TEST(revoke_retiring_is_gone_at_once),
        DESK_TEST(tick_rotates_after_the_period),
        DESK_TEST(tick_drops_after_the_tail),
        DESK_TEST(tick_drops_not_before_the_process_saw_pace),
        DESK_TEST(tick_after_a_clock_step_waits),
        DESK_TEST(tick_after_a_clock_step_drops_when_the_tail_has_passed),
        DESK_TEST(tick_clock_stepped_back_nothing_early),
        DESK_TEST(reload_new_algorithm_is_published_before_it_signs),
        DESK_TEST(first_start_every_algorithm_signs_at_once),
        DESK_TEST(lifetime_raised_before_a_longer_token_is_signed),
        DESK_TEST(lifetime_of_a_new_key_covers_the_resources),
        DESK_TEST(set_full_for_verifiers_refused_dropped_goes_on),
        DESK_TEST(old_key_that_is_published_is_not_purged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
