/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlitestmt.h"

#include "issuer/store/sqliteerr.h"

#include "common/base/base.h"

static enum jt_err prepare(struct jt_sqlitestmt *stmts, enum jt_sql which, struct jt_diag *diag)
{
    int rc = sqlite3_prepare_v3(stmts->db, jt_sql_text(which), -1, SQLITE_PREPARE_PERSISTENT,
                                &stmts->list[which], NULL);
    return jt_sqliteerr(stmts->db, rc, stmts->name, diag);
}

enum jt_err jt_sqlitestmt_prepare(struct jt_sqlitestmt *stmts, sqlite3 *db, const char *name,
                                  struct jt_diag *diag)
{
    stmts->db = db;
    stmts->name = name;
    for (size_t i = 0; i < JT_COUNT(stmts->list); i++) {
        JT_TRY(prepare(stmts, (enum jt_sql)i, diag));
    }
    return JT_OK;
}

enum jt_err jt_sqlitestmt_prepare_version(struct jt_sqlitestmt *stmts, sqlite3 *db,
                                          const char *name, struct jt_diag *diag)
{
    stmts->db = db;
    stmts->name = name;
    return prepare(stmts, JT_SQL_META, diag);
}

void jt_sqlitestmt_release(struct jt_sqlitestmt *stmts)
{
    for (size_t i = 0; i < JT_COUNT(stmts->list); i++) {
        (void)sqlite3_finalize(stmts->list[i]); /* no step is under way */
        stmts->list[i] = NULL;
    }
}

/* Borrowed until the statement is reset, not copied. */
static int bind(sqlite3_stmt *stmt, int index, const struct jt_sql_value *arg)
{
    const void *bytes = arg->bytes.n == 0 ? "" : (const void *)arg->bytes.p;
    switch (arg->type) {
    case JT_SQL_NUMBER:
        return sqlite3_bind_int64(stmt, index, arg->number);
    case JT_SQL_TEXT:
        return sqlite3_bind_text64(stmt, index, bytes, arg->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    case JT_SQL_NULLABLE:
        if (arg->bytes.n == 0) {
            return sqlite3_bind_null(stmt, index);
        }
        break;
    case JT_SQL_BYTES:
        break;
    }
    return sqlite3_bind_blob64(stmt, index, bytes, arg->bytes.n, SQLITE_STATIC);
}

/* Binds and takes the first step. */
static int start(sqlite3_stmt *stmt, const struct jt_sql_call *call)
{
    for (size_t i = 0; i < call->n; i++) {
        int rc = bind(stmt, (int)i + 1, &call->args[i]);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    return sqlite3_step(stmt);
}

/* Ends the statement: what it borrowed may go. `rc` is that of the last step. */
static enum jt_err end(struct jt_sqlitestmt *stmts, enum jt_sql which, int rc, struct jt_diag *diag)
{
    enum jt_err err = jt_sqliteerr(stmts->db, rc, stmts->name, diag);
    (void)sqlite3_reset(stmts->list[which]); /* repeats the error of the step */
    (void)sqlite3_clear_bindings(stmts->list[which]);
    return err;
}

enum jt_err jt_sqlitestmt_run(struct jt_sqlitestmt *stmts, const struct jt_sql_call *call,
                              struct jt_diag *diag)
{
    return end(stmts, call->which, start(stmts->list[call->which], call), diag);
}

/* Columns have no types of their own here: any value may stand anywhere. */
static bool fits(sqlite3_stmt *row, int index, char type)
{
    switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER:
        return type == JT_SQL_NUMBER;
    case SQLITE_NULL:
        return type == JT_SQL_NULLABLE;
    case SQLITE_FLOAT:
        return false;
    default:
        return type != JT_SQL_NUMBER;
    }
}

static struct jt_sql_value column(sqlite3_stmt *row, int index, char type)
{
    struct jt_sql_value value = {(enum jt_sql_type)type, 0, JT_SPAN_NONE};
    if (type == JT_SQL_NUMBER) {
        value.number = sqlite3_column_int64(row, index);
        return value;
    }
    const void *p = sqlite3_column_blob(row, index); /* before its length is asked for */
    value.bytes = jt_span_of(p, (size_t)sqlite3_column_bytes(row, index));
    return value;
}

static enum jt_err hand_over(sqlite3_stmt *row, const struct jt_sqlitestmt *stmts,
                             const char *columns, jt_sql_row_fn take, const void *ctx,
                             struct jt_diag *diag)
{
    struct jt_sql_value values[JT_SQL_MOST_COLUMNS];
    for (int i = 0; columns[i] != 0; i++) {
        if (!fits(row, i, columns[i])) {
            return jt_sql_refuse(stmts->name, sqlite3_column_name(row, i), diag);
        }
        values[i] = column(row, i, columns[i]);
    }
    return take(ctx, values);
}

enum jt_err jt_sqlitestmt_each(struct jt_sqlitestmt *stmts, const struct jt_sql_call *call,
                               jt_sql_row_fn take, const void *ctx, struct jt_diag *diag)
{
    sqlite3_stmt *row = stmts->list[call->which];
    int rc = start(row, call);
    enum jt_err err = rc == SQLITE_DONE ? JT_ERR_NOT_FOUND : JT_OK;
    while (rc == SQLITE_ROW && err == JT_OK) {
        err = hand_over(row, stmts, call->columns, take, ctx, diag);
        rc = err == JT_OK ? sqlite3_step(row) : rc;
    }
    enum jt_err failed = end(stmts, call->which, rc, diag);
    return failed != JT_OK ? failed : err;
}
