/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresbulk.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "issuer/store/migrate.h"
#include "issuer/store/postgres.h"
#include "issuer/store/postgreserr.h"

#include "common/base/base.h"

#define ABOUT_MAX 4096

/* pg_type.dat: they never change. A domain is told by the type below it. */
enum { TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_TEXT = 25 };

/* --- about --- */

/* All that the tables and their indexes take. */
static enum jt_err find_size(const struct jt_postgresbulk *bulk, int64_t *out_bytes,
                             struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(ABOUT_MAX);
    JT_TRY(jt_buf_puts(&sql, "SELECT COALESCE(SUM(pg_total_relation_size(t)), 0)::bigint FROM "
                             "unnest(ARRAY["));
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        JT_TRY(jt_buf_printf(&sql, "%sto_regclass('%s')", table == 0 ? "" : ", ",
                             jt_tables_name(table)));
    }
    JT_TRY(jt_buf_puts(&sql, "]) AS t"));
    return jt_postgresconn_number(bulk->conn, jt_buf_str(&sql), out_bytes, diag);
}

/* A daemon listens for the commits of others; of another user's sessions this one sees nothing. */
static enum jt_err find_daemons(const struct jt_postgresbulk *bulk, int64_t *out_daemons,
                                struct jt_diag *diag)
{
    return jt_postgresconn_number(bulk->conn,
                                  "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = "
                                  "current_database() AND query = 'LISTEN " JT_POSTGRES_CHANNEL "'",
                                  out_daemons, diag);
}

enum jt_err jt_postgresbulk_about(const struct jt_postgresbulk *bulk,
                                  struct jt_bulk_about *out_about, struct jt_diag *diag)
{
    struct jt_bulk_about about = {
        .kind = "postgres", .schema = bulk->schema, .newest = jt_migrate_newest(&jt_migrate_all)};
    JT_TRY(find_size(bulk, &about.bytes, diag));
    JT_TRY(find_daemons(bulk, &about.daemons, diag));
    *out_about = about;
    return JT_OK;
}

/* --- reading --- */

static int64_t number(const uint8_t *p)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) {
        n = n << 8 | p[i];
    }
    return (int64_t)n;
}

static enum jt_tables_type type_of(const PGresult *row, int index)
{
    switch (PQftype(row, index)) {
    case TYPE_INT8:
        return JT_TABLES_NUMBER;
    case TYPE_TEXT:
        return JT_TABLES_TEXT;
    case TYPE_BYTEA:
        return JT_TABLES_BYTES;
    default:
        return JT_TABLES_NULL; /* none of ours */
    }
}

static bool take_cell(const PGresult *row, int index, enum jt_tables_type wanted,
                      struct jt_bulk_cell *out_cell)
{
    *out_cell = (struct jt_bulk_cell){0};
    if (PQgetisnull(row, 0, index) == 1) {
        return true;
    }
    const uint8_t *p = (const uint8_t *)PQgetvalue(row, 0, index);
    size_t n = (size_t)PQgetlength(row, 0, index);
    out_cell->type = type_of(row, index);
    if (out_cell->type != JT_TABLES_NUMBER) {
        out_cell->bytes = jt_span_of(p, n);
    } else if (n == 8) {
        out_cell->number = number(p);
    }
    return out_cell->type == wanted;
}

static enum jt_err take_row(const struct jt_postgresbulk *bulk, enum jt_tables_id table,
                            const PGresult *row, struct jt_bulk_cell *out_cells,
                            struct jt_diag *diag)
{
    size_t n;
    const struct jt_tables_column *columns = jt_tables_columns(table, &n);
    for (size_t i = 0; i < n; i++) {
        if (!take_cell(row, (int)i, columns[i].type, &out_cells[i])) {
            return jt_diag_fail(diag, JT_ERR_STORE,
                                "%s: %s.%s is not of its type; restore it from a backup",
                                bulk->conn->conf.name, jt_tables_name(table), columns[i].name);
        }
    }
    return JT_OK;
}

/* To the end also after a failure: else the connection could not be used again. */
static enum jt_err each(const struct jt_postgresbulk *bulk, enum jt_tables_id table, jt_bulk_fn fn,
                        void *ctx, struct jt_diag *diag)
{
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    enum jt_err err = JT_OK;
    for (;;) {
        PGresult *row = NULL;
        enum jt_err lost = jt_postgresconn_next(bulk->conn, &row, err == JT_OK ? diag : NULL);
        if (lost != JT_OK || row == NULL) {
            return err != JT_OK ? err : lost;
        }
        ExecStatusType status = PQresultStatus(row);
        if (err == JT_OK && status == PGRES_SINGLE_TUPLE) {
            err = take_row(bulk, table, row, cells, diag);
            err = err == JT_OK ? fn(ctx, cells) : err;
        } else if (err == JT_OK && status != PGRES_TUPLES_OK) {
            err = jt_postgreserr(row, bulk->conn->conf.name, diag);
        }
        PQclear(row);
    }
}

enum jt_err jt_postgresbulk_each(const struct jt_postgresbulk *bulk, enum jt_tables_id table,
                                 jt_bulk_fn fn, void *ctx, struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    if (!jt_tables_has(table, bulk->schema)) {
        return JT_OK;
    }
    JT_TRY(jt_tables_select(table, bulk->schema, &sql));
    if (bulk->conn->pg == NULL ||
        PQsendQueryParams(bulk->conn->pg, jt_buf_str(&sql), 0, NULL, NULL, NULL, NULL, 1) == 0) {
        return jt_postgresconn_unsent(bulk->conn, diag);
    }
    if (PQsetSingleRowMode(bulk->conn->pg) == 0) {
        return jt_postgresconn_unsent(bulk->conn, diag);
    }
    return each(bulk, table, fn, ctx, diag);
}

/* --- writing --- */

struct stmt_name {
    char text[32];
};

static struct stmt_name name_of(enum jt_tables_id table)
{
    struct stmt_name name;
    (void)snprintf(name.text, sizeof name.text, "jeton_row_%d", (int)table); /* it has room */
    return name;
}

static enum jt_err prepare(struct jt_postgresbulk *bulk, enum jt_tables_id table,
                           struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    int64_t rows;
    JT_TRY(jt_tables_insert(table, bulk->schema, &sql));
    if (bulk->conn->pg == NULL ||
        PQsendPrepare(bulk->conn->pg, name_of(table).text, jt_buf_str(&sql), 0, NULL) == 0) {
        return jt_postgresconn_unsent(bulk->conn, diag);
    }
    JT_TRY(jt_postgresconn_finish(bulk->conn, &rows, diag));
    bulk->prepared[table] = true;
    return JT_OK;
}

struct params {
    const char *values[JT_TABLES_COLUMNS_MAX];
    int lengths[JT_TABLES_COLUMNS_MAX], formats[JT_TABLES_COLUMNS_MAX];
    char digits[JT_TABLES_COLUMNS_MAX][24];
};

/* Numbers go as text, bytes as they are. Borrowed, but for the digits. */
static enum jt_err fill(struct params *params, const struct jt_bulk_cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (cells[i].bytes.n > INT_MAX) {
            return JT_ERR_LIMIT;
        }
        params->formats[i] = 1;
        params->lengths[i] = (int)cells[i].bytes.n;
        params->values[i] = cells[i].bytes.n == 0 ? "" : (const char *)cells[i].bytes.p;
        if (cells[i].type == JT_TABLES_NUMBER) {
            (void)snprintf(params->digits[i], sizeof params->digits[i], "%" PRId64,
                           cells[i].number); /* it has room */
            params->formats[i] = 0;
            params->values[i] = params->digits[i];
        } else if (cells[i].type == JT_TABLES_NULL) {
            params->values[i] = NULL;
        }
    }
    return JT_OK;
}

enum jt_err jt_postgresbulk_put(struct jt_postgresbulk *bulk, enum jt_tables_id table,
                                const struct jt_bulk_cell *cells, struct jt_diag *diag)
{
    struct params params;
    int64_t rows;
    size_t n;
    (void)jt_tables_columns(table, &n); /* for their number: only the newest schema is filled */
    if (!bulk->prepared[table]) {
        JT_TRY(prepare(bulk, table, diag));
    }
    JT_TRY(fill(&params, cells, n));
    if (bulk->conn->pg == NULL ||
        PQsendQueryPrepared(bulk->conn->pg, name_of(table).text, (int)n, params.values,
                            params.lengths, params.formats, 1) == 0) {
        return jt_postgresconn_unsent(bulk->conn, diag);
    }
    return jt_postgresconn_finish(bulk->conn, &rows, diag);
}

enum jt_err jt_postgresbulk_drop(const struct jt_postgresbulk *bulk, enum jt_tables_id table,
                                 struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    JT_TRY(jt_tables_delete(table, &sql));
    return jt_postgresconn_exec(bulk->conn, jt_buf_str(&sql), diag);
}
