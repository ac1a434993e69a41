/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of sql.def over one PostgreSQL connection: prepared once, run with parameters, their
 * rows taken one by one as they come, so that no more than one is in memory.
 * Ownership: borrows.
 * Thread rule: one thread.
 * Sources: PostgreSQL's "Retrieving Query Results in Chunks" (single-row mode).
 */
#ifndef JT_STORE_POSTGRESSTMT_H
#define JT_STORE_POSTGRESSTMT_H

#include "issuer/store/postgresconn.h"
#include "issuer/store/sql.h"

/* Prepares them all. */
JT_MUST_USE enum jt_err jt_postgresstmt_prepare(struct jt_postgresconn *conn, struct jt_diag *diag);

/* Sends one with its parameters; its results are to be taken. JT_ERR_LIMIT: a value is too long, and
 * nothing was sent. */
JT_MUST_USE enum jt_err jt_postgresstmt_send(struct jt_postgresconn *conn,
                                             const struct jt_sql_call *call, struct jt_diag *diag);

/* As run and each of store_ops.h. `out_rows` of the latter: how many were handed over, also after a
 * failure. */
JT_MUST_USE enum jt_err jt_postgresstmt_run(struct jt_postgresconn *conn,
                                            const struct jt_sql_call *call, int64_t *out_rows,
                                            struct jt_diag *diag);

struct jt_postgresstmt_taker {
    jt_sql_row_fn take;
    const void *ctx;
};
JT_MUST_USE enum jt_err jt_postgresstmt_each(struct jt_postgresconn *conn,
                                             const struct jt_sql_call *call,
                                             const struct jt_postgresstmt_taker *taker,
                                             int64_t *out_rows, struct jt_diag *diag);

#endif
