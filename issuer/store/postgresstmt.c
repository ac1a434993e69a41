/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresstmt.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "issuer/store/postgreserr.h"

#include "common/base/base.h"

#define MOST_ARGS 12
#define VALUE_MAX (64 * 1024 * 1024) /* bytes; the largest document is a fraction of it */

/* pg_type.dat: they never change. A domain is told by the type below it. */
enum { TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_TEXT = 25 };

struct stmt_name {
    char text[24];
};

static struct stmt_name name_of(enum jt_sql which)
{
    struct stmt_name name;
    (void)snprintf(name.text, sizeof name.text, "jeton_%d", (int)which); /* it has room */
    return name;
}

enum jt_err jt_postgresstmt_prepare(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    for (int i = 0; i < JT_SQL_COUNT_; i++) {
        int64_t rows;
        const char *sql = jt_sql_text((enum jt_sql)i);
        if (PQsendPrepare(conn->pg, name_of((enum jt_sql)i).text, sql, 0, NULL) == 0) {
            return jt_postgresconn_unsent(conn, diag);
        }
        JT_TRY(jt_postgresconn_finish(conn, &rows, diag));
    }
    return JT_OK;
}

/* --- parameters --- */

struct params {
    const char *values[MOST_ARGS];
    int lengths[MOST_ARGS], formats[MOST_ARGS];
    char digits[MOST_ARGS][24];
};

/* Numbers go as text, which a column of any type of number understands or refuses; bytes as they
 * are. Borrowed, but for the digits. */
static enum jt_err fill(struct params *params, const struct jt_sql_call *call)
{
    for (size_t i = 0; i < call->n; i++) {
        const struct jt_sql_value *arg = &call->args[i];
        if (arg->bytes.n > VALUE_MAX) {
            return JT_ERR_LIMIT;
        }
        params->formats[i] = arg->type == JT_SQL_NUMBER ? 0 : 1;
        params->lengths[i] = (int)arg->bytes.n;
        params->values[i] = arg->bytes.n == 0 ? "" : (const char *)arg->bytes.p;
        if (arg->type == JT_SQL_NUMBER) {
            (void)snprintf(params->digits[i], sizeof params->digits[i], "%" PRId64, arg->number);
            params->values[i] = params->digits[i];
        } else if (arg->type == JT_SQL_NULLABLE && arg->bytes.n == 0) {
            params->values[i] = NULL;
        }
    }
    return JT_OK;
}

enum jt_err jt_postgresstmt_send(struct jt_postgresconn *conn, const struct jt_sql_call *call,
                                 struct jt_diag *diag)
{
    struct params params;
    JT_TRY(fill(&params, call));
    if (conn->pg == NULL ||
        PQsendQueryPrepared(conn->pg, name_of(call->which).text, (int)call->n, params.values,
                            params.lengths, params.formats, 1) == 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    return JT_OK;
}

enum jt_err jt_postgresstmt_run(struct jt_postgresconn *conn, const struct jt_sql_call *call,
                                int64_t *out_rows, struct jt_diag *diag)
{
    JT_TRY(jt_postgresstmt_send(conn, call, diag));
    return jt_postgresconn_finish(conn, out_rows, diag);
}

/* --- rows --- */

static int64_t number(const uint8_t *p)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) {
        n = n << 8 | p[i];
    }
    return (int64_t)n;
}

static bool fits(const PGresult *row, int index, char type)
{
    int length = PQgetlength(row, 0, index);
    if (PQgetisnull(row, 0, index) == 1) {
        return type == JT_SQL_NULLABLE && PQftype(row, index) == TYPE_BYTEA;
    }
    switch (type) {
    case JT_SQL_NUMBER:
        return PQftype(row, index) == TYPE_INT8 && length == 8;
    case JT_SQL_TEXT:
        return PQftype(row, index) == TYPE_TEXT && length <= VALUE_MAX;
    default:
        return PQftype(row, index) == TYPE_BYTEA && length <= VALUE_MAX;
    }
}

static struct jt_sql_value column(const PGresult *row, int index, char type)
{
    struct jt_sql_value value = {(enum jt_sql_type)type, 0, JT_SPAN_NONE};
    const uint8_t *p = (const uint8_t *)PQgetvalue(row, 0, index);
    if (type == JT_SQL_NUMBER) {
        value.number = number(p);
    } else {
        value.bytes = jt_span_of(p, (size_t)PQgetlength(row, 0, index));
    }
    return value;
}

static enum jt_err hand_over(const PGresult *row, const char *name, const char *columns,
                             const struct jt_postgresstmt_taker *taker, struct jt_diag *diag)
{
    struct jt_sql_value values[JT_SQL_MOST_COLUMNS];
    for (int i = 0; columns[i] != 0; i++) {
        if (i >= PQnfields(row) || !fits(row, i, columns[i])) {
            const char *field = PQfname(row, i);
            return jt_sql_refuse(name, field == NULL ? "missing" : field, diag);
        }
        values[i] = column(row, i, columns[i]);
    }
    return taker->take(taker->ctx, values);
}

enum jt_err jt_postgresstmt_each(struct jt_postgresconn *conn, const struct jt_sql_call *call,
                                 const struct jt_postgresstmt_taker *taker, int64_t *out_rows,
                                 struct jt_diag *diag)
{
    *out_rows = 0;
    JT_TRY(jt_postgresstmt_send(conn, call, diag));
    if (PQsetSingleRowMode(conn->pg) == 0) {
        return jt_postgresconn_unsent(conn, diag);
    }
    enum jt_err err = JT_OK;
    for (;;) { /* to the end also after a failure: else the connection could not be used again */
        PGresult *row = NULL;
        enum jt_err lost = jt_postgresconn_next(conn, &row, err == JT_OK ? diag : NULL);
        if (lost != JT_OK || row == NULL) {
            err = err != JT_OK ? err : lost;
            break;
        }
        ExecStatusType status = PQresultStatus(row);
        if (err == JT_OK && status == PGRES_SINGLE_TUPLE) {
            ++*out_rows;
            err = hand_over(row, conn->conf.name, call->columns, taker, diag);
        } else if (err == JT_OK && status != PGRES_TUPLES_OK) {
            err = jt_postgreserr(row, conn->conf.name, diag);
        }
        PQclear(row);
    }
    return err == JT_OK && *out_rows == 0 ? JT_ERR_NOT_FOUND : err;
}
