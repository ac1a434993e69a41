/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlitebulk.h"

#include "issuer/store/sqliteerr.h"

#include "common/base/base.h"

void jt_sqlitebulk_release(struct jt_sqlitebulk *rows)
{
    for (size_t i = 0; i < JT_COUNT(rows->insert); i++) {
        (void)sqlite3_finalize(rows->insert[i]); /* no step is under way */
        rows->insert[i] = NULL;
    }
}

/* --- reading --- */

/* SQLite keeps what it is given, whatever the column says: another type is a database that somebody
 * else wrote to. */
static bool take_cell(sqlite3_stmt *row, int index, enum jt_tables_type wanted,
                      struct jt_bulk_cell *out_cell)
{
    *out_cell = (struct jt_bulk_cell){0};
    switch (sqlite3_column_type(row, index)) {
    case SQLITE_NULL:
        return true;
    case SQLITE_INTEGER:
        out_cell->type = JT_TABLES_NUMBER;
        out_cell->number = sqlite3_column_int64(row, index);
        break;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        out_cell->type =
            sqlite3_column_type(row, index) == SQLITE_TEXT ? JT_TABLES_TEXT : JT_TABLES_BYTES;
        out_cell->bytes.p = sqlite3_column_blob(row, index); /* before its length is asked for */
        out_cell->bytes.n = (size_t)sqlite3_column_bytes(row, index);
        break;
    default:
        return false;
    }
    return out_cell->type == wanted;
}

static enum jt_err take_row(const struct jt_sqlitebulk *rows, enum jt_tables_id table,
                            sqlite3_stmt *row, struct jt_bulk_cell *out_cells, struct jt_diag *diag)
{
    size_t n;
    const struct jt_tables_column *columns = jt_tables_columns(table, &n);
    for (size_t i = 0; i < n; i++) {
        if (!take_cell(row, (int)i, columns[i].type, &out_cells[i])) {
            return jt_diag_fail(diag, JT_ERR_STORE,
                                "%s: is damaged: a value of %s.%s is not of its type; restore it "
                                "from a backup",
                                rows->name, jt_tables_name(table), columns[i].name);
        }
    }
    return JT_OK;
}

static enum jt_err each(const struct jt_sqlitebulk *rows, enum jt_tables_id table,
                        sqlite3_stmt *stmt, jt_bulk_fn fn, void *ctx, struct jt_diag *diag)
{
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        JT_TRY(take_row(rows, table, stmt, cells, diag));
        JT_TRY(fn(ctx, cells));
    }
    return jt_sqliteerr(rows->db, rc, rows->name, diag);
}

enum jt_err jt_sqlitebulk_each(const struct jt_sqlitebulk *rows, enum jt_tables_id table,
                               jt_bulk_fn fn, void *ctx, struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    if (!jt_tables_has(table, rows->schema)) {
        return JT_OK;
    }
    JT_TRY(jt_tables_select(table, rows->schema, &sql));
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(rows->db, jt_buf_str(&sql), -1, &stmt, NULL);
    JT_TRY(jt_sqliteerr(rows->db, rc, rows->name, diag));
    enum jt_err err = each(rows, table, stmt, fn, ctx, diag);
    (void)sqlite3_finalize(stmt); /* repeats the error of the step */
    return err;
}

/* --- writing --- */

static enum jt_err prepare(struct jt_sqlitebulk *rows, enum jt_tables_id table,
                           struct jt_diag *diag)
{
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    JT_TRY(jt_tables_insert(table, rows->schema, &sql));
    int rc = sqlite3_prepare_v3(rows->db, jt_buf_str(&sql), -1, SQLITE_PREPARE_PERSISTENT,
                                &rows->insert[table], NULL);
    return jt_sqliteerr(rows->db, rc, rows->name, diag);
}

/* Borrowed until the statement is reset, not copied. */
static int bind(sqlite3_stmt *stmt, int index, const struct jt_bulk_cell *cell)
{
    const void *bytes = cell->bytes.n == 0 ? "" : (const void *)cell->bytes.p;
    switch (cell->type) {
    case JT_TABLES_NUMBER:
        return sqlite3_bind_int64(stmt, index, cell->number);
    case JT_TABLES_TEXT:
        return sqlite3_bind_text64(stmt, index, bytes, cell->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    case JT_TABLES_BYTES:
        return sqlite3_bind_blob64(stmt, index, bytes, cell->bytes.n, SQLITE_STATIC);
    case JT_TABLES_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, index);
}

enum jt_err jt_sqlitebulk_put(struct jt_sqlitebulk *rows, enum jt_tables_id table,
                              const struct jt_bulk_cell *cells, struct jt_diag *diag)
{
    if (rows->insert[table] == NULL) {
        JT_TRY(prepare(rows, table, diag));
    }
    sqlite3_stmt *stmt = rows->insert[table];
    int rc = SQLITE_OK;
    int n = sqlite3_bind_parameter_count(stmt);
    for (int i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = bind(stmt, i + 1, &cells[i]);
    }
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    enum jt_err err = jt_sqliteerr(rows->db, rc, rows->name, diag);
    (void)sqlite3_reset(stmt); /* repeats the error of the step */
    (void)sqlite3_clear_bindings(stmt);
    return err;
}
