/* SPDX-License-Identifier: Apache-2.0 */
/* The real calls; and the same with one fault each, put in from outside: by other rows, another
 * configuration or another time than the caller's, or by a plan that is altered. */
#include "tests/model/rules.h"

#include "common/base/base.h"

#define ROWS_MAX 400

#define ASK                                                                         \
    const struct jt_schedule_conf *conf, const struct jt_key_times *keys, size_t n, \
        enum jt_alg alg, int64_t now_s
#define TICK   ASK, bool may_drop, struct jt_schedule_plan *plan
#define ROTATE ASK, bool force, struct jt_schedule_plan *plan, struct jt_diag *diag
#define REVOKE                                                                      \
    const struct jt_schedule_conf *conf, const struct jt_key_times *keys, size_t n, \
        const char *kid, int64_t now_s, bool force, struct jt_schedule_plan *plan,  \
        struct jt_diag *diag

/* --- altered plans --- */

static void cut_out(struct jt_schedule_plan *plan, size_t i)
{
    plan->n--;
    memmove(&plan->changes[i], &plan->changes[i + 1], (plan->n - i) * sizeof plan->changes[0]);
}

static void cut_steps(struct jt_schedule_plan *plan, size_t from, enum jt_schedule_step step)
{
    for (size_t i = plan->n; i-- > from;) {
        if (plan->changes[i].step == step) {
            cut_out(plan, i);
        }
    }
}

static const struct jt_key_times *row_of(const struct jt_key_times *keys, size_t n, const char *kid)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].kid, kid) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

/* --- the lead --- */

static struct jt_schedule_conf without_lead(const struct jt_schedule_conf *conf)
{
    struct jt_schedule_conf none = *conf;
    none.lead_s = none.late_s = 0;
    return none;
}

static enum jt_err tick_without_lead(TICK)
{
    struct jt_schedule_conf none = without_lead(conf);
    return jt_schedule_tick(&none, keys, n, alg, now_s, may_drop, plan);
}

static int64_t due_without_lead(const struct jt_schedule_conf *conf,
                                const struct jt_key_times *keys, size_t n, enum jt_alg alg)
{
    struct jt_schedule_conf none = without_lead(conf);
    return jt_schedule_due(&none, keys, n, alg);
}

static enum jt_err rotate_without_lead(ROTATE)
{
    struct jt_schedule_conf none = without_lead(conf);
    return jt_schedule_rotate(&none, keys, n, alg, now_s, force, plan, diag);
}

static enum jt_err revoke_without_lead(REVOKE)
{
    struct jt_schedule_conf none = without_lead(conf);
    return jt_schedule_revoke(&none, keys, n, kid, now_s, force, plan, diag);
}

/* A second less: the edge. */
static enum jt_err rotate_a_second_early(ROTATE)
{
    return jt_schedule_rotate(conf, keys, n, alg, now_s + 1, force, plan, diag);
}

static enum jt_err rotate_not_counting_lateness(ROTATE)
{
    struct jt_schedule_conf alone = *conf;
    alone.late_s = 0;
    return jt_schedule_rotate(&alone, keys, n, alg, now_s, force, plan, diag);
}

static enum jt_err rotate_by_a_new_key(ROTATE)
{
    struct jt_key_times few[ROWS_MAX];
    size_t n_few = 0;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].sign_from_s != 0) {
            few[n_few++] = keys[i]; /* the next is not seen */
        }
    }
    return jt_schedule_rotate(conf, few, n_few, alg, now_s, true, plan, diag);
    (void)force;
}

/* Each algorithm is taken for an issuer that never served a set. */
static size_t rows_of(const struct jt_key_times *keys, size_t n, enum jt_alg alg,
                      struct jt_key_times out[ROWS_MAX])
{
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++) {
        if (keys[i].alg == alg) {
            out[n_out++] = keys[i];
        }
    }
    return n_out;
}

static enum jt_err tick_fresh_by_algorithm(TICK)
{
    struct jt_key_times own[ROWS_MAX];
    return jt_schedule_tick(conf, own, rows_of(keys, n, alg, own), alg, now_s, may_drop, plan);
}

/* --- the tail --- */

enum { NO_LONGEST, NO_STALENESS };

/* What a fault in the tail makes of configuration and rows. */
struct without {
    struct jt_schedule_conf conf;
    struct jt_key_times keys[ROWS_MAX];
};

static const struct without *without(int what, const struct jt_schedule_conf *conf,
                                     const struct jt_key_times *keys, size_t n)
{
    static struct without it;
    it.conf = *conf;
    it.conf.staleness_s = what == NO_STALENESS ? 0 : conf->staleness_s;
    for (size_t i = 0; i < n; i++) {
        it.keys[i] = keys[i];
        it.keys[i].longest_s = what == NO_LONGEST ? 0 : keys[i].longest_s;
    }
    return &it;
}

#define TAIL_FAULT(name, what)                                                            \
    static enum jt_err tick_##name(TICK)                                                  \
    {                                                                                     \
        const struct without *it = without(what, conf, keys, n);                          \
        return jt_schedule_tick(&it->conf, it->keys, n, alg, now_s, may_drop, plan);      \
    }                                                                                     \
    static enum jt_err rotate_##name(ROTATE)                                              \
    {                                                                                     \
        const struct without *it = without(what, conf, keys, n);                          \
        return jt_schedule_rotate(&it->conf, it->keys, n, alg, now_s, force, plan, diag); \
    }                                                                                     \
    static int64_t due_##name(const struct jt_schedule_conf *conf,                        \
                              const struct jt_key_times *keys, size_t n, enum jt_alg alg) \
    {                                                                                     \
        const struct without *it = without(what, conf, keys, n);                          \
        return jt_schedule_due(&it->conf, it->keys, n, alg);                              \
    }

TAIL_FAULT(without_longest, NO_LONGEST)
TAIL_FAULT(without_staleness, NO_STALENESS)

#define TAIL(fault) .tick = tick_##fault, .rotate = rotate_##fault, .due = due_##fault

static void drop_what_stops(struct jt_schedule_plan *plan, size_t from)
{
    for (size_t i = from, n = plan->n; i < n && plan->n < JT_SCHEDULE_MAX; i++) {
        if (plan->changes[i].step == JT_STEP_STOP) {
            plan->changes[plan->n] = plan->changes[i];
            plan->changes[plan->n++].step = JT_STEP_DROP;
        }
    }
}

static enum jt_err rotate_drops_at_once(ROTATE)
{
    size_t from = plan->n;
    enum jt_err err = jt_schedule_rotate(conf, keys, n, alg, now_s, force, plan, diag);
    drop_what_stops(plan, from);
    return err;
}

static enum jt_err retire_drops_at_once(ASK, struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    size_t from = plan->n;
    enum jt_err err = jt_schedule_retire(conf, keys, n, alg, now_s, plan, diag);
    drop_what_stops(plan, from);
    return err;
}

/* --- which key is which --- */

/* By the clock of the one who asks: the newest whose time has come, if it has not ended. */
static const struct jt_key_times *active_by_clock(const struct jt_key_times *keys, size_t n,
                                                  enum jt_alg alg, int64_t now_s)
{
    const struct jt_key_times *active = NULL;
    for (size_t i = 0; i < n; i++) {
        bool has_begun = keys[i].sign_from_s != 0 && keys[i].sign_from_s <= now_s;
        bool has_ended = keys[i].sign_until_s != 0 && keys[i].sign_until_s <= now_s;
        if (keys[i].alg == alg && has_begun && !has_ended &&
            (active == NULL || keys[i].sign_from_s > active->sign_from_s)) {
            active = &keys[i];
        }
    }
    return active;
}

static const struct jt_key_times *active_real(const struct jt_key_times *keys, size_t n,
                                              enum jt_alg alg, int64_t now_s)
{
    (void)now_s;
    return jt_schedule_active(keys, n, alg);
}

/* The newest row that is published, whether it may sign yet or not (as Hydra does). */
static const struct jt_key_times *active_is_the_newest(const struct jt_key_times *keys, size_t n,
                                                       enum jt_alg alg, int64_t now_s)
{
    const struct jt_key_times *next = jt_schedule_next(keys, n, alg);
    return next != NULL ? next : active_real(keys, n, alg, now_s);
}

static enum jt_err tick_makes_two(TICK)
{
    size_t from = plan->n;
    enum jt_err err = jt_schedule_tick(conf, keys, n, alg, now_s, may_drop, plan);
    if (plan->n > from && plan->changes[plan->n - 1].step == JT_STEP_PUBLISH) {
        plan->changes[plan->n] = plan->changes[plan->n - 1];
        plan->n++;
    }
    return err;
}

static enum jt_err rotate_stops_nothing(ROTATE)
{
    size_t from = plan->n;
    enum jt_err err = jt_schedule_rotate(conf, keys, n, alg, now_s, force, plan, diag);
    cut_steps(plan, from, JT_STEP_STOP);
    return err;
}

static enum jt_err revoke_without_another(REVOKE)
{
    size_t from = plan->n;
    enum jt_err err = jt_schedule_revoke(conf, keys, n, kid, now_s, force, plan, diag);
    for (size_t i = from; i < plan->n; i++) {
        if (plan->changes[i].kid[0] == 0) {
            plan->n = i;
        }
    }
    return err;
}

/* What was revoked is taken for a key like others. */
static enum jt_err rotate_forgets_revocations(ROTATE)
{
    struct jt_key_times all[ROWS_MAX];
    for (size_t i = 0; i < n; i++) {
        all[i] = keys[i];
        all[i].revoked_at_s = 0;
    }
    return jt_schedule_rotate(conf, all, n, alg, now_s, force, plan, diag);
}

static enum jt_err revoke_all_but_the_next(const struct jt_schedule_conf *conf,
                                           const struct jt_key_times *keys, size_t n, int64_t now_s,
                                           struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    enum jt_err err = jt_schedule_revoke_all(conf, keys, n, now_s, plan, diag);
    for (size_t i = plan->n; i-- > 0;) {
        const struct jt_key_times *row = row_of(keys, n, plan->changes[i].kid);
        if (plan->changes[i].step == JT_STEP_REVOKE && row != NULL && row->sign_from_s == 0) {
            cut_out(plan, i);
        }
    }
    return err;
}

static enum jt_err add_signs_at_once(ASK, struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    struct jt_schedule_conf none = without_lead(conf);
    return jt_schedule_add(&none, keys, n, alg, now_s, plan, diag);
}

static enum jt_err tick_never_rotates(TICK)
{
    size_t from = plan->n;
    bool signs = jt_schedule_active(keys, n, alg) != NULL;
    enum jt_err err = jt_schedule_tick(conf, keys, n, alg, now_s, may_drop, plan);
    plan->n = signs ? from : plan->n;
    return err;
}

/* --- clocks --- */

static int64_t look_sees_nothing(struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    (void)watch;
    (void)clock;
    return 0;
}

/* A step is forgotten after the pace time, whatever the lead and the tails. */
static bool rotates_after_an_hour(const struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    struct jt_clockwatch hasty = *watch;
    hasty.rotate_wait_s = 0;
    return jt_clockwatch_may_rotate(&hasty, clock);
}

static bool drops_after_an_hour(const struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    struct jt_clockwatch hasty = *watch;
    hasty.drop_wait_s = 0;
    return jt_clockwatch_may_drop(&hasty, clock);
}

#define REAL                                                                                    \
    .tick = jt_schedule_tick, .rotate = jt_schedule_rotate, .revoke = jt_schedule_revoke,       \
    .revoke_all = jt_schedule_revoke_all, .add = jt_schedule_add, .retire = jt_schedule_retire, \
    .due = jt_schedule_due, .active = active_real, .look = jt_clockwatch_look,                  \
    .may_rotate = jt_clockwatch_may_rotate, .may_drop = jt_clockwatch_may_drop

const struct rules rules_real = {.name = "none", REAL};

#if defined(__clang__)
#    pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#    pragma GCC diagnostic ignored "-Woverride-init"
#endif

const struct rules rules_faulty[] = {
    {REAL, .name = "a tick ignores the lead", .tick = tick_without_lead, .due = due_without_lead},
    {REAL, .name = "rotate ignores the lead", .rotate = rotate_without_lead},
    {REAL, .name = "rotate comes a second early", .rotate = rotate_a_second_early},
    {REAL, .name = "rotate forgets that others are late", .rotate = rotate_not_counting_lateness},
    {REAL, .name = "rotate signs with a key made now", .rotate = rotate_by_a_new_key},
    {REAL, .name = "revoke ignores the lead", .revoke = revoke_without_lead},
    {REAL, .name = "another algorithm signs at once", .add = add_signs_at_once},
    {REAL, .name = "each algorithm's first key is a fresh issuer's",
     .tick = tick_fresh_by_algorithm},
    {REAL, .name = "the tail lacks the longest lifetime", TAIL(without_longest)},
    {REAL, .name = "the tail lacks the staleness limit", TAIL(without_staleness)},
    {REAL, .name = "lifetimes are raised without their keys", .never_raises = true},
    {REAL, .name = "a key that stops is dropped at once", .rotate = rotate_drops_at_once},
    {REAL, .name = "a retired algorithm's key is dropped at once", .retire = retire_drops_at_once},
    {REAL, .name = "the clock says which key signs", .active = active_by_clock},
    {REAL, .name = "the newest key signs", .active = active_is_the_newest},
    {REAL, .name = "a tick makes two next keys", .tick = tick_makes_two},
    {REAL, .name = "rotate leaves the old key signing", .rotate = rotate_stops_nothing},
    {REAL, .name = "revoke publishes no other key", .revoke = revoke_without_another},
    {REAL, .name = "rotate forgets revocations", .rotate = rotate_forgets_revocations},
    {REAL, .name = "the emergency spares the next key", .revoke_all = revoke_all_but_the_next},
    {REAL, .name = "a tick never rotates", .tick = tick_never_rotates},
    {REAL, .name = "jumps of the clock are not seen", .look = look_sees_nothing},
    {REAL, .name = "an hour after a jump keys rotate", .may_rotate = rotates_after_an_hour},
    {REAL, .name = "an hour after a jump keys are dropped", .may_drop = drops_after_an_hour},
    {REAL, .name = "by hand a jump is forgotten", .trusts_jumps = true},
    {REAL, .name = "an issuer signs past the staleness limit", .signs_when_stale = true},
    {REAL, .name = "a raised staleness limit revives an issuer", .limit_rises = true},
    {REAL, .name = "plans are made by an issuer's copy of the rows", .plans_by_its_copy = true},
    {REAL, .name = "a plan is committed by halves", .tears = true},
};
const size_t rules_n_faulty = sizeof rules_faulty / sizeof rules_faulty[0];
