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
/* Only the one that reads the version: all that a database of an older schema is asked. */
JT_MUST_USE enum jt_err jt_sqlitestmt_prepare_version(struct jt_sqlitestmt *stmts, sqlite3 *db,
                                                      const char *name, struct jt_diag *diag);
void jt_sqlitestmt_release(struct jt_sqlitestmt *stmts);

/* Runs one that changes. JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_sqlitestmt_run(struct jt_sqlitestmt *stmts,
                                          const struct jt_sql_call *call, struct jt_diag *diag);

/* Runs one that reads and hands its rows to `take` until one fails; JT_ERR_NOT_FOUND when there was
 * none. */
JT_MUST_USE enum jt_err jt_sqlitestmt_each(struct jt_sqlitestmt *stmts,
                                           const struct jt_sql_call *call, jt_sql_row_fn take,
                                           const void *ctx, struct jt_diag *diag);

#endif
