/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/schedule_view.h"

#include "common/base/base.h"

int64_t jt_schedule_view_add(int64_t a_s, int64_t b_s)
{
    if (b_s <= 0) {
        return a_s;
    }
    return a_s > INT64_MAX - b_s ? INT64_MAX : a_s + b_s;
}

int64_t jt_schedule_view_age(const struct jt_schedule_view *v, int64_t since_s)
{
    return v->now_s > since_s ? v->now_s - since_s : 0;
}

const struct jt_key_times *jt_schedule_view_active(const struct jt_schedule_view *v)
{
    return jt_schedule_active(v->keys, v->n_keys, v->alg);
}

const struct jt_key_times *jt_schedule_view_next(const struct jt_schedule_view *v)
{
    return jt_schedule_next(v->keys, v->n_keys, v->alg);
}

bool jt_schedule_view_signs(const struct jt_key_times *key)
{
    return jt_schedule_published(key) && key->sign_from_s != 0 && key->sign_until_s == 0;
}

bool jt_schedule_view_fresh(const struct jt_schedule_view *v)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (v->keys[i].published_at_s != 0) {
            return false;
        }
    }
    return true;
}

enum jt_err jt_schedule_view_push(struct jt_schedule_plan *plan, enum jt_schedule_step step,
                                  const struct jt_schedule_view *v, const struct jt_key_times *key)
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
static enum jt_err push_stop(struct jt_schedule_plan *plan, const struct jt_schedule_view *v,
                             const struct jt_key_times *key)
{
    JT_TRY(jt_schedule_view_push(plan, JT_STEP_STOP, v, key));
    /* it signed at sign_from at least, even if the clock stepped back since */
    int64_t last_s = v->now_s > key->sign_from_s ? v->now_s : key->sign_from_s;
    plan->changes[plan->n - 1].at_s =
        jt_schedule_view_add(last_s, jt_schedule_tail_of(v->conf, key));
    return JT_OK;
}

/* More than one signs only after a change by hand: a superseded key would stay in the set for ever,
 * its private half with it. */
enum jt_err jt_schedule_view_stops(struct jt_schedule_plan *plan, const struct jt_schedule_view *v,
                                   const struct jt_key_times *kept)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        const struct jt_key_times *key = &v->keys[i];
        if (key != kept && key->alg == v->alg && jt_schedule_view_signs(key)) {
            JT_TRY(push_stop(plan, v, key));
        }
    }
    return JT_OK;
}

enum jt_err jt_schedule_view_rotation(struct jt_schedule_plan *plan,
                                      const struct jt_schedule_view *v,
                                      const struct jt_key_times *next)
{
    if (next == NULL) {
        JT_TRY(jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL));
    }
    JT_TRY(jt_schedule_view_push(plan, JT_STEP_SIGN, v, next));
    JT_TRY(jt_schedule_view_stops(plan, v, NULL));
    return jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL);
}

enum jt_err jt_schedule_view_keep(enum jt_err err, struct jt_schedule_plan *plan, size_t before)
{
    if (err != JT_OK) {
        plan->n = before;
    }
    return err;
}
