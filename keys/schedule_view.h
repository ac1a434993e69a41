/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What schedule.c (by the clock) and schedule_hand.c (by hand) plan with; nobody else needs it.
 * Every decision is made on ages, which are 0 and never negative when the clock stepped back behind
 * a row: then steps come later than planned, never earlier.
 * Ownership: borrows rows and conf. Thread rule: any thread.
 */
#ifndef JT_KEYS_SCHEDULE_VIEW_H
#define JT_KEYS_SCHEDULE_VIEW_H

#include "keys/schedule.h"

/* What a step is planned from. */
struct jt_schedule_view {
    const struct jt_schedule_conf *conf;
    const struct jt_key_times *keys;
    size_t n_keys;
    enum jt_alg alg;
    int64_t now_s;
};

/* The time `a_s` later by `b_s`, which counts only when positive: no row makes a time earlier. */
int64_t jt_schedule_view_add(int64_t a_s, int64_t b_s);

/* How long ago `since_s` is; 0 when it is to come. */
int64_t jt_schedule_view_age(const struct jt_schedule_view *v, int64_t since_s);

const struct jt_key_times *jt_schedule_view_active(const struct jt_schedule_view *v);
const struct jt_key_times *jt_schedule_view_next(const struct jt_schedule_view *v);

/* Published, its sign_from written and its sign_until not. */
bool jt_schedule_view_signs(const struct jt_key_times *key);

/* Has this issuer never published any key? */
bool jt_schedule_view_fresh(const struct jt_schedule_view *v);

/* Appends a step. `key` NULL: the one that the PUBLISH before it makes. JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_schedule_view_push(struct jt_schedule_plan *plan,
                                              enum jt_schedule_step step,
                                              const struct jt_schedule_view *v,
                                              const struct jt_key_times *key);

/* Stops every signing key of the algorithm but `kept` (NULL: every one). JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_schedule_view_stops(struct jt_schedule_plan *plan,
                                               const struct jt_schedule_view *v,
                                               const struct jt_key_times *kept);

/* `next` (NULL: a key made now) signs, what signed stops, a new next is published. JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_schedule_view_rotation(struct jt_schedule_plan *plan,
                                                  const struct jt_schedule_view *v,
                                                  const struct jt_key_times *next);

/* Gives `err` on, leaving `plan` as it was when the steps did not all fit. */
JT_MUST_USE enum jt_err jt_schedule_view_keep(enum jt_err err, struct jt_schedule_plan *plan,
                                              size_t before);

#endif
