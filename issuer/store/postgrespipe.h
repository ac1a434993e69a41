/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of many rows over a connection that is far: sent one after the other without waiting for
 * each answer (pipeline mode). What failed is told by a later call, at the latest by drain.
 * Ownership: borrows.
 * Thread rule: one thread.
 * Sources: PostgreSQL's "Pipeline Mode".
 */
#ifndef JT_STORE_POSTGRESPIPE_H
#define JT_STORE_POSTGRESPIPE_H

#include "issuer/store/postgresstmt.h"

/* Queues one that changes; takes the answers when there are many. Nothing else may be sent over
 * `conn` before drain. Errors: those of any queued so far; then nothing is queued any more. */
JT_MUST_USE enum jt_err jt_postgrespipe_put(struct jt_postgresconn *conn,
                                            const struct jt_sql_call *call, struct jt_diag *diag);

/* Takes all answers that are due; the first error. Nothing queued: JT_OK. */
JT_MUST_USE enum jt_err jt_postgrespipe_drain(struct jt_postgresconn *conn, struct jt_diag *diag);

#endif
