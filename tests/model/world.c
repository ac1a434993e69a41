/* SPDX-License-Identifier: Apache-2.0 */
/* The issuers, as issuer/key_steps.c and issuer/change.c are; and a history from begin to end. */
#include "tests/model/world.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/base/base.h"

#define START_S 1700000000
#define HOUR_S  3600
#define DAY_S   86400

#define PEACE_TICKS 24

struct world w;

void world_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(w.why, sizeof w.why, format, args);
    va_end(args);
    longjmp(w.failed, 1);
}

void world_tell(const char *format, ...)
{
    if (w.tell) {
        va_list args;
        va_start(args, format);
        (void)vprintf(format, args);
        va_end(args);
        (void)printf("\n");
    }
}

int64_t world_draw(int64_t below)
{
    return (int64_t)steps_draw(&w.chance, (uint64_t)below);
}

/* --- an issuer --- */

int64_t world_wall_s(const struct issuer *issuer)
{
    return w.now_s + issuer->drift_s + issuer->jump_s;
}

static int64_t wall_s(void *ctx)
{
    return world_wall_s(ctx);
}

static int64_t boot_ms(void *ctx)
{
    (void)ctx;
    return (w.now_s - START_S + HOUR_S) * 1000;
}

bool world_is_ready(const struct issuer *issuer)
{
    return w.now_s - issuer->confirmed_s <= issuer->limit_s;
}

bool world_is_connected(const struct issuer *issuer)
{
    return issuer->up && !issuer->cut && issuer->late_until_s <= w.now_s;
}

void world_read(struct issuer *issuer)
{
    if (world_is_connected(issuer) && w.n_commits > 0) {
        issuer->commit = w.n_commits - 1;
        issuer->confirmed_s = w.now_s;
        issuer->limit_s = w.conf.staleness_s;
    }
}

static void note_due(struct issuer *issuer)
{
    issuer->due_s = INT64_MAX;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        int64_t due_s = w.rules->due(&w.conf, w.rows, w.n_keys, alg);
        issuer->due_s = due_s < issuer->due_s ? due_s : issuer->due_s;
    }
}

/* A tick of `alg` acts when jt_schedule_due says so, and only then. */
static void plan_alg(const struct issuer *issuer, const struct jt_key_times *rows, size_t n,
                     enum jt_alg alg, struct jt_schedule_plan *plan)
{
    int64_t now_s = world_wall_s(issuer), due_s = w.rules->due(&w.conf, rows, n, alg);
    bool may_drop = w.rules->may_drop(&issuer->watch, &issuer->clock);
    size_t before = plan->n;
    MUST(w.rules->tick(&w.conf, rows, n, alg, now_s, may_drop, plan) == JT_OK, "a tick fails");
    MUST(plan->n == before || due_s <= now_s, "a tick acts before it is due");
    MUST(plan->n > before || due_s > now_s || !may_drop, "a tick that is due does nothing");
}

void world_look(struct issuer *issuer)
{
    issuer->watch.rotate_wait_s = jt_schedule_wait(&w.conf);
    (void)w.rules->look(&issuer->watch, &issuer->clock);
}

/* As jt_issuer_tick; whether something was done. */
bool world_tick(struct issuer *issuer)
{
    static struct jt_schedule_plan plan;
    if (!issuer->up) {
        return false;
    }
    world_look(issuer);
    if (!world_is_connected(issuer)) {
        return false;
    }
    if (world_wall_s(issuer) < issuer->due_s ||
        !w.rules->may_rotate(&issuer->watch, &issuer->clock)) {
        w.counts->waits += world_wall_s(issuer) >= issuer->due_s;
        world_read(issuer);
        return false;
    }
    issuer->watch.drop_wait_s = jt_schedule_tail(w.rows, w.n_keys);
    const struct commit *copy = &w.commits[issuer->commit];
    bool by_copy = w.rules->plans_by_its_copy && w.n_commits > 0;
    bool fresh = w.n_keys == 0;
    plan.n = 0;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        plan_alg(issuer, by_copy ? copy->shown : w.rows, by_copy ? copy->n : w.n_keys, alg, &plan);
    }
    if (plan.n > 0 && rows_have_room(&plan)) {
        world_tell("  issuer %zu ticks", (size_t)(issuer - w.issuers));
        rows_apply(issuer, &plan, fresh || w.conf.lead_s == 0);
    }
    world_read(issuer);
    note_due(issuer);
    return plan.n > 0;
}

void world_start(struct issuer *issuer)
{
    if (issuer->up || issuer->cut || issuer->late_until_s > w.now_s) {
        return; /* no start without the database */
    }
    w.counts->starts++;
    if (w.now_s - w.jumped_s < jt_schedule_tail(w.rows, w.n_keys) + w.conf.lead_s + DAY_S) {
        w.is_dim = true; /* it cannot know that the clock jumped */
    }
    issuer->up = true;
    issuer->due_s = 0;
    jt_clockwatch_init(&issuer->watch, &issuer->clock);
    world_read(issuer);
    (void)world_tick(issuer);
    world_read(issuer);
}

/* --- time --- */

void world_advance(int64_t to_s)
{
    w.now_s = to_s;
    for (size_t i = 0; i < w.n_issuers; i++) {
        world_read(&w.issuers[i]);
    }
    if (w.n_commits > 0) {
        crowd_meet();
    }
}

/* --- a history --- */

/* As jt_config_schedule: several issuers have copies of the rows, and clocks. */
void world_set_late(void)
{
    w.conf.late_s = w.n_issuers > 1 ? w.conf.staleness_s + w.conf.skew_s : 0;
}

static int64_t draw_span(void)
{
    static const int64_t most_s[] = {600, HOUR_S, DAY_S, 10 * DAY_S};
    return world_draw(most_s[world_draw(JT_COUNT(most_s))]);
}

static void begin(const struct steps *steps)
{
    static const int64_t leads[] = {0, 60, 300, HOUR_S, 4 * HOUR_S, DAY_S, DAY_S, DAY_S};
    w.chance = steps->seed ^ 0xA5A5A5A5u;
    w.now_s = START_S;
    w.jumped_s = -FOREVER_S;
    w.conf.lead_s = leads[world_draw(JT_COUNT(leads))];
    w.conf.period_s = w.conf.lead_s + HOUR_S + draw_span() * 3;
    w.conf.skew_s = world_draw(600);
    w.conf.max_age_s = w.conf.lead_s == 0 ? 300 : 1 + world_draw(w.conf.lead_s < 600 ? 30 : 600);
    w.conf.staleness_s = w.conf.lead_s == 0 ? 4 * HOUR_S : world_draw(w.conf.lead_s);
    w.conf.jitter_s = world_draw(2) == 0 ? 0 : world_draw(HOUR_S);
    w.conf.named[JT_ALG_ES256] = true;
    w.conf.named[JT_ALG_RS256] = world_draw(3) == 0;
    w.jumps = world_draw(3) == 0;
    w.n_issuers = world_draw(3) == 0 ? 1 : 1 + (size_t)world_draw(ISSUERS_MAX);
    world_set_late();
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        w.lifetime_s[alg] = 1 + world_draw(2 * HOUR_S);
    }
    for (size_t i = 0; i < w.n_issuers; i++) {
        struct issuer *issuer = &w.issuers[i];
        *issuer = (struct issuer){.clock = {wall_s, boot_ms, issuer}};
        world_start(issuer);
    }
    crowd_begin();
    w.counts->issuers += w.n_issuers;
}

/* In peace the keys of every algorithm that is kept turn in their time. */
static void check_peace(int64_t between_ticks_s)
{
    const struct issuer *issuer = &w.issuers[0];
    const struct commit *commit = &w.commits[w.n_commits - 1];
    int64_t now_s = world_wall_s(issuer), wait_s = jt_schedule_wait(&w.conf);
    int64_t term_s = w.conf.period_s + w.conf.jitter_s;
    term_s = (term_s > wait_s ? term_s : wait_s) + between_ticks_s;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        const struct jt_key_times *active = jt_schedule_active(commit->shown, commit->n, alg);
        if (!jt_schedule_kept(&w.conf, w.rows, w.n_keys, alg)) {
            continue;
        }
        MUST(active != NULL && jt_schedule_next(commit->shown, commit->n, alg) != NULL,
             "an algorithm has no key that signs, or no next (7)");
        MUST(now_s - active->sign_from_s <= term_s, "%s signs for %" PRId64 " s (7)", active->kid,
             now_s - active->sign_from_s);
    }
    for (size_t i = 0; i < commit->n; i++) {
        const struct jt_key_times *row = &commit->shown[i];
        int64_t goes_s = row->drop_at_s + w.conf.staleness_s + w.conf.skew_s + w.conf.max_age_s;
        goes_s += jt_schedule_tail(w.rows, w.n_keys); /* the clock may have been set */
        MUST(row->drop_at_s == 0 || goes_s + between_ticks_s >= now_s,
             "%s should be gone for %" PRId64 " s (7)", row->kid, now_s - row->drop_at_s);
    }
}

static bool has_row_of_the_future(void)
{
    for (size_t i = 0; i < w.n_keys; i++) {
        const struct jt_key_times *row = &w.rows[i];
        if (row->published_at_s > world_wall_s(&w.issuers[0]) ||
            row->sign_from_s > world_wall_s(&w.issuers[0]) ||
            row->sign_until_s > world_wall_s(&w.issuers[0])) {
            return true;
        }
    }
    return false;
}

/* A time without events, ticks in it: long enough for a key to turn. */
static void make_peace(void)
{
    int64_t span_s = w.conf.period_s + w.conf.jitter_s + 2 * w.conf.lead_s + 6 * HOUR_S +
                     w.conf.staleness_s + w.conf.skew_s;
    world_tell("peace");
    for (size_t i = 0; i < w.n_issuers; i++) {
        w.issuers[i].cut = false;
        w.issuers[i].late_until_s = 0;
        w.issuers[i].drift_s = 0;
        world_start(&w.issuers[i]);
    }
    for (int i = 0; i < PEACE_TICKS; i++) {
        world_advance(w.now_s + span_s / PEACE_TICKS + 1);
        for (size_t k = 0; k < w.n_issuers; k++) {
            w.issuers[k].due_s = 0; /* as another's step would have it read */
            (void)world_tick(&w.issuers[k]);
        }
    }
    if (!w.is_dim && !w.was_full && !has_row_of_the_future()) {
        check_peace(span_s / PEACE_TICKS + 1);
    }
}

const char *world_run(const struct steps *steps, const struct rules *rules, struct counts *counts,
                      bool tell)
{
    static char why[sizeof w.why + 64];
    w.n_keys = w.n_commits = 0;
    w.met_s = 0;
    w.conf = (struct jt_schedule_conf){0};
    w.is_dim = w.was_full = false;
    w.rules = rules;
    w.counts = counts;
    w.tell = tell;
    if (setjmp(w.failed) != 0) {
        (void)snprintf(why, sizeof why, "day %" PRId64 ": %s", (w.now_s - START_S) / DAY_S, w.why);
        return why;
    }
    begin(steps);
    for (size_t i = 0; i < steps->n; i++) {
        if (steps->left_out[i]) {
            continue;
        }
        w.chance = steps->at[i].chance;
        counts->steps[steps->at[i].kind]++;
        world_tell("%zu: day %" PRId64 " %05" PRId64 " %s", i, (w.now_s - START_S) / DAY_S,
                   (w.now_s - START_S) % DAY_S, steps_name(steps->at[i].kind));
        moves_do(steps->at[i].kind);
    }
    make_peace();
    counts->histories++;
    counts->dim += w.is_dim;
    counts->keys += w.n_keys;
    return NULL;
}
