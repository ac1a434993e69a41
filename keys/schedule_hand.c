/* SPDX-License-Identifier: Apache-2.0 */
/* The steps that an operator takes: rotation, revocation, another algorithm, one less. */
#include "keys/schedule.h"

#include <inttypes.h>
#include <stdio.h>

#include "keys/schedule_view.h"

#include "common/base/lasting.h"

#include "common/base/base.h"

static const char *name_of(enum jt_alg alg)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    return row == NULL ? "none" : row->name;
}

/* Is `next` old enough to sign? If not, the consequence is told, and JT_ERR_WITHIN_LEAD unless it is
 * forced. */
static enum jt_err check_lead(const struct jt_schedule_view *v, const struct jt_key_times *next,
                              bool force, struct jt_diag *diag)
{
    int64_t age = jt_schedule_view_age(v, next->published_at_s), wait = jt_schedule_wait(v->conf);
    char late[80] = "", ago[JT_LASTING], lead[JT_LASTING], more[JT_LASTING];
    if (age >= wait) {
        return JT_OK;
    }
    if (v->conf->late_s > 0) {
        (void)snprintf(late, sizeof late, ", and %s for issuers that are late",
                       jt_lasting(v->conf->late_s, more)); /* it fits */
    }
    return jt_diag_fail(diag, force ? JT_OK : JT_ERR_WITHIN_LEAD,
                        "the next key %s was published %s ago and the lead is %s%s: verifiers that "
                        "fetched the key set before that may refuse its tokens for up to %s more%s",
                        next->kid, jt_lasting(age, ago), jt_lasting(v->conf->lead_s, lead), late,
                        jt_lasting(wait - age, more), force ? "" : "; wait, or force it");
}

/* --- rotation --- */

static enum jt_err rotate_by_hand(const struct jt_schedule_view *v, bool force,
                                  struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_key_times *active = jt_schedule_view_active(v),
                              *next = jt_schedule_view_next(v);
    if (next == NULL && active == NULL) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "there is no key of algorithm %s to rotate",
                            name_of(v->alg));
    }
    if (next == NULL && !force && v->conf->lead_s > 0) {
        JT_TRY(jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL));
        char wait[JT_LASTING];
        return jt_diag_fail(diag, JT_OK,
                            "there was no next key: one is published now and can sign after the "
                            "lead of %s; rotate again then",
                            jt_lasting(jt_schedule_wait(v->conf), wait));
    }
    if (next != NULL) {
        JT_TRY(check_lead(v, next, force, diag));
    }
    return jt_schedule_view_rotation(plan, v, next);
}

/* NOLINTNEXTLINE(readability-function-size): rows come with their count */
enum jt_err jt_schedule_rotate(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                               size_t n_keys, enum jt_alg alg, int64_t now_s, bool force,
                               struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, now_s};
    size_t before = plan->n;
    return jt_schedule_view_keep(rotate_by_hand(&v, force, plan, diag), plan, before);
}

/* --- revocation --- */

static enum jt_err revoke_active(const struct jt_schedule_view *v, const struct jt_key_times *key,
                                 bool force, struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_key_times *next = jt_schedule_view_next(v);
    if (next == NULL && !force && v->conf->lead_s > 0) {
        return jt_diag_fail(diag, JT_ERR_WITHIN_LEAD,
                            "%s is the signing key and there is no next key to follow it: a new "
                            "one would sign unseen by verifiers",
                            key->kid);
    }
    if (next != NULL) {
        JT_TRY(check_lead(v, next, force, diag));
    }
    JT_TRY(jt_schedule_view_push(plan, JT_STEP_REVOKE, v, key));
    if (next == NULL) {
        JT_TRY(jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL));
    }
    JT_TRY(jt_schedule_view_push(plan, JT_STEP_SIGN, v, next));
    JT_TRY(jt_schedule_view_stops(plan, v, key));
    return jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL);
}

static bool is_last_published(const struct jt_schedule_view *v, const struct jt_key_times *key)
{
    for (size_t i = 0; i < v->n_keys; i++) {
        if (&v->keys[i] != key && jt_schedule_published(&v->keys[i])) {
            return false;
        }
    }
    return true;
}

static enum jt_err revoke_one(const struct jt_schedule_view *v, const struct jt_key_times *key,
                              bool force, struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    if (key == jt_schedule_view_active(v)) {
        return revoke_active(v, key, force, plan, diag);
    }
    JT_TRY(jt_schedule_view_push(plan, JT_STEP_REVOKE, v, key));
    /* the set is never served empty */
    return key == jt_schedule_view_next(v) || is_last_published(v, key)
               ? jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL)
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
    const struct jt_schedule_view v = {conf, keys, n_keys, key->alg, now_s};
    size_t before = plan->n;
    return jt_schedule_view_keep(revoke_one(&v, key, force, plan, diag), plan, before);
}

/* --- the emergency --- */

static enum jt_err replace_all(struct jt_schedule_view *v, struct jt_schedule_plan *plan,
                               size_t *out_revoked)
{
    size_t before = plan->n;
    for (size_t i = 0; i < v->n_keys; i++) {
        if (jt_schedule_published(&v->keys[i])) {
            v->alg = v->keys[i].alg;
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_REVOKE, v, &v->keys[i]));
        }
    }
    *out_revoked = plan->n - before;
    size_t fresh = 0;
    for (v->alg = JT_ALG_NONE + 1; v->alg < JT_ALG_COUNT_; v->alg++) {
        if (jt_schedule_kept(v->conf, v->keys, v->n_keys, v->alg)) {
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL));
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_SIGN, v, NULL));
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_PUBLISH, v, NULL));
            fresh++;
        }
    }
    /* retiring keys alone, of algorithms that are kept no more, would leave an empty set */
    return *out_revoked == 0 || fresh == 0 ? JT_ERR_NOT_FOUND : JT_OK;
}

enum jt_err jt_schedule_revoke_all(const struct jt_schedule_conf *conf,
                                   const struct jt_key_times *keys, size_t n_keys, int64_t now_s,
                                   struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    struct jt_schedule_view v = {conf, keys, n_keys, JT_ALG_NONE, now_s};
    size_t before = plan->n, revoked = 0;
    enum jt_err err = jt_schedule_view_keep(replace_all(&v, plan, &revoked), plan, before);
    if (err == JT_ERR_NOT_FOUND) {
        return jt_diag_fail(diag, err, "there is no key to replace");
    }
    if (err == JT_OK) {
        char max_age[JT_LASTING];
        return jt_diag_fail(
            diag, JT_OK,
            "%zu keys are revoked and fresh ones sign at once, which no verifier has "
            "seen: until a verifier fetches the key set again (max-age %s; some wait longer) it "
            "accepts the old keys' tokens and refuses the new ones",
            revoked, jt_lasting(conf->max_age_s, max_age));
    }
    return err;
}

/* --- algorithms --- */

enum jt_err jt_schedule_add(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                            size_t n_keys, enum jt_alg alg, int64_t now_s,
                            struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, now_s};
    size_t before = plan->n;
    if (jt_schedule_kept(conf, keys, n_keys, alg)) {
        return jt_diag_fail(diag, JT_ERR_EXISTS, "keys of %s are kept already", name_of(alg));
    }
    enum jt_err err = jt_schedule_view_fresh(&v) || conf->lead_s == 0
                          ? jt_schedule_view_rotation(plan, &v, NULL)
                          : jt_schedule_view_push(plan, JT_STEP_PUBLISH, &v, NULL);
    return jt_schedule_view_keep(err, plan, before);
}

static enum jt_err retire(const struct jt_schedule_view *v, struct jt_schedule_plan *plan)
{
    JT_TRY(jt_schedule_view_stops(plan, v, NULL));
    for (size_t i = 0; i < v->n_keys; i++) {
        const struct jt_key_times *key = &v->keys[i];
        if (key->alg == v->alg && jt_schedule_published(key) && key->sign_from_s == 0) {
            JT_TRY(jt_schedule_view_push(plan, JT_STEP_DROP, v, key));
        }
    }
    return JT_OK;
}

static bool other_is_kept(const struct jt_schedule_view *v)
{
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        if (alg != v->alg && (jt_schedule_active(v->keys, v->n_keys, alg) != NULL ||
                              jt_schedule_next(v->keys, v->n_keys, alg) != NULL)) {
            return true;
        }
    }
    return false;
}

enum jt_err jt_schedule_retire(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                               size_t n_keys, enum jt_alg alg, int64_t now_s,
                               struct jt_schedule_plan *plan, struct jt_diag *diag)
{
    const struct jt_schedule_view v = {conf, keys, n_keys, alg, now_s};
    const char *name = name_of(alg);
    if (conf->named[alg]) {
        return jt_diag_fail(diag, JT_ERR_CONFLICT,
                            "the configuration names %s; remove it from keys.algorithms and "
                            "reload, on every issuer, then retire it",
                            name);
    }
    if (!jt_schedule_kept(conf, keys, n_keys, alg)) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "no keys of %s are kept", name);
    }
    if (!other_is_kept(&v)) {
        return jt_diag_fail(diag, JT_ERR_CONFLICT,
                            "%s is the only algorithm that keys are kept of, and the key set "
                            "is never served empty; add another first",
                            name);
    }
    size_t before = plan->n;
    return jt_schedule_view_keep(retire(&v, plan), plan, before);
}
