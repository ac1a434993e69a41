/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/schedule.h"

#include <inttypes.h>

#include "tests/unit/unit.h"

#include "common/base/buf.h"

#include "common/base/base.h"

#define ALG JT_ALG_ES256

/* lead 100, period 1000, tail beside longest_s: 3 + 5 + 7 */
#define NAMED                                        \
    {                                                \
        [JT_ALG_ES256] = true, [JT_ALG_RS256] = true \
    }
static const struct jt_schedule_conf conf = {100, 1000, 3, 5, 7, 0, NAMED, 0};
static const struct jt_schedule_conf no_lead = {0, 1000, 3, 5, 7, 0, NAMED, 0};

enum { TICK, ROTATE, FORCE_ROTATE, REVOKE, FORCE_REVOKE };

#define KEYS_MAX 4

/* A case: rows, what is done, and the plan as text ("" = none). In `kid` what is revoked. */
struct row {
    const char *name;
    struct jt_key_times keys[KEYS_MAX];
    int step;
    const char *kid;
    int64_t now_s;
    enum jt_err want;
    const char *plan;
};

#define KEY(kid, published, from, until, drop, dropped, revoked)     \
    {                                                                \
        kid, ALG, published, from, until, drop, dropped, revoked, 50 \
    }
#define NEXT(kid, published)         KEY(kid, published, 0, 0, 0, 0, 0)
#define ACTIVE(kid, published, from) KEY(kid, published, from, 0, 0, 0, 0)
#define RETIRING(kid, until, drop)   KEY(kid, 1, 2, until, drop, 0, 0)
#define DROPPED(kid)                 KEY(kid, 1, 2, 3, 4, 5, 0)
#define REVOKED(kid)                 KEY(kid, 1, 2, 0, 0, 0, 5)

static const struct row rows[] = {
    {"a fresh issuer signs at once",
     {KEY("", 0, 0, 0, 0, 0, 0)},
     TICK,
     "",
     5,
     JT_OK,
     "publish sign() publish"},
    {"no key left is not fresh", {DROPPED("a"), REVOKED("b")}, TICK, "", 5, JT_OK, "publish"},
    {"a missing next is published", {ACTIVE("a", 10, 10)}, TICK, "", 11, JT_OK, "publish"},
    {"nothing due", {ACTIVE("a", 10, 10), NEXT("b", 10)}, TICK, "", 1009, JT_OK, ""},
    {"due by the period",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     TICK,
     "",
     1010,
     JT_OK,
     "sign(b) stop(a@1075) publish"},
    {"period over, next too young",
     {ACTIVE("a", 10, 10), NEXT("b", 950)},
     TICK,
     "",
     1049,
     JT_OK,
     ""},
    {"period over, next of age",
     {ACTIVE("a", 10, 10), NEXT("b", 950)},
     TICK,
     "",
     1050,
     JT_OK,
     "sign(b) stop(a@1115) publish"},
    {"a first key too young", {NEXT("b", 10)}, TICK, "", 109, JT_OK, ""},
    {"a first key of age", {NEXT("b", 10)}, TICK, "", 110, JT_OK, "sign(b) publish"},
    {"clock behind the next", {ACTIVE("a", 10, 10), NEXT("b", 5000)}, TICK, "", 2000, JT_OK, ""},
    {"clock behind the active", {ACTIVE("a", 10, 5000), NEXT("b", 10)}, TICK, "", 2000, JT_OK, ""},
    {"clock behind both, by hand",
     {ACTIVE("a", 10, 5000), NEXT("b", 4000)},
     FORCE_ROTATE,
     "",
     2000,
     JT_OK,
     "sign(b) stop(a@5065) publish"},
    {"drop not yet",
     {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)},
     TICK,
     "",
     89,
     JT_OK,
     ""},
    {"drop",
     {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)},
     TICK,
     "",
     90,
     JT_OK,
     "drop(c)"},
    {"several drops and a rotation",
     {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90), RETIRING("d", 40, 95)},
     TICK,
     "",
     1010,
     JT_OK,
     "sign(b) stop(a@1075) publish drop(c) drop(d)"},
    {"dropped and revoked are not dropped again",
     {ACTIVE("a", 10, 10), NEXT("b", 10), DROPPED("c"), KEY("d", 1, 2, 3, 4, 0, 5)},
     TICK,
     "",
     99,
     JT_OK,
     ""},
    {"of two that sign the newest counts",
     {ACTIVE("a", 10, 10), ACTIVE("c", 10, 20), NEXT("b", 10)},
     TICK,
     "",
     30,
     JT_OK,
     "stop(a@95)"},
    {"in the same second the later row counts",
     {ACTIVE("a", 10, 10), ACTIVE("c", 10, 10), NEXT("b", 10)},
     TICK,
     "",
     30,
     JT_OK,
     "stop(a@95)"},
    {"of two next the elder signs",
     {ACTIVE("a", 10, 10), NEXT("c", 800), NEXT("b", 700)},
     TICK,
     "",
     1010,
     JT_OK,
     "sign(b) stop(a@1075) publish"},

    {"rotate nothing", {DROPPED("a")}, ROTATE, "", 50, JT_ERR_NOT_FOUND, ""},
    {"rotate nothing by force", {DROPPED("a")}, FORCE_ROTATE, "", 50, JT_ERR_NOT_FOUND, ""},
    {"rotate",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     ROTATE,
     "",
     110,
     JT_OK,
     "sign(b) stop(a@175) publish"},
    {"rotate within the lead",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     ROTATE,
     "",
     109,
     JT_ERR_WITHIN_LEAD,
     ""},
    {"rotate within the lead by force",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     FORCE_ROTATE,
     "",
     109,
     JT_OK,
     "sign(b) stop(a@174) publish"},
    {"rotate without next", {ACTIVE("a", 10, 10)}, ROTATE, "", 500, JT_OK, "publish"},
    {"rotate without next by force",
     {ACTIVE("a", 10, 10)},
     FORCE_ROTATE,
     "",
     500,
     JT_OK,
     "publish sign() stop(a@565) publish"},
    {"rotate without active", {NEXT("b", 10)}, ROTATE, "", 110, JT_OK, "sign(b) publish"},
    {"rotate stops all that sign",
     {ACTIVE("a", 10, 10), ACTIVE("c", 10, 20), NEXT("b", 10)},
     ROTATE,
     "",
     110,
     JT_OK,
     "sign(b) stop(a@175) stop(c@175) publish"},

    {"revoke unknown", {ACTIVE("a", 10, 10)}, REVOKE, "x", 50, JT_ERR_NOT_FOUND, ""},
    {"revoke revoked", {REVOKED("a")}, FORCE_REVOKE, "a", 50, JT_ERR_CONFLICT, ""},
    {"revoke dropped", {DROPPED("a")}, FORCE_REVOKE, "a", 50, JT_ERR_CONFLICT, ""},
    {"revoke active",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     REVOKE,
     "a",
     110,
     JT_OK,
     "revoke(a) sign(b) publish"},
    {"revoke active within the lead",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     REVOKE,
     "a",
     109,
     JT_ERR_WITHIN_LEAD,
     ""},
    {"revoke active within the lead by force",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     FORCE_REVOKE,
     "a",
     109,
     JT_OK,
     "revoke(a) sign(b) publish"},
    {"revoke active without next", {ACTIVE("a", 10, 10)}, REVOKE, "a", 500, JT_ERR_WITHIN_LEAD, ""},
    {"revoke active without next by force",
     {ACTIVE("a", 10, 10)},
     FORCE_REVOKE,
     "a",
     500,
     JT_OK,
     "revoke(a) publish sign() publish"},
    {"revoke active, another signed too",
     {ACTIVE("c", 10, 9), ACTIVE("a", 10, 10), NEXT("b", 10)},
     REVOKE,
     "a",
     110,
     JT_OK,
     "revoke(a) sign(b) stop(c@175) publish"},
    {"revoke next",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     REVOKE,
     "b",
     20,
     JT_OK,
     "revoke(b) publish"},
    {"revoke the one of two next that waits",
     {ACTIVE("a", 10, 10), NEXT("b", 10), NEXT("c", 11)},
     REVOKE,
     "c",
     20,
     JT_OK,
     "revoke(c)"},
    {"revoke retiring",
     {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)},
     REVOKE,
     "c",
     30,
     JT_OK,
     "revoke(c)"},
    {"revoke the last that is published",
     {RETIRING("c", 20, 90)},
     REVOKE,
     "c",
     30,
     JT_OK,
     "revoke(c) publish"},
};

/* Without a lead; the rest as above. */
static const struct row rows_without_lead[] = {
    {"a further algorithm signs at once",
     {DROPPED("a")},
     TICK,
     "",
     5,
     JT_OK,
     "publish sign() publish"},
    {"a missing next is published", {ACTIVE("a", 10, 10)}, TICK, "", 10, JT_OK, "publish"},
    {"nothing due", {ACTIVE("a", 10, 10), NEXT("b", 1009)}, TICK, "", 1009, JT_OK, ""},
    {"due",
     {ACTIVE("a", 10, 10), NEXT("b", 1010)},
     TICK,
     "",
     1010,
     JT_OK,
     "sign(b) stop(a@1075) publish"},
    {"a next of a clock ahead is of age",
     {NEXT("b", 5000)},
     TICK,
     "",
     10,
     JT_OK,
     "sign(b) publish"},
    {"rotate at once",
     {ACTIVE("a", 10, 10), NEXT("b", 10)},
     ROTATE,
     "",
     10,
     JT_OK,
     "sign(b) stop(a@75) publish"},
    {"rotate without next",
     {ACTIVE("a", 10, 10)},
     ROTATE,
     "",
     10,
     JT_OK,
     "publish sign() stop(a@75) publish"},
    {"revoke active without next",
     {ACTIVE("a", 10, 10)},
     REVOKE,
     "a",
     10,
     JT_OK,
     "revoke(a) publish sign() publish"},
};

static void put_change(const struct jt_schedule_change *change, struct jt_buf *out)
{
    static const char *const names[] = {"publish", "sign", "stop", "drop", "revoke"};
    assert_int_equal(change->alg, ALG);
    assert_ok(jt_buf_printf(out, "%s%s", out->len == 0 ? "" : " ", names[change->step]));
    if (change->step == JT_STEP_STOP) {
        assert_ok(jt_buf_printf(out, "(%s@%" PRId64 ")", change->kid, change->at_s));
    } else if (change->step != JT_STEP_PUBLISH) {
        assert_ok(jt_buf_printf(out, "(%s)", change->kid));
    }
}

static size_t count_keys(const struct row *row)
{
    size_t n = 0;
    while (n < KEYS_MAX && row->keys[n].kid[0] != 0) {
        n++;
    }
    return n;
}

static enum jt_err run(const struct jt_schedule_conf *c, const struct row *row,
                       struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    size_t n = count_keys(row);
    bool force = row->step == FORCE_ROTATE || row->step == FORCE_REVOKE;
    if (row->step == TICK) {
        return jt_schedule_tick(c, row->keys, n, ALG, row->now_s, true, plan);
    }
    if (row->step == ROTATE || row->step == FORCE_ROTATE) {
        return jt_schedule_rotate(c, row->keys, n, ALG, row->now_s, force, plan, diag);
    }
    return jt_schedule_revoke(c, row->keys, n, row->kid, row->now_s, force, plan, diag);
}

static void check_rows(const struct jt_schedule_conf *c, const struct row *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        static struct jt_schedule_plan plan;
        struct jt_diag diag = JT_DIAG_INIT;
        JT_AUTO(buf) text = JT_BUF_INIT(4096);
        plan.n = 0;
        enum jt_err err = run(c, &table[i], &plan, &diag);
        for (size_t k = 0; k < plan.n; k++) {
            put_change(&plan.changes[k], &text);
        }
        if (err != table[i].want || strcmp(jt_buf_str(&text), table[i].plan) != 0) {
            fail_msg("%s: %s, plan \"%s\"", table[i].name, jt_err_name(err), jt_buf_str(&text));
        }
        assert_true(err == JT_OK || diag.text[0] != 0);
    }
}

static void steps_as_in_the_table(void **state)
{
    (void)state;
    check_rows(&conf, rows, JT_COUNT(rows));
    check_rows(&no_lead, rows_without_lead, JT_COUNT(rows_without_lead));
}

/* due is the first time at which a tick has something to do: not a second before. */
static void due_is_when_tick_acts(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        static struct jt_schedule_plan plan;
        size_t n = count_keys(&rows[i]);
        int64_t due = jt_schedule_due(&conf, rows[i].keys, n, ALG);
        plan.n = 0;
        assert_ok(jt_schedule_tick(&conf, rows[i].keys, n, ALG, due, true, &plan));
        assert_true(plan.n > 0);
        plan.n = 0;
        if (due > 0) {
            assert_ok(jt_schedule_tick(&conf, rows[i].keys, n, ALG, due - 1, true, &plan));
            assert_int_equal(plan.n, 0);
        }
    }
}

static void tick_not_allowed_to_drop_does_not(void **state)
{
    (void)state;
    const struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)};
    static struct jt_schedule_plan plan;
    assert_ok(jt_schedule_tick(&conf, keys, 3, ALG, 500, false, &plan));
    assert_int_equal(plan.n, 0);
    assert_ok(jt_schedule_tick(&conf, keys, 3, ALG, 500, true, &plan));
    assert_int_equal(plan.n, 1);
}

static void other_algorithms_keys_left_alone(void **state)
{
    (void)state;
    struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)};
    static struct jt_schedule_plan plan;
    /* a further algorithm of a live issuer is published and waits */
    assert_ok(jt_schedule_tick(&conf, keys, 3, JT_ALG_RS256, 5000, true, &plan));
    assert_int_equal(plan.n, 1);
    assert_int_equal(plan.changes[0].step, JT_STEP_PUBLISH);
    assert_int_equal(plan.changes[0].alg, JT_ALG_RS256);
    assert_null(jt_schedule_active(keys, 3, JT_ALG_RS256));
    assert_null(jt_schedule_next(keys, 3, JT_ALG_RS256));
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_schedule_rotate(&conf, keys, 3, JT_ALG_RS256, 5000, true, &plan, &diag),
               JT_ERR_NOT_FOUND);
    assert_int_equal(plan.n, 1);
    assert_ok(jt_schedule_rotate(&conf, keys, 3, ALG, 5000, false, &plan, &diag)); /* appended */
    assert_int_equal(plan.n, 4);
}

static void state_follows_from_times(void **state)
{
    (void)state;
    static const struct {
        struct jt_key_times key;
        enum jt_key_state want;
        bool published;
    } table[] = {
        {KEY("k", 0, 0, 0, 0, 0, 0), JT_KEY_NEXT, false},
        {NEXT("k", 1), JT_KEY_NEXT, true},
        {ACTIVE("k", 1, 2), JT_KEY_ACTIVE, true},
        {RETIRING("k", 3, 9), JT_KEY_RETIRING, true},
        {DROPPED("k"), JT_KEY_DROPPED, false},
        {REVOKED("k"), JT_KEY_REVOKED, false},
        {KEY("k", 1, 0, 0, 0, 0, 9), JT_KEY_REVOKED, false},
        {KEY("k", 1, 2, 3, 4, 5, 9), JT_KEY_REVOKED, false},
    };
    for (size_t i = 0; i < JT_COUNT(table); i++) {
        assert_int_equal(jt_schedule_state(&table[i].key, &table[i].key, 1), table[i].want);
        assert_int_equal(jt_schedule_published(&table[i].key), table[i].published);
    }
    const struct jt_key_times two[] = {ACTIVE("new", 1, 9), ACTIVE("old", 1, 2)};
    assert_int_equal(jt_schedule_state(&two[0], two, 2), JT_KEY_ACTIVE);
    assert_int_equal(jt_schedule_state(&two[1], two, 2), JT_KEY_RETIRING);
    assert_string_equal(jt_schedule_active(two, 2, ALG)->kid, "new");
}

static void refusal_tells_the_consequence(void **state)
{
    (void)state;
    const struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10)};
    static struct jt_schedule_plan plan;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_schedule_rotate(&conf, keys, 2, ALG, 40, false, &plan, &diag),
               JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "published 30s ago"));
    assert_non_null(strstr(diag.text, "lead is 1m 40s:"));
    assert_non_null(strstr(diag.text, "1m 10s more; wait"));
    diag = (struct jt_diag)JT_DIAG_INIT;
    assert_ok(jt_schedule_rotate(&conf, keys, 2, ALG, 40, true, &plan, &diag));
    assert_non_null(strstr(diag.text, "1m 10s more"));
    assert_null(strstr(diag.text, "use force"));
    plan.n = 0;
    diag = (struct jt_diag)JT_DIAG_INIT;
    assert_ok(jt_schedule_rotate(&conf, keys, 1, ALG, 40, false, &plan, &diag));
    assert_non_null(strstr(diag.text, "after the lead of 1m 40s"));
}

/* A verifier may have its copy from another issuer, which may be late. */
static void among_several_issuers_the_lead_begins_when_the_latest_shows_the_key(void **state)
{
    (void)state;
    struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10)};
    static struct jt_schedule_plan plan;
    struct jt_schedule_conf several = conf;
    struct jt_diag diag = JT_DIAG_INIT;
    several.late_s = 20;
    assert_int_equal(jt_schedule_wait(&several), 120);
    assert_err(jt_schedule_rotate(&several, keys, 2, ALG, 129, false, &plan, &diag),
               JT_ERR_WITHIN_LEAD);
    assert_non_null(strstr(diag.text, "lead is 1m 40s, and 20s for issuers that are late"));
    assert_non_null(strstr(diag.text, "1s more"));
    assert_ok(jt_schedule_rotate(&several, keys, 2, ALG, 130, false, &plan, NULL));
    plan.n = 0;
    keys[1].published_at_s = 950;
    assert_ok(jt_schedule_tick(&several, keys, 2, ALG, 1069, true, &plan));
    assert_int_equal(plan.n, 0);
    assert_int_equal(jt_schedule_due(&several, keys, 2, ALG), 1070);
    assert_ok(jt_schedule_tick(&several, keys, 2, ALG, 1070, true, &plan));
    assert_int_equal(plan.n, 3);
    several.lead_s = 0;
    assert_int_equal(jt_schedule_wait(&several), 0);
}

static void tail_of_all_that_retire_from_when_they_signed_last(void **state)
{
    (void)state;
    const struct jt_key_times keys[] = {
        ACTIVE("a", 10, 10),
        RETIRING("b", 20, 90),             /* 70 */
        KEY("c", 10, 500, 100, 560, 0, 0), /* the clock stepped back: 60 */
        KEY("d", 1, 2, 3, 900, 5, 0),      /* dropped */
        KEY("e", 1, 2, 3, 900, 0, 5),      /* revoked */
    };
    assert_int_equal(jt_schedule_tail(keys, 5), 70);
    assert_int_equal(jt_schedule_tail(&keys[2], 3), 60);
    assert_int_equal(jt_schedule_tail(keys, 1), 0);
}

static void plan_without_room_left_as_it_was(void **state)
{
    (void)state;
    const struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10), RETIRING("c", 20, 90)};
    static struct jt_schedule_plan plan;
    plan.n = JT_SCHEDULE_MAX - 3;
    assert_err(jt_schedule_tick(&conf, keys, 3, ALG, 1010, true, &plan), JT_ERR_LIMIT);
    assert_int_equal(plan.n, JT_SCHEDULE_MAX - 3);
    assert_ok(jt_schedule_rotate(&conf, keys, 3, ALG, 1010, false, &plan, NULL));
    assert_int_equal(plan.n, JT_SCHEDULE_MAX);
    assert_err(jt_schedule_revoke(&conf, keys, 3, "c", 1010, false, &plan, NULL), JT_ERR_LIMIT);
    assert_err(jt_schedule_rotate(&conf, keys, 3, ALG, 1010, false, &plan, NULL), JT_ERR_LIMIT);
    plan.n = JT_SCHEDULE_MAX - 4;
    assert_ok(jt_schedule_tick(&conf, keys, 3, ALG, 1010, true, &plan));
}

static void absurd_times_never_wrap(void **state)
{
    (void)state;
    struct jt_key_times keys[] = {ACTIVE("a", 10, 10), NEXT("b", 10)};
    static struct jt_schedule_plan plan;
    keys[0].longest_s = INT64_MAX;
    assert_ok(jt_schedule_rotate(&conf, keys, 2, ALG, 500, false, &plan, NULL));
    assert_int_equal(plan.changes[1].at_s == INT64_MAX, 1);
    plan.n = 0;
    keys[0].longest_s = -1000; /* a row never shortens the tail */
    assert_ok(jt_schedule_rotate(&conf, keys, 2, ALG, 500, false, &plan, NULL));
    assert_int_equal(plan.changes[1].at_s, 515);
    keys[0].sign_from_s = INT64_MAX;
    assert_true(jt_schedule_due(&conf, keys, 2, ALG) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_in_the_table),
        cmocka_unit_test(due_is_when_tick_acts),
        cmocka_unit_test(tick_not_allowed_to_drop_does_not),
        cmocka_unit_test(other_algorithms_keys_left_alone),
        cmocka_unit_test(state_follows_from_times),
        cmocka_unit_test(refusal_tells_the_consequence),
        cmocka_unit_test(among_several_issuers_the_lead_begins_when_the_latest_shows_the_key),
        cmocka_unit_test(tail_of_all_that_retire_from_when_they_signed_last),
        cmocka_unit_test(plan_without_room_left_as_it_was),
        cmocka_unit_test(absurd_times_never_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
