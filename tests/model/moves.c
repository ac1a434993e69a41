/* SPDX-License-Identifier: Apache-2.0 */
/* What each step of a history does to the world. */
#include <inttypes.h>

#include "tests/model/world.h"

#include "common/base/base.h"

#define HOUR_S 3600
#define DAY_S  86400
#define AT_DUE 6 /* ticks at their very time, at most, while time passes */

static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_RS256, JT_ALG_EDDSA};

static enum jt_alg any_alg(void)
{
    return algs[world_draw(JT_COUNT(algs))];
}

static struct issuer *any_issuer(void)
{
    return &w.issuers[world_draw((int64_t)w.n_issuers)];
}

/* Everyone who asks, while the others' copies are as they were; then they read. */
static void meet(void)
{
    crowd_meet();
    world_advance(w.now_s);
}

/* --- time --- */

static int64_t shown_of(const struct issuer *issuer)
{
    return world_wall_s(issuer) - w.now_s;
}

/* A time at which something becomes due, or old, a second to or fro; 0: none drawn. */
static int64_t edge(void)
{
    const struct commit *commit = &w.commits[w.n_commits - 1];
    const struct jt_key_times *row = &commit->shown[world_draw((int64_t)commit->n)];
    const struct key *key = &w.keys[rows_number(row->kid)];
    const struct issuer *issuer = any_issuer();
    int64_t off_s = shown_of(issuer);
    const int64_t edges[] = {
        issuer->due_s == INT64_MAX ? 0 : issuer->due_s - off_s,
        key->published_s + w.conf.lead_s,
        key->published_s + w.conf.lead_s + w.conf.late_s,
        row->drop_at_s == 0 ? 0 : row->drop_at_s - off_s,
        key->live_until_s,
        issuer->confirmed_s + w.conf.staleness_s,
        w.verifiers[world_draw(VERIFIERS)].fetched_s + w.conf.lead_s,
    };
    return edges[world_draw(JT_COUNT(edges))] + world_draw(3) - 1;
}

static int64_t target(void)
{
    static const int64_t most_s[] = {10, 600, HOUR_S, DAY_S, 10 * DAY_S};
    int64_t at_s = world_draw(2) == 0 ? 0 : edge();
    bool near = at_s > w.now_s && at_s < w.now_s + 400 * DAY_S;
    return near ? at_s : w.now_s + 1 + world_draw(most_s[world_draw(JT_COUNT(most_s))]);
}

/* The issuer whose tick comes first until `to_s`, of those not `tried`; NULL: none. */
static struct issuer *first_due(int64_t to_s, const bool tried[ISSUERS_MAX], int64_t *out_at_s)
{
    struct issuer *first = NULL;
    for (size_t i = 0; i < w.n_issuers; i++) {
        struct issuer *issuer = &w.issuers[i];
        if (tried[i] || !world_is_connected(issuer) || issuer->due_s == INT64_MAX) {
            continue;
        }
        int64_t at_s = issuer->due_s - shown_of(issuer);
        at_s = at_s > w.now_s ? at_s : w.now_s;
        if (at_s <= to_s) {
            to_s = at_s;
            first = issuer;
        }
    }
    *out_at_s = to_s;
    return first;
}

static void pass(void)
{
    int64_t to_s = target();
    bool tried[ISSUERS_MAX] = {false};
    for (int i = 0; i < AT_DUE; i++) {
        int64_t at_s = 0;
        struct issuer *issuer = first_due(to_s, tried, &at_s);
        if (issuer == NULL) {
            break;
        }
        world_advance(at_s);
        tried[issuer - w.issuers] = !world_tick(issuer);
        meet();
    }
    world_advance(to_s);
    for (size_t i = 0; i < w.n_issuers; i++) {
        if (world_draw(4) > 0) {
            (void)world_tick(&w.issuers[i]);
            meet();
        }
    }
}

/* --- by hand --- */

struct hand {
    struct issuer *issuer;
    struct jt_schedule_plan plan;
    struct jt_diag diag;
    int64_t now_s;
};

/* As run_step in issuer/key_steps.c; false: this issuer cannot. */
static bool take(struct hand *hand)
{
    hand->issuer = any_issuer();
    hand->plan.n = 0;
    hand->diag = (struct jt_diag)JT_DIAG_INIT;
    if (!world_is_connected(hand->issuer) || w.n_commits == 0) {
        return false;
    }
    world_look(hand->issuer);
    world_read(hand->issuer);
    hand->now_s = world_wall_s(hand->issuer);
    return true;
}

/* As check_clock there: after a step of the clock ahead what would sign by ages needs force. */
static enum jt_err doubt(const struct hand *hand, bool force)
{
    bool signs = false;
    for (size_t i = 0; i < hand->plan.n; i++) {
        signs = signs || hand->plan.changes[i].step == JT_STEP_SIGN;
    }
    return signs && !force && w.conf.lead_s > 0 && !w.rules->trusts_jumps &&
                   hand->issuer->watch.ahead &&
                   !w.rules->may_rotate(&hand->issuer->watch, &hand->issuer->clock)
               ? JT_ERR_WITHIN_LEAD
               : JT_OK;
}

static bool put(struct hand *hand, enum jt_err err, bool force, bool dies)
{
    if (err == JT_OK) {
        err = doubt(hand, force);
    }
    MUST(err != JT_ERR_WITHIN_LEAD || !force, "refused though forced");
    if (err != JT_OK || hand->plan.n == 0 || !rows_have_room(&hand->plan)) {
        w.counts->refused += err != JT_OK;
        return false;
    }
    if (dies) {
        hand->issuer->up = false;
        return false;
    }
    rows_apply(hand->issuer, &hand->plan, force || w.conf.lead_s == 0);
    w.counts->forced += force;
    hand->issuer->due_s = 0;
    if (world_draw(8) > 0) { /* or it dies before it publishes: the others act on its commit */
        world_read(hand->issuer);
    }
    meet();
    return true;
}

static void rotate(bool force, bool dies)
{
    static struct hand hand;
    if (take(&hand)) {
        enum jt_err err = w.rules->rotate(&w.conf, w.rows, w.n_keys, any_alg(), hand.now_s, force,
                                          &hand.plan, &hand.diag);
        MUST(err == JT_OK || (hand.plan.n == 0 && hand.diag.text[0] != 0),
             "refused without a word");
        w.counts->by_hand += put(&hand, err, force, dies);
    }
}

/* The next key, the one that signs, or any that ever was. */
static const char *victim(void)
{
    const struct commit *commit = &w.commits[w.n_commits - 1];
    return world_draw(3) == 0 ? w.rows[world_draw((int64_t)w.n_keys)].kid
                              : commit->shown[world_draw((int64_t)commit->n)].kid;
}

static void revoke(bool force)
{
    static struct hand hand;
    if (take(&hand)) {
        char kid[JT_KEY_KID_MAX];
        (void)snprintf(kid, sizeof kid, "%s", victim());
        enum jt_err err = w.rules->revoke(&w.conf, w.rows, w.n_keys, kid, hand.now_s, force,
                                          &hand.plan, &hand.diag);
        MUST(err == JT_OK || (hand.plan.n == 0 && hand.diag.text[0] != 0),
             "refused without a word");
        bool done = put(&hand, err, force, false);
        MUST(!done || w.keys[rows_number(kid)].revoked, "%s is not revoked", kid);
    }
}

static void revoke_all(void)
{
    static struct hand hand;
    bool stood[KEYS_MAX];
    if (!take(&hand) || world_draw(2) == 0) {
        return;
    }
    size_t n = w.n_keys;
    for (size_t i = 0; i < n; i++) {
        stood[i] = !w.keys[i].gone;
    }
    enum jt_err err =
        w.rules->revoke_all(&w.conf, w.rows, w.n_keys, hand.now_s, &hand.plan, &hand.diag);
    bool done = put(&hand, err, true, false);
    for (size_t i = 0; done && i < n; i++) {
        MUST(!stood[i] || w.keys[i].revoked, "a key outlives the emergency");
    }
    w.counts->emergencies += done;
}

static void add(void)
{
    static struct hand hand;
    if (take(&hand)) {
        enum jt_err err =
            w.rules->add(&w.conf, w.rows, w.n_keys, any_alg(), hand.now_s, &hand.plan, &hand.diag);
        w.counts->added += put(&hand, err, false, false);
    }
}

static void retire(void)
{
    static struct hand hand;
    if (take(&hand)) {
        enum jt_err err = w.rules->retire(&w.conf, w.rows, w.n_keys, any_alg(), hand.now_s,
                                          &hand.plan, &hand.diag);
        w.counts->retired += put(&hand, err, false, false);
    }
}

/* --- the configuration --- */

static void look_again(void)
{
    for (size_t i = 0; i < w.n_issuers; i++) {
        w.issuers[i].due_s = 0; /* as jt_issuer_reload */
    }
}

static void name(void)
{
    w.conf.named[algs[1 + world_draw(2)]] = world_draw(2) == 0;
    look_again();
}

static void change_lifetime(void)
{
    static const int64_t most_s[] = {600, HOUR_S, DAY_S};
    if (world_is_connected(any_issuer()) && w.n_commits > 0) {
        rows_set_lifetime(any_alg(), 1 + world_draw(most_s[world_draw(JT_COUNT(most_s))]));
    }
}

/* What jt_config_load allows: staleness < lead <= period, max_age <= lead. */
static void change_lead(void)
{
    int64_t low_s = w.conf.max_age_s > w.conf.staleness_s ? w.conf.max_age_s : w.conf.staleness_s;
    if (w.conf.lead_s == 0) {
        return; /* no lead is for trying out, and stays */
    }
    w.conf.lead_s = low_s + 1 + world_draw(world_draw(2) == 0 ? HOUR_S : DAY_S);
    w.conf.period_s = w.conf.lead_s + HOUR_S + world_draw(10 * DAY_S);
    w.conf.jitter_s = world_draw(HOUR_S);
    look_again();
}

static void change_tail(void)
{
    int64_t most_s = w.conf.lead_s == 0 ? DAY_S : w.conf.lead_s;
    w.conf.staleness_s = world_draw(most_s);
    w.conf.skew_s = world_draw(600);
    w.conf.max_age_s = 1 + world_draw(most_s < 600 ? most_s : 600);
    for (size_t i = 0; i < w.n_issuers; i++) {
        int64_t most_drift_s = w.conf.skew_s / 4;
        if (w.issuers[i].drift_s > most_drift_s || w.issuers[i].drift_s < -most_drift_s) {
            w.issuers[i].drift_s = 0;
        }
    }
    world_set_late();
    for (size_t i = 0; i < w.n_issuers; i++) { /* lowered at once, raised when it has read again */
        struct issuer *issuer = &w.issuers[i];
        if (issuer->limit_s > w.conf.staleness_s || w.rules->limit_rises) {
            issuer->limit_s = w.conf.staleness_s;
        }
    }
    look_again();
}

/* --- clocks --- */

static void drift(void)
{
    int64_t most_s = w.n_issuers > 1 ? w.conf.skew_s / 4 : 0;
    any_issuer()->drift_s = world_draw(2 * most_s + 1) - most_s;
}

static void jump(void)
{
    static const int64_t by_s[] = {61, 600, 2 * HOUR_S, 36 * HOUR_S, 40 * DAY_S, 800 * DAY_S};
    int64_t step_s = by_s[world_draw(JT_COUNT(by_s))] * (world_draw(2) == 0 ? 1 : -1);
    if (!w.jumps) {
        return;
    }
    for (size_t i = 0; i < w.n_issuers; i++) {
        w.issuers[i].jump_s += step_s;
    }
    w.jumped_s = w.now_s;
    w.counts->jumps++;
    world_tell("    by %" PRId64 " s", step_s);
}

static void jump_back(void)
{
    bool jumped = false;
    for (size_t i = 0; i < w.n_issuers; i++) {
        jumped = jumped || w.issuers[i].jump_s != 0;
        w.issuers[i].jump_s = 0;
    }
    if (jumped) {
        w.jumped_s = w.now_s;
        w.counts->jumps++;
    }
}

static void jump_one(void)
{
    if (w.jumps && world_draw(4) == 0) {
        any_issuer()->jump_s += (world_draw(2) == 0 ? 1 : -1) * (100 + world_draw(3 * DAY_S));
        w.jumped_s = w.now_s;
        w.is_dim = w.is_dim || w.n_issuers > 1;
        w.counts->jumps++;
    }
}

/* --- issuers --- */

static void fall_behind(void)
{
    struct issuer *issuer = any_issuer();
    int64_t most_s = world_draw(2) == 0 ? 60 : w.conf.staleness_s + 1;
    issuer->late_until_s = w.now_s + world_draw(most_s);
    w.counts->behind++;
}

static void heal(void)
{
    for (size_t i = 0; i < w.n_issuers; i++) {
        w.counts->beyond_limit += w.issuers[i].up && !world_is_ready(&w.issuers[i]);
        w.issuers[i].cut = false;
        w.issuers[i].late_until_s = 0;
        world_read(&w.issuers[i]);
    }
}

static void crash_after(void)
{
    size_t before = w.n_commits;
    rotate(world_draw(4) == 0, false);
    if (w.n_commits > before) {
        any_issuer()->up = false;
        w.counts->crashes++;
    }
}

static void rotate_freely(void)
{
    rotate(false, false);
}

static void rotate_by_force(void)
{
    rotate(true, false);
}

static void revoke_freely(void)
{
    revoke(false);
}

static void revoke_by_force(void)
{
    revoke(true);
}

static void crash(void)
{
    rotate(world_draw(2) == 0, true);
    w.counts->crashes++;
}

static void fetch(void)
{
    crowd_fetch(&w.verifiers[world_draw(VERIFIERS)]);
}

static void cut(void)
{
    any_issuer()->cut = true;
}

static void stop(void)
{
    any_issuer()->up = false;
}

static void start(void)
{
    world_start(any_issuer());
}

void moves_do(enum step_kind kind)
{
    static void (*const moves[STEP_KINDS_COUNT])(void) = {
        [STEP_PASS] = pass,
        [STEP_FETCH] = fetch,
        [STEP_ROTATE] = rotate_freely,
        [STEP_FORCE_ROTATE] = rotate_by_force,
        [STEP_REVOKE] = revoke_freely,
        [STEP_FORCE_REVOKE] = revoke_by_force,
        [STEP_REVOKE_ALL] = revoke_all,
        [STEP_ADD] = add,
        [STEP_RETIRE] = retire,
        [STEP_NAME] = name,
        [STEP_LIFETIME] = change_lifetime,
        [STEP_LEAD] = change_lead,
        [STEP_TAIL] = change_tail,
        [STEP_DRIFT] = drift,
        [STEP_JUMP] = jump,
        [STEP_JUMP_BACK] = jump_back,
        [STEP_JUMP_ONE] = jump_one,
        [STEP_LATE] = fall_behind,
        [STEP_CUT] = cut,
        [STEP_HEAL] = heal,
        [STEP_STOP] = stop,
        [STEP_CRASH] = crash,
        [STEP_CRASH_AFTER] = crash_after,
        [STEP_START] = start,
    };
    moves[kind]();
}
