/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of the signer process: takes claims from the ring, judges them as a stranger's, has the
 * token made and answers. The daemon has judged them before; here it is done again by one who does
 * not believe it. Internal to keys/.
 * Ownership: new gives a worker; signer, ring and clock are borrowed for its life.
 * Thread rule: a worker is one thread's.
 * Sources: RFC 7519 sec. 4, RFC 9068 sec. 2.2.
 */
#ifndef JT_KEYS_SIGNER_WORKER_H
#define JT_KEYS_SIGNER_WORKER_H

#include "common/base/clock.h"
#include "keys/signer_ring.h"

struct jt_worker;

/* How far ahead of this machine's clock iat may be: both processes read the same clock, but it may
 * be set back between the two readings. */
#define JT_WORKER_SKEW_S 60

/* Gives a worker with a lane of `signer`. JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_worker_new(struct jt_ring *ring, struct jt_signer *signer,
                                      const struct jt_clock *clock, struct jt_worker **out_worker);
void jt_worker_free(struct jt_worker *worker);
JT_AUTOP_DEFINE(worker);

/* Answers all that waits. Beside the errors of jt_signer_sign, JT_ERR_ARGUMENT answers what are no
 * claims, or has extra claims that are not members of JSON or bear the name of one written here;
 * JT_ERR_LIFETIME also an iat in the future, by which exp would be as late as one likes. */
void jt_worker_serve(struct jt_worker *worker);

/* Serves, sleeps when there is nothing, and never returns. `number` is its own among the workers. */
_Noreturn void jt_worker_run(struct jt_worker *worker, size_t number);

#endif
