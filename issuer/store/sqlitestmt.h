/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of sql.def over one SQLite connection: prepared once, bound, stepped, reset.
 * Ownership: in place; what is bound is borrowed for the call.
 * Thread rule: one thread.
 */
#ifndef JT_STORE_SQLITESTMT_H
#define JT_STORE_SQLITESTMT_H

#include "issuer/store/sql.h"

#include <sqlite3.h>

struct jt_sqlitestmt {
    sqlite3 *db;      /* borrowed */
    const char *name; /* of the database, for sentences; borrowed */
    sqlite3_stmt *list[JT_SQL_COUNT_];
};

/* Prepares them all into `stmts`, which is zero; release it also after a failure. */
JT_MUST_USE enum jt_err jt_sqlitestmt_prepare(struct jt_sqlitestmt *stmts, sqlite3 *db,
                                              const char *name, struct jt_diag *diag);
void jt_sqlitestmt_release(struct jt_sqlitestmt *stmts);

/* One parameter: a number, or bytes as TEXT, as BLOB, or as BLOB that is NULL when empty. */
struct jt_sqlitestmt_arg {
    enum jt_sqlitestmt_type {
        JT_SQLITESTMT_IS_NUMBER,
        JT_SQLITESTMT_IS_TEXT,
        JT_SQLITESTMT_IS_BYTES,
        JT_SQLITESTMT_IS_NULLABLE,
    } type;
    int64_t number;
    struct jt_span bytes;
};

#define JT_SQLITESTMT_NUMBER(n)                    \
    {                                              \
        JT_SQLITESTMT_IS_NUMBER, (n), JT_SPAN_NONE \
    }
#define JT_SQLITESTMT_TEXT(s)         \
    {                                 \
        JT_SQLITESTMT_IS_TEXT, 0, (s) \
    }
#define JT_SQLITESTMT_BYTES(s)         \
    {                                  \
        JT_SQLITESTMT_IS_BYTES, 0, (s) \
    }
#define JT_SQLITESTMT_NULLABLE(s)         \
    {                                     \
        JT_SQLITESTMT_IS_NULLABLE, 0, (s) \
    }

/* Runs one that changes. JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_sqlitestmt_run(struct jt_sqlitestmt *stmts, enum jt_sql which,
                                          const struct jt_sqlitestmt_arg *args, size_t n,
                                          struct jt_diag *diag);

/* Runs one that reads and hands its rows to `take` until one fails; JT_ERR_NOT_FOUND when there was
 * none. */
JT_MUST_USE enum jt_err jt_sqlitestmt_each(struct jt_sqlitestmt *stmts, enum jt_sql which,
                                           const struct jt_sqlitestmt_arg *args, size_t n,
                                           enum jt_err (*take)(sqlite3_stmt *row, const void *ctx),
                                           const void *ctx, struct jt_diag *diag);

/* The bytes of a column, borrowed until the next row; empty for NULL. */
struct jt_span jt_sqlitestmt_column(sqlite3_stmt *row, int index);

#endif
