/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process has counted since it started: the tokens that each key signed, by when they
 * expire, and the fetches of the key set. Each request thread counts in a counter of its own, which
 * nobody else writes; the operator's side adds them up. It knows nothing of other issuers on the
 * same database, nor of what was before the start.
 * Ownership: counters own every counter, also those that were left, so that nothing counted is lost.
 * Thread rule: the counting calls: the counter's thread; the others: any thread.
 */
#ifndef JT_ISSUER_COUNTER_H
#define JT_ISSUER_COUNTER_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct jt_counters;
struct jt_counter;

/* Gives one without a counter. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_counters_new(struct jt_counters **out_counters);

/* No thread may count any more. NULL is harmless. */
void jt_counters_free(struct jt_counters *counters);

/* Gives a counter for the calling thread, until jt_counter_leave. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_counter_join(struct jt_counters *counters,
                                        struct jt_counter **out_counter);
void jt_counter_leave(struct jt_counters *counters,
                      struct jt_counter *counter); /* NULL is harmless */

/* Counts a token that `kid` (a string) signed at `now_s` and that expires at `exp_s`. */
void jt_counter_token(struct jt_counter *counter, const char *kid, int64_t now_s, int64_t exp_s);

/* Counts an answer with the newest key set; `held`: the asker had it already (304). */
void jt_counter_fetch(struct jt_counter *counter, int64_t now_s, bool held);

/* How many tokens of `kid` are unexpired at `now_s`, at most. False when not every token could be
 * counted: `out_tokens` is too few then. */
bool jt_counters_tokens(struct jt_counters *counters, const char *kid, int64_t now_s,
                        uint64_t *out_tokens);

struct jt_counter_fetches {
    uint64_t all;  /* answers that carried the newest set or said that the asker has it */
    uint64_t held; /* of them, the latter */
};

/* Since the start. */
struct jt_counter_fetches jt_counters_fetches(struct jt_counters *counters);

/* Since `from_s`, which is at most JT_COUNTER_BACK_S ago, to the minute. */
#define JT_COUNTER_BACK_S 3600
struct jt_counter_fetches jt_counters_recent(struct jt_counters *counters, int64_t from_s);

#endif
