/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresconn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "issuer/store/postgreserr.h"

#include "common/base/base.h"

#define PATIENCE_MS 20000

/* lock_timeout: the bound that jt_store_begin promises. idle_in_transaction_session_timeout,
 * tcp_*: an issuer that is frozen or cut off must not keep the write lock from the others.
 * row_security: an error instead of rows that are silently left out. synchronous_commit: a key that
 * has signed must not be un-published by a crash; what waits for standbys too stays as it is. */
static const char setup[] =
    "SET client_min_messages = error;"
    "SET default_transaction_isolation = 'read committed';"
    "SET default_transaction_deferrable = off;"
    "SET lock_timeout = '5s';"
    "SET statement_timeout = '5min';"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    "SET tcp_user_timeout = '15s';"
    "SET row_security = off;"
    "SELECT set_config('idle_session_timeout', '0', false) FROM pg_settings"
    " WHERE name = 'idle_session_timeout';"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";

enum jt_err jt_postgresconn_init(struct jt_postgresconn *conn, const char *conninfo,
                                 struct jt_diag *diag)
{
    conn->patience_ms = PATIENCE_MS;
    return jt_postgresconf_read(conninfo, &conn->conf, diag);
}

void jt_postgresconn_release(struct jt_postgresconn *conn)
{
    jt_postgresconn_drop(conn);
    jt_postgresconf_release(&conn->conf);
}

void jt_postgresconn_drop(struct jt_postgresconn *conn)
{
    PQfinish(conn->pg);
    conn->pg = NULL;
    conn->queued = conn->queued_bytes = 0;
}

bool jt_postgresconn_is_up(const struct jt_postgresconn *conn)
{
    return conn->pg != NULL && PQstatus(conn->pg) == CONNECTION_OK;
}

/* --- waiting --- */

static enum jt_err lose(struct jt_postgresconn *conn, const char *why, struct jt_diag *diag)
{
    enum jt_err err = jt_postgreserr_lost(why, conn->conf.name, diag);
    jt_postgresconn_drop(conn);
    return err;
}

enum jt_err jt_postgresconn_unsent(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    return lose(conn, conn->pg == NULL ? "it is away" : PQerrorMessage(conn->pg), diag);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the socket has something, or takes something; false at `until_ms`. */
static bool wait_for(PGconn *pg, short events, int64_t until_ms, short *out_events)
{
    struct pollfd socket = {PQsocket(pg), events, 0};
    for (;;) {
        int64_t left = until_ms - now_ms();
        int n = poll(&socket, 1, left > 0 ? (int)left : 0);
        if (n > 0) {
            *out_events = socket.revents;
            return true;
        }
        if (n == 0 || errno != EINTR) {
            return false;
        }
    }
}

enum jt_err jt_postgresconn_next(struct jt_postgresconn *conn, PGresult **out_result,
                                 struct jt_diag *diag)
{
    int64_t until_ms = now_ms() + conn->patience_ms;
    for (;;) {
        int unsent = PQflush(conn->pg);
        if (unsent < 0) {
            return lose(conn, PQerrorMessage(conn->pg), diag);
        }
        if (unsent == 0 && PQisBusy(conn->pg) == 0) {
            *out_result = PQgetResult(conn->pg);
            return JT_OK;
        }
        short events = 0;
        short wanted = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0));
        if (!wait_for(conn->pg, wanted, until_ms, &events)) {
            return lose(conn, "no answer came for too long", diag);
        }
        if ((events & ~POLLOUT) != 0 && PQconsumeInput(conn->pg) == 0) {
            return lose(conn, PQerrorMessage(conn->pg), diag);
        }
    }
}

static bool is_fatal(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

enum jt_err jt_postgresconn_finish(struct jt_postgresconn *conn, int64_t *out_rows,
                                   struct jt_diag *diag)
{
    enum jt_err err = JT_OK;
    bool fatal = false;
    for (;;) {
        PGresult *result = NULL;
        enum jt_err lost = jt_postgresconn_next(conn, &result, err == JT_OK ? diag : NULL);
        if (lost != JT_OK) {
            return err != JT_OK ? err : lost; /* what was told before tells more */
        }
        if (result == NULL) {
            break;
        }
        if (is_good(result)) {
            *out_rows = strtoll(PQcmdTuples(result), NULL, 10);
        } else if (err == JT_OK) {
            err = jt_postgreserr(result, conn->conf.name, diag);
            fatal = is_fatal(result);
        }
        PQclear(result);
    }
    if (fatal) {
        jt_postgresconn_drop(conn);
    }
    return err;
}

/* --- statements without parameters --- */

enum jt_err jt_postgresconn_exec(struct jt_postgresconn *conn, const char *sql,
                                 struct jt_diag *diag)
{
    int64_t rows;
    if (conn->pg == NULL || PQsendQuery(conn->pg, sql) == 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    return jt_postgresconn_finish(conn, &rows, diag);
}

enum jt_err jt_postgresconn_number(struct jt_postgresconn *conn, const char *sql,
                                   int64_t *out_number, struct jt_diag *diag)
{
    PGresult *result = NULL;
    int64_t rows;
    if (conn->pg == NULL || PQsendQuery(conn->pg, sql) == 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    JT_TRY(jt_postgresconn_next(conn, &result, diag));
    enum jt_err err = JT_OK;
    if (!is_good(result)) {
        err = jt_postgreserr(result, conn->conf.name, diag);
    } else if (PQntuples(result) < 1 || PQgetisnull(result, 0, 0) == 1) {
        err = JT_ERR_NOT_FOUND;
    } else {
        *out_number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    }
    PQclear(result);
    enum jt_err end = jt_postgresconn_finish(conn, &rows, err == JT_OK ? diag : NULL);
    return err != JT_OK ? err : end;
}

/* --- connecting --- */

static void hear_nothing(void *ctx, const PGresult *notice)
{
    (void)ctx;
    (void)notice;
}

enum jt_err jt_postgresconn_check_server(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    const char *name = conn->conf.name;
    int version = PQserverVersion(conn->pg);
    int64_t standby = 0;
    int64_t read_only = 0;
    if (version < JT_POSTGRESCONN_OLDEST) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is PostgreSQL %d, older than 12; give jetond a newer server", name,
                            version / 10000);
    }
    JT_TRY(jt_postgresconn_number(conn, "SELECT pg_is_in_recovery()::int", &standby, diag));
    if (standby != 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is a standby, which takes no changes; name the primary, or "
                            "promote this one",
                            name);
    }
    JT_TRY(jt_postgresconn_number(
        conn, "SELECT (current_setting('default_transaction_read_only') <> 'off')::int", &read_only,
        diag));
    if (read_only != 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is read-only (default_transaction_read_only); turn that off for "
                            "the user that jetond connects as",
                            name);
    }
    return JT_OK;
}

static enum jt_err begin_session(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    (void)PQsetNoticeReceiver(conn->pg, hear_nothing, NULL); /* libpq's own prints */
    if (PQsetnonblocking(conn->pg, 1) != 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    JT_TRY(jt_postgresconn_check_server(conn, diag));
    return jt_postgresconn_exec(conn, setup, diag);
}

enum jt_err jt_postgresconn_open(struct jt_postgresconn *conn, const char *connect_s,
                                 struct jt_diag *diag)
{
    struct jt_postgresconf_params params;
    jt_postgresconn_drop(conn);
    jt_postgresconf_params(&conn->conf, connect_s, &params);
    conn->pg = PQconnectdbParams(params.names, params.values, 0);
    if (conn->pg == NULL) {
        return JT_ERR_NOMEM;
    }
    if (PQstatus(conn->pg) != CONNECTION_OK) {
        enum jt_err err = jt_postgreserr_connect(PQerrorMessage(conn->pg), conn->conf.name, diag);
        jt_postgresconn_drop(conn);
        return err;
    }
    enum jt_err err = begin_session(conn, diag);
    if (err != JT_OK) {
        jt_postgresconn_drop(conn);
    }
    return err;
}
