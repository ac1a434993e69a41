/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the workers of a verifier count: outcomes by policy, and a few more by policy. Each worker
 * counts in a tally of its own, which no other thread writes; who asks adds them up.
 * Ownership: jt_tallies owns the tallies; a worker has one from join to leave, and what it counted
 * stays counted.
 * Thread rule: the calls of a tally by its worker; the others by any thread, under tallies' lock.
 */
#ifndef JT_VERIFIER_TALLY_H
#define JT_VERIFIER_TALLY_H

#include "common/base/err.h"

#include <jeton/verifier.h>

/* Counted beside the outcomes. */
enum jt_tally_more { JT_TALLY_CACHE_HITS = JETON_STATUS_MAX + 1, JT_TALLY_STALE_USES, JT_TALLY_N };

struct jt_tally;
struct jt_tallies;

/* Gives tallies with `n_places` rows: one a policy, and one for tokens of none. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_tallies_new(size_t n_places, struct jt_tallies **out_tallies);

/* NULL is harmless. */
void jt_tallies_free(struct jt_tallies *tallies);

/* Gives a tally for a worker. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_tallies_join(struct jt_tallies *tallies, struct jt_tally **out_tally);

/* Takes it back. NULL is harmless. */
void jt_tallies_leave(struct jt_tallies *tallies, struct jt_tally *tally);

/* One more of `what` (a jeton_status or enum jt_tally_more) at `place`. */
void jt_tally_count(struct jt_tally *tally, size_t place, unsigned what);

/* The sum over all workers; 0 outside the bounds. */
uint64_t jt_tallies_sum(struct jt_tallies *tallies, size_t place, unsigned what);

#endif
