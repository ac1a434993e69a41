/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The background thread that drives a key source, unless the program polls. All I/O of libjeton
 * that the program does not ask for happens here.
 * Ownership: jt_refresher_new gives it; it borrows the source, which outlives it and which nobody
 * else drives meanwhile.
 * Thread rule: wake from any thread, the others from one.
 */
#ifndef JT_VERIFIER_REFRESHER_H
#define JT_VERIFIER_REFRESHER_H

#include "verifier/source/keysource.h"

struct jt_refresher;

/* Gives a running thread that drives `sources`, which it borrows; it has every signal blocked.
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_refresher_new(struct jt_keysources *sources,
                                         struct jt_refresher **out_refresher);

/* Waits until no source awaits its first set, at most `wait_ms`. Returns why one failed, with a
 * sentence; JT_OK when none did, or the time is up. */
JT_MUST_USE enum jt_err jt_refresher_wait(struct jt_refresher *refresher, int64_t wait_ms,
                                          struct jt_diag *diag);

/* The source wants something. Never blocks. */
void jt_refresher_wake(struct jt_refresher *refresher);

/* Stops and frees; waits for a request under way, at most as long as its time-outs. NULL is
 * harmless. */
void jt_refresher_free(struct jt_refresher *refresher);

#endif
