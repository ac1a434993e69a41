/* SPDX-License-Identifier: Apache-2.0 */
/* The key schedule at work: each step is one transaction, made durable, then published, and only
 * then are the private halves that sign no more wiped. */
#include "issuer/change.h"
#include "issuer/key_told.h"
#include "issuer/told.h"
#include "issuer/uses.h"
#include "keys/witness.h"

#include "common/base/base.h"

/* Which plan to make; `keyring` is what the transaction read. */
struct step {
    enum { STEP_TICK, STEP_ROTATE, STEP_REVOKE, STEP_REVOKE_ALL, STEP_ADD, STEP_RETIRE } kind;
    enum jt_alg alg; /* JT_ALG_NONE: every one that is kept */
    const char *kid;
    bool force;
    const char *actor;
};

/* What a step is planned from. */
struct planning {
    const struct step *step;
    const struct jt_issuer *issuer;
    const struct jt_root *root;
    const struct jt_keyring *keyring;
    struct jt_schedule_conf conf;
    int64_t now_s;
};

static enum jt_err plan_ticks(const struct planning *p, struct jt_schedule_plan *plan)
{
    if (!jt_clockwatch_may_rotate(&p->issuer->watch, p->issuer->clock)) {
        return JT_OK; /* it jumped while the database let us wait */
    }
    bool may_drop = jt_clockwatch_may_drop(&p->issuer->watch, p->issuer->clock);
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        JT_TRY(jt_schedule_tick(&p->conf, p->keyring->times, p->keyring->n, alg, p->now_s, may_drop,
                                plan));
    }
    return JT_OK;
}

static bool keeps(const struct planning *p, enum jt_alg alg)
{
    return jt_schedule_kept(&p->conf, p->keyring->times, p->keyring->n, alg);
}

/* After a jump ahead a next key looks older than it is, and the lead would protect nobody. */
static enum jt_err check_clock(const struct planning *p, struct jt_diag *diag)
{
    const struct jt_clockwatch *watch = &p->issuer->watch;
    if (p->step->force || p->conf.lead_s == 0 || !watch->ahead ||
        jt_clockwatch_may_rotate(watch, p->issuer->clock)) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_WITHIN_LEAD,
                        "the clock jumped ahead, so the next key may be younger than it looks, and "
                        "some verifiers may lack it; wait, or use force");
}

static enum jt_err plan_rotations(const struct planning *p, struct jt_schedule_plan *plan,
                                  struct jt_diag *diag)
{
    const struct step *step = p->step;
    if (step->alg != JT_ALG_NONE && !keeps(p, step->alg)) {
        const char *name = jt_alg_row(step->alg)->name;
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                            "this issuer keeps no keys for %s; make them by jeton key "
                            "add-algorithm %s",
                            name, name);
    }
    JT_TRY(check_clock(p, diag));
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        if (step->alg != alg && (step->alg != JT_ALG_NONE || !keeps(p, alg))) {
            continue;
        }
        enum jt_err err = jt_schedule_rotate(&p->conf, p->keyring->times, p->keyring->n, alg,
                                             p->now_s, step->force, plan, diag);
        jt_key_told_young(p->issuer, p->keyring, alg, diag);
        JT_TRY(err);
    }
    return JT_OK;
}

static enum jt_err plan_revocation(const struct planning *p, struct jt_schedule_plan *plan,
                                   struct jt_diag *diag)
{
    const struct jt_keyring *keyring = p->keyring;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        const struct jt_key_times *active = jt_schedule_active(keyring->times, keyring->n, alg);
        if (active != NULL && strcmp(active->kid, p->step->kid) == 0) {
            JT_TRY(check_clock(p, diag));
        }
    }
    enum jt_err err = jt_schedule_revoke(&p->conf, keyring->times, keyring->n, p->step->kid,
                                         p->now_s, p->step->force, plan, diag);
    if (err == JT_OK || err == JT_ERR_WITHIN_LEAD) {
        jt_key_told_dying(p->issuer, keyring, p->step->kid, diag);
    }
    return err;
}

static enum jt_err plan_emergency(const struct planning *p, struct jt_schedule_plan *plan,
                                  struct jt_diag *diag)
{
    JT_TRY(
        jt_schedule_revoke_all(&p->conf, p->keyring->times, p->keyring->n, p->now_s, plan, diag));
    jt_key_told_dying(p->issuer, p->keyring, NULL, diag);
    return JT_OK;
}

static enum jt_err plan_addition(const struct planning *p, struct jt_schedule_plan *plan,
                                 struct jt_diag *diag)
{
    const char *name = jt_alg_row(p->step->alg)->name;
    char from[JT_TOLD_TIME];
    JT_TRY(jt_schedule_add(&p->conf, p->keyring->times, p->keyring->n, p->step->alg, p->now_s, plan,
                           diag));
    if (p->conf.lead_s == 0) {
        jt_told_add(diag, "%s: a key signs from now on; resources may take the algorithm", name);
    } else {
        jt_told_add(diag,
                    "%s: the first key is published and signs from %s; resources may take the "
                    "algorithm then",
                    name, jt_told_time(p->now_s + jt_schedule_wait(&p->conf), from));
    }
    return JT_OK;
}

struct use_check {
    enum jt_alg alg;
    struct jt_diag *diag;
};

static enum jt_err check_use(void *ctx, const struct jt_object *object)
{
    const struct use_check *check = ctx;
    const struct jt_resource *resource = (const struct jt_resource *)object;
    if (resource->alg != check->alg) {
        return JT_OK;
    }
    return jt_diag_fail(check->diag, JT_ERR_CONFLICT,
                        "resource '%.*s' is signed with %s; give it another alg first",
                        (int)object->id.n, (const char *)object->id.p,
                        jt_alg_row(check->alg)->name);
}

static enum jt_err plan_retirement(const struct planning *p, struct jt_schedule_plan *plan,
                                   struct jt_diag *diag)
{
    struct use_check check = {p->step->alg, diag};
    size_t before = plan->n;
    JT_TRY(jt_schedule_retire(&p->conf, p->keyring->times, p->keyring->n, p->step->alg, p->now_s,
                              plan, diag));
    JT_TRY(jt_access_each(p->root->access, JT_STORE_RESOURCE, check_use, &check));
    for (size_t i = before; i < plan->n; i++) {
        char until[JT_TOLD_TIME];
        if (plan->changes[i].step == JT_STEP_STOP) {
            jt_told_add(diag, "%s signs no more and stays in the set until %s",
                        plan->changes[i].kid, jt_told_time(plan->changes[i].at_s, until));
        }
    }
    return JT_OK;
}

static enum jt_err make_plan(const struct planning *p, struct jt_schedule_plan *plan,
                             struct jt_diag *diag)
{
    plan->n = 0;
    switch (p->step->kind) {
    case STEP_TICK:
        return plan_ticks(p, plan);
    case STEP_ROTATE:
        return plan_rotations(p, plan, diag);
    case STEP_REVOKE:
        return plan_revocation(p, plan, diag);
    case STEP_REVOKE_ALL:
        return plan_emergency(p, plan, diag);
    case STEP_ADD:
        return plan_addition(p, plan, diag);
    case STEP_RETIRE:
        return plan_retirement(p, plan, diag);
    }
    return JT_ERR_INTERNAL;
}

static void note_due(struct jt_issuer *issuer, const struct jt_config *config,
                     const struct jt_keyring *keyring)
{
    struct jt_schedule_conf conf = jt_config_schedule(config);
    issuer->due_s = INT64_MAX;
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        int64_t due_s = jt_schedule_due(&conf, keyring->times, keyring->n, alg);
        issuer->due_s = due_s < issuer->due_s ? due_s : issuer->due_s;
    }
}

static void log_plan(const struct jt_issuer *issuer, const struct jt_schedule_plan *plan,
                     const char *actor)
{
    static const enum jt_log_event events[] = {
        [JT_STEP_PUBLISH] = JT_EV_KEY_PUBLISH, [JT_STEP_SIGN] = JT_EV_KEY_SIGN,
        [JT_STEP_STOP] = JT_EV_KEY_STOP,       [JT_STEP_DROP] = JT_EV_KEY_DROP,
        [JT_STEP_REVOKE] = JT_EV_KEY_REVOKE,
    };
    for (size_t i = 0; i < plan->n; i++) {
        const struct jt_schedule_change *change = &plan->changes[i];
        const char *alg = jt_alg_row(change->alg)->name;
        if (change->step == JT_STEP_PUBLISH) {
            jt_log(issuer->log, events[change->step], jt_log_str("alg", alg),
                   jt_log_str("kid", change->kid),
                   jt_log_str("witness", jt_witness_name(change->alg)), jt_log_str("by", actor));
        } else {
            jt_log(issuer->log, events[change->step], jt_log_str("alg", alg),
                   jt_log_str("kid", change->kid), jt_log_str("by", actor));
        }
    }
}

static void look_at_clock(struct jt_issuer *issuer)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_schedule_conf conf = jt_config_schedule(&now->settings->config);
    issuer->watch.rotate_wait_s = jt_schedule_wait(&conf);
    int64_t step_s = jt_clockwatch_look(&issuer->watch, issuer->clock);
    if (step_s != 0) {
        jt_log(issuer->log, JT_EV_CLOCK_JUMP, jt_log_int("seconds", step_s),
               jt_log_str("fix", "check the clock; automatic key steps wait until it keeps pace"));
    }
}

/* The keys that a step which failed has made are in the signer. Whether they are in the store is known
 * when that was read again, for a commit may have come about all the same. */
static void keep_unborn(struct jt_issuer *issuer, const struct jt_keyring *keyring)
{
    for (size_t i = 0; i < keyring->n; i++) {
        if (jt_keyring_find(&issuer->known, keyring->times[i].kid) == issuer->known.n) {
            /* out of memory: it stays in the signer until the next start */
            JT_IGNORE(jt_keyring_add(&issuer->unborn, &keyring->times[i], &keyring->sealed[i]));
            issuer->due_s = 0;
        }
    }
}

/* In a transaction, which read `keyring`. */
static void forget_unborn(struct jt_issuer *issuer, const struct jt_keyring *keyring)
{
    for (size_t i = 0; i < issuer->unborn.n; i++) {
        if (jt_keyring_find(keyring, issuer->unborn.times[i].kid) == keyring->n) {
            jt_buf_release(&issuer->unborn.sealed[i].blob); /* sealed: nothing to wipe */
        }
    }
    jt_keyring_forget(&issuer->unborn, issuer->signer);
    jt_keyring_release(&issuer->unborn);
}

static enum jt_err carry_out(struct jt_issuer *issuer, const struct planning *p,
                             struct jt_keyring *keyring, struct jt_schedule_plan *plan,
                             struct jt_diag *diag)
{
    int64_t longest_s[JT_ALG_COUNT_];
    jt_change_longest(p->root->access, longest_s);
    enum jt_err err = jt_keyring_apply(keyring, plan, issuer->store, issuer->signer, p->step->actor,
                                       p->now_s, longest_s, diag);
    if (err == JT_OK) {
        err = jt_change_finish(issuer, NULL, keyring, diag);
    }
    if (err != JT_OK) {
        keep_unborn(issuer, keyring);
        return err;
    }
    log_plan(issuer, plan, p->step->actor);
    jt_keyring_forget(keyring, issuer->signer);
    return JT_OK;
}

/* In the transaction, in which `restored` rows were written. An empty plan commits nothing more. */
static enum jt_err run_plan(struct jt_issuer *issuer, const struct step *step,
                            struct jt_keyring *keyring, size_t restored, struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    const struct planning planning = {step,
                                      issuer,
                                      now,
                                      keyring,
                                      jt_config_schedule(&now->settings->config),
                                      jt_clock_wall_s(issuer->clock)};
    struct jt_schedule_plan plan;
    look_at_clock(
        issuer); /* at the time that the plan is made by: the database may have been slow */
    forget_unborn(issuer, keyring);
    issuer->watch.drop_wait_s = jt_schedule_tail(keyring->times, keyring->n);
    JT_TRY(make_plan(&planning, &plan, diag));
    if (plan.n > 0 || restored > 0) {
        JT_TRY(carry_out(issuer, &planning, keyring, &plan, diag));
    }
    now = jt_slots_current(issuer->roots);
    note_due(issuer, &now->settings->config, keyring);
    return JT_OK;
}

static enum jt_err run_step(struct jt_issuer *issuer, const struct step *step, struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    size_t restored = 0;
    JT_TRY(jt_change_begin(issuer, diag));
    enum jt_err err = jt_change_read_keys(issuer, true, &keyring, &restored, diag);
    if (err == JT_OK) {
        err = run_plan(issuer, step, &keyring, restored, diag);
    }
    err = jt_change_tell(issuer, err, diag);
    jt_store_rollback(issuer->store); /* harmless after the commit */
    jt_keyring_release(&keyring);
    return err;
}

enum jt_err jt_issuer_tick(struct jt_issuer *issuer, struct jt_diag *diag)
{
    enum jt_err err = JT_OK;
    (void)pthread_mutex_lock(&issuer->write_lock);
    (void)jt_slots_reclaim(issuer->roots); /* the count is of no use here */
    look_at_clock(issuer);
    if (jt_clock_wall_s(issuer->clock) >= issuer->due_s &&
        jt_clockwatch_may_rotate(&issuer->watch, issuer->clock)) {
        struct step step = {.kind = STEP_TICK, .actor = "schedule"};
        err = run_step(issuer, &step, diag);
    } else {
        err = jt_change_catch_up(issuer, diag);
    }
    if (err == JT_OK && jt_uses_due(issuer)) {
        err = jt_uses_save(issuer, diag);
    }
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return err;
}

/* --- by hand --- */

static enum jt_err by_hand(struct jt_issuer *issuer, const struct step *step, struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&issuer->write_lock);
    look_at_clock(issuer);
    enum jt_err err = run_step(issuer, step, diag);
    if (err == JT_OK || err == JT_ERR_WITHIN_LEAD) {
        jt_key_told_pause(issuer, diag);
    }
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return err;
}

enum jt_err jt_issuer_rotate(struct jt_issuer *issuer, enum jt_alg alg, bool force,
                             const char *actor, struct jt_diag *diag)
{
    struct step step = {.kind = STEP_ROTATE, .alg = alg, .force = force, .actor = actor};
    return by_hand(issuer, &step, diag);
}

enum jt_err jt_issuer_revoke(struct jt_issuer *issuer, const char *kid, bool force,
                             const char *actor, struct jt_diag *diag)
{
    struct step step = {.kind = STEP_REVOKE, .kid = kid, .force = force, .actor = actor};
    return by_hand(issuer, &step, diag);
}

enum jt_err jt_issuer_revoke_all(struct jt_issuer *issuer, const char *actor, struct jt_diag *diag)
{
    struct step step = {.kind = STEP_REVOKE_ALL, .force = true, .actor = actor};
    return by_hand(issuer, &step, diag);
}

enum jt_err jt_issuer_add_algorithm(struct jt_issuer *issuer, enum jt_alg alg, const char *actor,
                                    struct jt_diag *diag)
{
    struct step step = {.kind = STEP_ADD, .alg = alg, .actor = actor};
    return by_hand(issuer, &step, diag);
}

enum jt_err jt_issuer_retire_algorithm(struct jt_issuer *issuer, enum jt_alg alg, const char *actor,
                                       struct jt_diag *diag)
{
    struct step step = {.kind = STEP_RETIRE, .alg = alg, .actor = actor};
    return by_hand(issuer, &step, diag);
}

/* --- looking --- */

enum jt_err jt_issuer_schedule(struct jt_issuer *issuer, jt_issuer_schedule_fn fn, void *ctx,
                               struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    struct jt_issuer_schedule schedule = {0};
    (void)pthread_mutex_lock(&issuer->write_lock);
    const struct jt_root *now = jt_slots_current(issuer->roots);
    struct jt_clockwatch watch = issuer->watch;      /* a copy: looking moves it */
    (void)jt_clockwatch_look(&watch, issuer->clock); /* the daemon's tick tells of a jump */
    schedule.conf = jt_config_schedule(&now->settings->config);
    schedule.now_s = jt_clock_wall_s(issuer->clock);
    if (!jt_clockwatch_may_rotate(&watch, issuer->clock)) {
        schedule.pause_until_s = jt_clockwatch_until(&watch);
    }
    enum jt_err err = jt_change_catch_up(issuer, diag);
    if (err == JT_OK || jt_issuer_is_cut_off(issuer)) {
        /* also when the database is lost right after a step: its answer tells that it was done */
        err = jt_keyring_copy(&issuer->known, &keyring);
    }
    (void)pthread_mutex_unlock(&issuer->write_lock);
    if (err == JT_OK) {
        schedule.keys = keyring.times;
        schedule.n = keyring.n;
        err = fn(ctx, &schedule);
    }
    jt_keyring_release(&keyring);
    return err;
}

struct each_key {
    jt_issuer_key_fn fn;
    void *ctx;
};

static enum jt_err hand_keys(void *ctx, const struct jt_issuer_schedule *schedule)
{
    const struct each_key *each = ctx;
    for (size_t i = schedule->n; i-- > 0;) {
        const struct jt_key_times *key = &schedule->keys[i];
        JT_TRY(each->fn(each->ctx, key, jt_schedule_state(key, schedule->keys, schedule->n)));
    }
    return JT_OK;
}

enum jt_err jt_issuer_keys(struct jt_issuer *issuer, jt_issuer_key_fn fn, void *ctx,
                           struct jt_diag *diag)
{
    struct each_key each = {fn, ctx};
    return jt_issuer_schedule(issuer, hand_keys, &each, diag);
}
