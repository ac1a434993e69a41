/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgrespipe.h"

#include "issuer/store/postgreserr.h"

#include "common/base/base.h"

/* The answers must fit what the sockets hold: who only sends does not read. */
#define MOST_QUEUED 256
#define MOST_BYTES  ((size_t)1024 * 1024)

/* The results up to that of the sync, in which a NULL stands after each statement's. */
static enum jt_err take_answers(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    enum jt_err err = JT_OK;
    ExecStatusType status = PGRES_COMMAND_OK;
    while (status != PGRES_PIPELINE_SYNC) {
        PGresult *result = NULL;
        enum jt_err lost = jt_postgresconn_next(conn, &result, err == JT_OK ? diag : NULL);
        if (lost != JT_OK) {
            return err != JT_OK ? err : lost;
        }
        if (result == NULL) {
            continue;
        }
        status = PQresultStatus(result);
        if (err == JT_OK && status == PGRES_FATAL_ERROR) {
            err = jt_postgreserr(result, conn->conf.name, diag); /* those after it were not run */
        }
        PQclear(result);
    }
    return err;
}

enum jt_err jt_postgrespipe_drain(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    if (conn->queued == 0) {
        return JT_OK;
    }
    conn->queued = conn->queued_bytes = 0;
    if (PQpipelineSync(conn->pg) == 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    enum jt_err err = take_answers(conn, diag);
    if (conn->pg != NULL && PQexitPipelineMode(conn->pg) == 0) {
        enum jt_err lost = jt_postgresconn_unsent(conn, err == JT_OK ? diag : NULL);
        return err != JT_OK ? err : lost;
    }
    return err;
}

enum jt_err jt_postgrespipe_put(struct jt_postgresconn *conn, const struct jt_sql_call *call,
                                struct jt_diag *diag)
{
    if (conn->queued == 0 && (conn->pg == NULL || PQenterPipelineMode(conn->pg) == 0)) {
        return jt_postgresconn_unsent(conn, diag);
    }
    conn->queued++; /* before it is sent: the mode is to be left in any case */
    for (size_t i = 0; i < call->n; i++) {
        conn->queued_bytes += call->args[i].bytes.n;
    }
    enum jt_err err = jt_postgresstmt_send(conn, call, diag);
    if (err == JT_OK && conn->queued < MOST_QUEUED && conn->queued_bytes < MOST_BYTES) {
        return JT_OK;
    }
    enum jt_err drained = jt_postgrespipe_drain(conn, err == JT_OK ? diag : NULL);
    return err != JT_OK ? err : drained;
}
