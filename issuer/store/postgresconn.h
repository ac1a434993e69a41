/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to PostgreSQL: made with the settings of a session of ours, waited for with a
 * bound, dropped when it is lost. It knows no table. libpq's own calls that wait for an answer wait
 * for ever; here every wait ends.
 * Ownership: in place; release.
 * Thread rule: one thread.
 * Sources: PostgreSQL's "Asynchronous Command Processing", "Client Connection Defaults".
 */
#ifndef JT_STORE_POSTGRESCONN_H
#define JT_STORE_POSTGRESCONN_H

#include "issuer/store/postgresconf.h"

#include <stdbool.h>
#include <stdint.h>

struct jt_postgresconn {
    struct jt_postgresconf conf;
    PGconn *pg;                  /* NULL: none */
    int patience_ms;             /* how long the server may be silent before it counts as lost */
    size_t queued, queued_bytes; /* postgrespipe's: sent, and not answered */
};

#define JT_POSTGRESCONN_OLDEST 120000 /* PQserverVersion of the oldest that will do */

/* Fills `conn`, which is zero, as jt_postgresconf_read; connects nothing. */
JT_MUST_USE enum jt_err jt_postgresconn_init(struct jt_postgresconn *conn, const char *conninfo,
                                             struct jt_diag *diag);
void jt_postgresconn_release(struct jt_postgresconn *conn);

/* Connects, having dropped what there was, and makes the session ours. `connect_s` as in
 * jt_postgresconf_params. JT_ERR_STORE with a sentence, also for a server that is too old or takes
 * no changes; then there is no connection. */
JT_MUST_USE enum jt_err jt_postgresconn_open(struct jt_postgresconn *conn, const char *connect_s,
                                             struct jt_diag *diag);
void jt_postgresconn_drop(struct jt_postgresconn *conn);

/* Is there one, as far as is known here? */
bool jt_postgresconn_is_up(const struct jt_postgresconn *conn);

/* Is it a server that will do: new enough, no standby, not read-only? JT_ERR_STORE with a sentence. */
JT_MUST_USE enum jt_err jt_postgresconn_check_server(struct jt_postgresconn *conn,
                                                     struct jt_diag *diag);

/* Runs statements without parameters; their rows do not matter. JT_ERR_STORE with a sentence,
 * JT_ERR_NOMEM; a lost connection is dropped. */
JT_MUST_USE enum jt_err jt_postgresconn_exec(struct jt_postgresconn *conn, const char *sql,
                                             struct jt_diag *diag);

/* The one number that `sql` gives. JT_ERR_NOT_FOUND for no row. */
JT_MUST_USE enum jt_err jt_postgresconn_number(struct jt_postgresconn *conn, const char *sql,
                                               int64_t *out_number, struct jt_diag *diag);

/* After a PQsend call: the next result, to be cleared by PQclear; NULL in *out_result at the end,
 * which must be reached. The result may be one of an error. JT_ERR_STORE with a sentence when the
 * connection is lost, which is dropped. */
JT_MUST_USE enum jt_err jt_postgresconn_next(struct jt_postgresconn *conn, PGresult **out_result,
                                             struct jt_diag *diag);
/* Takes the results until the end; gives the first error, or the rows changed by the last one. */
JT_MUST_USE enum jt_err jt_postgresconn_finish(struct jt_postgresconn *conn, int64_t *out_rows,
                                               struct jt_diag *diag);
/* When a PQsend call has failed: JT_ERR_STORE with a sentence; the connection is dropped. */
enum jt_err jt_postgresconn_unsent(struct jt_postgresconn *conn, struct jt_diag *diag);

#endif
