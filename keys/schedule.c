/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decision is made on ages, which are 0 and never negative when the clock stepped back behind
 * a row: then steps come later than planned, never earlier.
 */
#include "keys/schedule.h"

#include <inttypes.h>

#include "common/base/base.h"

/* What a step is planned from. */
struct view {
    const struct jt_schedule_conf *conf;
    const struct jt_key_times *keys;
    size_t n_keys;
    enum jt_alg alg;
    int64_t now_s;
};

/* A time later by `b`, which counts only when positive: no row makes a time earlier. */
static int64_t add_s(int64_t a, int64_t b)
{
    if (b <= 0) {
        return a;
    }
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int64_t age_s(int64_t since_s, int64_t now_s)
{
    return now_s > since_s ? now_s - since_s : 0;
}

/* When age_s(since_s, now) reaches `wait_s`. */
static int64_t ripe_at(int64_t since_s, int64_t wait_s)
{
    return wait_s == 0 ? 0 : add_s(since_s, wait_s);
}

bool jt_schedule_published(const struct jt_key_times *key)
{
    return key->published_at_s != 0 && key->dropped_at_s == 0 && key->revoked_at_s == 0;
}

static bool is_signing(const struct jt_key_times *key)
{
    return jt_schedule_published(key) && key->sign_from_s != 0 && key->sign_until_s == 0;
}

/* Did `a` begin after `b`? What began in the same second is ordered by publication, then by row. */
static bool is_newer(const struct jt_key_times *a, const struct jt_key_times *b)
{
    return a->sign_from_s > b->sign_from_s ||
           (a->sign_from_s == b->sign_from_s && a->published_at_s >= b->published_at_s);
}

const struct jt_key_times *jt_schedule_active(const struct jt_key_times *keys, size_t n_keys,
                                              enum jt_alg alg)
{
    const struct jt_key_times *active = NULL;
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].alg == alg && is_signing(&keys[i]) &&
            (active == NULL || is_newer(&keys[i], active))) {
            active = &keys[i];
        }
    }
    return active;
}

/* Should there be several, the one that has been published longest. */
const struct jt_key_times *jt_schedule_next(const struct jt_key_times *keys, size_t n_keys,
                                            enum jt_alg alg)
{
    const struct jt_key_times *next = NULL;
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].alg == alg && jt_schedule_published(&keys[i]) && keys[i].sign_from_s == 0 &&
            (next == NULL || keys[i].published_at_s < next->published_at_s)) {
            next = &keys[i];
        }
    }
    return next;
}

enum jt_key_state jt_schedule_state(const struct jt_key_times *key, const struct jt_key_times *keys,
                                    size_t n_keys)
{
    if (key->revoked_at_s != 0) {
        return JT_KEY_REVOKED;
    }
    if (key->dropped_at_s != 0) {
        return JT_KEY_DROPPED;
    }
    if (key->sign_from_s == 0) {
        return JT_KEY_NEXT;
    }
    if (key->sign_until_s != 0) {
        return JT_KEY_RETIRING;
    }
    const struct jt_key_times *active = jt_schedule_active(keys, n_keys, key->alg);
    return active != NULL && strcmp(active->kid, key->kid) != 0 ? JT_KEY_RETIRING : JT_KEY_ACTIVE;
}

static const struct jt_key_times *active_of(const struct view *v)
{
    return jt_schedule_active(v->keys, v->n_keys, v->alg);
}

static const struct jt_key_times *next_of(const struct view *v)
{
    return jt_schedule_next(v->keys, v->n_keys, v->alg);
}

/* `key` NULL: the one that the PUBLISH before it makes. */
static enum jt_err push(struct jt_schedule_plan *plan, enum jt_schedule_step step,
                        const struct view *v, const struct jt_key_times *key)
{
    if (plan->n == JT_SCHEDULE_MAX) {
        return JT_ERR_LIMIT;
    }
    struct jt_schedule_change *change = &plan->changes[plan->n++];
    *change = (struct jt_schedule_change){.step = step, .alg = v->alg};
    if (key != NULL) {
        memcpy(change->kid, key->kid, sizeof change->kid);
    }
    return JT_OK;
}

/* drop_at: when no token of this key can be unexpired anywhere, and no verifier's copy of the set
 * older than that. A replica cut off from the store signs on for the staleness limit. */
static enum jt_err push_stop(struct jt_schedule_plan *plan, const struct view *v,
                             const struct jt_key_times *key)
{
    JT_TRY(push(plan, JT_STEP_STOP, v, key));
    /* it signed at sign_from at least, even if the clock stepped back since */
    int64_t last_s = v->now_s > key->sign_from_s ? v->now_s : key->sign_from_s;
    int64_t at_s = add_s(last_s, key->longest_s);
    at_s = add_s(at_s, v->conf->staleness_s);
    at_s = add_s(at_s, v->conf->skew_s);
    plan->changes[plan->n - 1].at_s = add_s(at_s, v->conf->max_age_s);
    return JT_OK;
}

/* Stops every signing key but `kept` (NULL: every one). More than one is there only after a change
 * by hand: a superseded key would stay in the set for ever, its private half with it. */
static enum jt_err push_stops(struct jt_schedule_plan *plan, const struct view *v,
                              const struct jt_key_times *kept)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        const struct jt_key_times *key = &v->keys[i];
        if (key->alg == v->alg && is_signing(key) && key != kept) {
            JT_TRY(push_stop(plan, v, key));
        }
    }
    return JT_OK;
}

/* `next` (NULL: a key made now) signs, what signed stops, a new next is published. */
static enum jt_err push_rotation(struct jt_schedule_plan *plan, const struct view *v,
                                 const struct jt_key_times *next)
{
    if (next == NULL) {
        JT_TRY(push(plan, JT_STEP_PUBLISH, v, NULL));
    }
    JT_TRY(push(plan, JT_STEP_SIGN, v, next));
    JT_TRY(push_stops(plan, v, NULL));
    return push(plan, JT_STEP_PUBLISH, v, NULL);
}

/* NIST SP 800-57 part 1 sec. 5.3.6: no key signs for longer than its period. */
static bool is_due(const struct view *v, const struct jt_key_times *active,
                   const struct jt_key_times *next)
{
    bool aged = age_s(next->published_at_s, v->now_s) >= v->conf->lead_s;
    return aged && (active == NULL || age_s(active->sign_from_s, v->now_s) >= v->conf->period_s);
}

static bool is_fresh(const struct view *v)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (v->keys[i].published_at_s != 0) {
            return false;
        }
    }
    return true;
}

static enum jt_err plan_signing(const struct view *v, struct jt_schedule_plan *plan)
{
    const struct jt_key_times *active = active_of(v), *next = next_of(v);
    if (next != NULL && is_due(v, active, next)) {
        return push_rotation(plan, v, next);
    }
    if (next == NULL && active == NULL && (is_fresh(v) || v->conf->lead_s == 0)) {
        return push_rotation(plan, v, NULL);
    }
    JT_TRY(push_stops(plan, v, active));
    return next == NULL ? push(plan, JT_STEP_PUBLISH, v, NULL) : JT_OK;
}

static bool awaits_drop(const struct jt_key_times *key, enum jt_alg alg)
{
    return key->alg == alg && jt_schedule_published(key) && key->drop_at_s != 0;
}

static enum jt_err plan_drops(const struct view *v, struct jt_schedule_plan *plan)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (awaits_drop(&v->keys[i], v->alg) && v->now_s >= v->keys[i].drop_at_s) {
            JT_TRY(push(plan, JT_STEP_DROP, v, &v->keys[i]));
        }
    }
    return JT_OK;
}

/* Leaves `plan` as it was when the steps did not all fit. */
static enum jt_err keep(enum jt_err err, struct jt_schedule_plan *plan, size_t before)
{
    if (err != JT_OK) {
        plan->n = before;
    }
    return err;
}

/* NOLINTNEXTLINE(readability-function-size): rows come with their count */
enum jt_err jt_schedule_tick(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                             size_t n_keys, enum jt_alg alg, int64_t now_s, bool may_drop,
                             struct jt_schedule_plan *plan)
{
    const struct view v = {conf, keys, n_keys, alg, now_s};
    size_t before = plan->n;
    enum jt_err err = plan_signing(&v, plan);
    if (err == JT_OK && may_drop) {
        err = plan_drops(&v, plan);
    }
    return keep(err, plan, before);
}

/* Is `next` old enough to sign? If not, the consequence is told, and JT_ERR_WITHIN_LEAD unless it is
 * forced. */
static enum jt_err check_lead(const struct view *v, const struct jt_key_times *next, bool force,
                              struct jt_diag *diag)
{
    int64_t age = age_s(next->published_at_s, v->now_s);
    if (age >= v->conf->lead_s) {
        return JT_OK;
    }
    return jt_diag_fail(diag, force ? JT_OK : JT_ERR_WITHIN_LEAD,
                        "the next key %s was published %" PRId64 " s ago and the lead is %" PRId64
                        " s: verifiers that fetched the key set before that may refuse its tokens "
                        "for up to %" PRId64 " s more%s",
                        next->kid, age, v->conf->lead_s, v->conf->lead_s - age,
                        force ? "" : "; wait, or use force");
}

static enum jt_err rotate_by_hand(const struct view *v, bool force, struct jt_schedule_plan *plan,
                                  struct jt_diag *diag)
{
    const struct jt_key_times *active = active_of(v), *next = next_of(v);
    if (next == NULL && active == NULL) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "there is no key of algorithm %s to rotate",
                            jt_alg_row(v->alg) == NULL ? "none" : jt_alg_row(v->alg)->name);
    }
    if (next == NULL && !force && v->conf->lead_s > 0) {
        JT_TRY(push(plan, JT_STEP_PUBLISH, v, NULL));
        return jt_diag_fail(diag, JT_OK,
                            "there was no next key: one is published now and can sign after the "
                            "lead of %" PRId64 " s; rotate again then",
                            v->conf->lead_s);
    }
    if (next != NULL) {
        JT_TRY(check_lead(v, next, force, diag));
    }
    return push_rotation(plan, v, next);
}

/* NOLINTNEXTLINE(readability-function-size): rows come with their count */
enum jt_err jt_schedule_rotate(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                               size_t n_keys, enum jt_alg alg, int64_t now_s, bool force,
                               struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct view v = {conf, keys, n_keys, alg, now_s};
    size_t before = plan->n;
    return keep(rotate_by_hand(&v, force, plan, diag), plan, before);
}

static enum jt_err revoke_active(const struct view *v, const struct jt_key_times *key, bool force,
                                 struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_key_times *next = next_of(v);
    if (next == NULL && !force && v->conf->lead_s > 0) {
        return jt_diag_fail(diag, JT_ERR_WITHIN_LEAD,
                            "%s is the signing key and there is no next key to follow it: a new "
                            "one would sign unseen by verifiers; use force",
                            key->kid);
    }
    if (next != NULL) {
        JT_TRY(check_lead(v, next, force, diag));
    }
    JT_TRY(push(plan, JT_STEP_REVOKE, v, key));
    if (next == NULL) {
        JT_TRY(push(plan, JT_STEP_PUBLISH, v, NULL));
    }
    JT_TRY(push(plan, JT_STEP_SIGN, v, next));
    JT_TRY(push_stops(plan, v, key));
    return push(plan, JT_STEP_PUBLISH, v, NULL);
}

static bool is_last_published(const struct view *v, const struct jt_key_times *key)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (&v->keys[i] != key && jt_schedule_published(&v->keys[i])) {
            return false;
        }
    }
    return true;
}

static enum jt_err revoke_one(const struct view *v, const struct jt_key_times *key, bool force,
                              struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    if (key == active_of(v)) {
        return revoke_active(v, key, force, plan, diag);
    }
    JT_TRY(push(plan, JT_STEP_REVOKE, v, key));
    /* the set is never served empty */
    return key == next_of(v) || is_last_published(v, key) ? push(plan, JT_STEP_PUBLISH, v, NULL)
                                                          : JT_OK;
}

/* NOLINTNEXTLINE(readability-function-size): rows come with their count */
enum jt_err jt_schedule_revoke(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                               size_t n_keys, const char *kid, int64_t now_s, bool force,
                               struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_key_times *key = NULL;
    for (size_t i = 0; i < n_keys && key == NULL; i++) {
        key = strcmp(keys[i].kid, kid) == 0 ? &keys[i] : NULL;
    }
    if (key == NULL) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "there is no key %.63s", kid);
    }
    if (!jt_schedule_published(key)) {
        return jt_diag_fail(diag, JT_ERR_CONFLICT, "key %s is %s already", key->kid,
                            key->revoked_at_s != 0 ? "revoked" : "dropped from the set");
    }
    const struct view v = {conf, keys, n_keys, key->alg, now_s};
    size_t before = plan->n;
    return keep(revoke_one(&v, key, force, plan, diag), plan, before);
}

/* When plan_signing has something to do; 0: at once. */
static int64_t signing_due(const struct view *v)
{
    const struct jt_key_times *active = active_of(v), *next = next_of(v);
    for (size_t i = 0; i < v->n_keys; i++) {
        if (v->keys[i].alg == v->alg && is_signing(&v->keys[i]) && &v->keys[i] != active) {
            return 0;
        }
    }
    if (next == NULL) {
        return 0;
    }
    int64_t lead = ripe_at(next->published_at_s, v->conf->lead_s);
    int64_t period = active == NULL ? 0 : ripe_at(active->sign_from_s, v->conf->period_s);
    return lead > period ? lead : period;
}

int64_t jt_schedule_due(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                        size_t n_keys, enum jt_alg alg)
{
    const struct view v = {conf, keys, n_keys, alg, 0};
    int64_t due = signing_due(&v);
    for (size_t i = 0; i < n_keys; i++) {
        if (awaits_drop(&keys[i], alg) && keys[i].drop_at_s < due) {
            due = keys[i].drop_at_s;
        }
    }
    return due;
}
