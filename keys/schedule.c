/* SPDX-License-Identifier: Apache-2.0 */
/* What the times of the rows mean, and what is due by the clock. */
#include "keys/schedule.h"

#include "keys/schedule_view.h"

#include "common/base/base.h"

/* --- what the times mean --- */

bool jt_schedule_published(const struct jt_key_times *key)
{
    return key->published_at_s != 0 && key->dropped_at_s == 0 && key->revoked_at_s == 0;
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
        if (keys[i].alg == alg && jt_schedule_view_signs(&keys[i]) &&
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

bool jt_schedule_kept(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                      size_t n_keys, enum jt_alg alg)
{
    return conf->named[alg] || jt_schedule_active(keys, n_keys, alg) != NULL ||
           jt_schedule_next(keys, n_keys, alg) != NULL;
}

int64_t jt_schedule_wait(const struct jt_schedule_conf *conf)
{
    return conf->lead_s == 0 ? 0 : jt_schedule_view_add(conf->lead_s, conf->late_s);
}

int64_t jt_schedule_tail_of(const struct jt_schedule_conf *conf, const struct jt_key_times *key)
{
    int64_t tail_s = jt_schedule_view_add(conf->staleness_s, key->longest_s);
    return jt_schedule_view_add(jt_schedule_view_add(tail_s, conf->skew_s), conf->max_age_s);
}

/* FNV-1a: a kid is a digest already, and nobody gains by knowing the time. */
int64_t jt_schedule_jitter(const struct jt_schedule_conf *conf, const struct jt_key_times *key)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *p = key->kid; *p != 0; p++) {
        hash = (hash ^ (uint8_t)*p) * 1099511628211u;
    }
    return conf->jitter_s <= 0 ? 0 : (int64_t)(hash % ((uint64_t)conf->jitter_s + 1));
}

/* --- what is due --- */

static bool awaits_drop(const struct jt_key_times *key, enum jt_alg alg)
{
    return key->alg == alg && jt_schedule_published(key) && key->drop_at_s != 0;
}

int64_t jt_schedule_tail(const struct jt_key_times *keys, size_t n_keys)
{
    int64_t longest_s = 0;
    for (size_t i = 0; i < n_keys; i++) {
        const struct jt_key_times *key = &keys[i];
        int64_t last_s =
            key->sign_until_s > key->sign_from_s ? key->sign_until_s : key->sign_from_s;
        if (awaits_drop(key, key->alg) && key->drop_at_s - last_s > longest_s) {
            longest_s = key->drop_at_s - last_s;
        }
    }
    return longest_s;
}

/* How long `active` signs. NIST SP 800-57 part 1 sec. 5.3.6: no key signs for longer than its
 * period. */
static int64_t term_s(const struct jt_schedule_view *v, const struct jt_key_times *active)
{
    return jt_schedule_view_add(v->conf->period_s, jt_schedule_jitter(v->conf, active));
}

static bool is_due(const struct jt_schedule_view *v, const struct jt_key_times *active,
                   const struct jt_key_times *next)
{
    bool aged = jt_schedule_view_age(v, next->published_at_s) >= jt_schedule_wait(v->conf);
    return aged &&
           (active == NULL || jt_schedule_view_age(v, active->sign_from_s) >= term_s(v, active));
}

static enum jt_err plan_signing(const struct jt_schedule_view *v, struct jt_schedule_plan *plan)
{
    const struct jt_key_times *active = jt_schedule_view_active(v),
                              *next = jt_schedule_view_next(v);
    if (next != NULL && is_due(v, active, next)) {
        return jt_schedule_view_rotation(plan, v, next);
    }
    if (next == NULL && active == NULL && (jt_schedule_view_fresh(v) || v->conf->lead_s == 0)) {
        return jt_schedule_view_rotation(plan, v, NULL);
    }
    JT_TRY(jt_schedule_view_stops(plan, v, active));
    return next == NULL ? jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL) : JT_OK;
}

static enum jt_err plan_drops(const struct jt_schedule_view *v, struct jt_schedule_plan *plan)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (awaits_drop(&v->keys[i], v->alg) && v->now_s >= v->keys[i].drop_at_s) {
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_DROP, v, &v->keys[i]));
        }
    }
    return JT_OK;
}

/* NOLINTNEXTLINE(readability-function-size): rows come with their count */
enum jt_err jt_schedule_tick(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                             size_t n_keys, enum jt_alg alg, int64_t now_s, bool may_drop,
                             struct jt_schedule_plan *plan)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, now_s};
    size_t before = plan->n;
    enum jt_err err = JT_OK;
    if (jt_schedule_kept(conf, keys, n_keys, alg)) {
        err = plan_signing(&v, plan);
    }
    if (err == JT_OK && may_drop) {
        err = plan_drops(&v, plan);
    }
    return jt_schedule_view_keep(err, plan, before);
}

/* When the age of `since_s` reaches `wait_s`. */
static int64_t ripe_at(int64_t since_s, int64_t wait_s)
{
    return wait_s == 0 ? 0 : jt_schedule_view_add(since_s, wait_s);
}

static int64_t turn_of(const struct jt_schedule_view *v, const struct jt_key_times *active,
                       const struct jt_key_times *next)
{
    int64_t lead = ripe_at(next->published_at_s, jt_schedule_wait(v->conf));
    int64_t term = active == NULL ? 0 : ripe_at(active->sign_from_s, term_s(v, active));
    return lead > term ? lead : term;
}

/* When plan_signing has something to do; 0: at once. */
static int64_t signing_due(const struct jt_schedule_view *v)
{
    const struct jt_key_times *active = jt_schedule_view_active(v),
                              *next = jt_schedule_view_next(v);
    for (size_t i = 0; i < v->n_keys; i++) {
        if (v->keys[i].alg == v->alg && jt_schedule_view_signs(&v->keys[i]) &&
            &v->keys[i] != active) {
            return 0;
        }
    }
    return next == NULL ? 0 : turn_of(v, active, next);
}

int64_t jt_schedule_turn(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                         size_t n_keys, enum jt_alg alg)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, 0};
    const struct jt_key_times *next = jt_schedule_view_next(&v);
    return next == NULL ? INT64_MAX : turn_of(&v, jt_schedule_view_active(&v), next);
}

int64_t jt_schedule_due(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                        size_t n_keys, enum jt_alg alg)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, 0};
    int64_t due = jt_schedule_kept(conf, keys, n_keys, alg) ? signing_due(&v) : INT64_MAX;
    for (size_t i = 0; i < n_keys; i++) {
        if (awaits_drop(&keys[i], alg) && keys[i].drop_at_s < due) {
            due = keys[i].drop_at_s;
        }
    }
    return due;
}
