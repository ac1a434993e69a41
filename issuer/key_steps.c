/* SPDX-License-Identifier: Apache-2.0 */
/* The key schedule at work: each step is one transaction, made durable, then published, and only
 * then are the private halves that sign no more wiped. */
#include "issuer/change.h"
#include "issuer/uses.h"

#include "common/base/base.h"

/* Which plan to make; `keyring` is what the transaction read. */
struct step {
    enum { STEP_TICK, STEP_ROTATE, STEP_REVOKE } kind;
    enum jt_alg alg; /* JT_ALG_NONE: every configured one */
    const char *kid;
    bool force;
    const char *actor;
};

static enum jt_err plan_alg(const struct step *step, const struct jt_issuer *issuer,
                            const struct jt_schedule_conf *conf, const struct jt_keyring *keyring,
                            enum jt_alg alg, int64_t now_s, struct jt_schedule_plan *plan,
                            struct jt_diag *diag)
{
    if (step->kind == STEP_ROTATE) {
        return jt_schedule_rotate(conf, keyring->times, keyring->n, alg, now_s, step->force, plan,
                                  diag);
    }
    return jt_schedule_tick(conf, keyring->times, keyring->n, alg, now_s,
                            jt_clockwatch_may_drop(&issuer->watch, issuer->clock), plan);
}

static enum jt_err make_plan(const struct step *step, const struct jt_issuer *issuer,
                             const struct jt_config *config, const struct jt_keyring *keyring,
                             int64_t now_s, struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    struct jt_schedule_conf conf = jt_config_schedule(config);
    plan->n = 0;
    if (step->kind == STEP_REVOKE) {
        return jt_schedule_revoke(&conf, keyring->times, keyring->n, step->kid, now_s, step->force,
                                  plan, diag);
    }
    for (char **name = config->algorithms; *name != NULL; name++) {
        enum jt_alg alg = jt_alg_find(jt_span_str(*name))->id;
        if (step->alg == JT_ALG_NONE || step->alg == alg) {
            JT_TRY(plan_alg(step, issuer, &conf, keyring, alg, now_s, plan, diag));
        }
    }
    return JT_OK;
}

static void note_due(struct jt_issuer *issuer, const struct jt_config *config,
                     const struct jt_keyring *keyring)
{
    struct jt_schedule_conf conf = jt_config_schedule(config);
    issuer->due_s = INT64_MAX;
    for (char **name = config->algorithms; *name != NULL; name++) {
        int64_t due_s =
            jt_schedule_due(&conf, keyring->times, keyring->n, jt_alg_find(jt_span_str(*name))->id);
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
        jt_log(issuer->log, events[change->step], jt_log_str("alg", jt_alg_row(change->alg)->name),
               jt_log_str("kid", change->kid), jt_log_str("by", actor));
    }
}

/* In the transaction. An empty plan commits nothing. */
static enum jt_err run_plan(struct jt_issuer *issuer, const struct step *step,
                            struct jt_keyring *keyring, struct jt_diag *diag)
{
    const struct jt_root *now = jt_slots_current(issuer->roots);
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    struct jt_schedule_plan plan;
    JT_TRY(make_plan(step, issuer, &now->settings->config, keyring, now_s, &plan, diag));
    if (plan.n > 0) {
        int64_t longest_s[JT_ALG_COUNT_];
        jt_change_longest(now->access, longest_s);
        JT_TRY(jt_keyring_apply(keyring, &plan, issuer->store, issuer->signer, step->actor, now_s,
                                longest_s, diag));
        JT_TRY(jt_change_finish(issuer, NULL, keyring, diag));
        log_plan(issuer, &plan, step->actor);
        jt_keyring_forget(keyring, issuer->signer);
    }
    now = jt_slots_current(issuer->roots);
    note_due(issuer, &now->settings->config, keyring);
    return JT_OK;
}

static enum jt_err run_step(struct jt_issuer *issuer, const struct step *step, struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    JT_TRY(jt_change_begin(issuer, diag));
    enum jt_err err = jt_keyring_read(issuer->store, issuer->signer, &keyring, diag);
    if (err == JT_OK) {
        err = run_plan(issuer, step, &keyring, diag);
    }
    jt_store_rollback(issuer->store); /* harmless after the commit */
    jt_keyring_release(&keyring);
    return err;
}

enum jt_err jt_issuer_tick(struct jt_issuer *issuer, struct jt_diag *diag)
{
    enum jt_err err = JT_OK;
    (void)pthread_mutex_lock(&issuer->write_lock);
    (void)jt_slots_reclaim(issuer->roots); /* the count is of no use here */
    int64_t step_s = jt_clockwatch_look(&issuer->watch, issuer->clock);
    if (step_s != 0) {
        jt_log(issuer->log, JT_EV_CLOCK_JUMP, jt_log_int("seconds", step_s),
               jt_log_str("fix", "check the clock; automatic key steps wait until it keeps pace"));
    }
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

enum jt_err jt_issuer_rotate(struct jt_issuer *issuer, enum jt_alg alg, bool force,
                             const char *actor, struct jt_diag *diag)
{
    struct step step = {.kind = STEP_ROTATE, .alg = alg, .force = force, .actor = actor};
    (void)pthread_mutex_lock(&issuer->write_lock);
    const struct jt_root *now = jt_slots_current(issuer->roots);
    enum jt_err err = JT_OK;
    if (alg != JT_ALG_NONE && !jt_config_has_alg(&now->settings->config, alg)) {
        err = jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                           "this issuer keeps no keys for %s; add it to keys.algorithms",
                           jt_alg_row(alg)->name);
    } else {
        err = run_step(issuer, &step, diag);
    }
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return err;
}

enum jt_err jt_issuer_revoke(struct jt_issuer *issuer, const char *kid, bool force,
                             const char *actor, struct jt_diag *diag)
{
    struct step step = {.kind = STEP_REVOKE, .kid = kid, .force = force, .actor = actor};
    (void)pthread_mutex_lock(&issuer->write_lock);
    enum jt_err err = run_step(issuer, &step, diag);
    (void)pthread_mutex_unlock(&issuer->write_lock);
    return err;
}

enum jt_err jt_issuer_keys(struct jt_issuer *issuer, jt_issuer_key_fn fn, void *ctx,
                           struct jt_diag *diag)
{
    struct jt_keyring keyring = {0};
    (void)pthread_mutex_lock(&issuer->write_lock);
    enum jt_err err = jt_keyring_read(issuer->store, issuer->signer, &keyring, diag);
    (void)pthread_mutex_unlock(&issuer->write_lock);
    for (size_t i = keyring.n; err == JT_OK && i-- > 0;) {
        err = fn(ctx, &keyring.times[i],
                 jt_schedule_state(&keyring.times[i], keyring.times, keyring.n));
    }
    jt_keyring_release(&keyring);
    return err;
}
