/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQLite's failures are called here, and what a person can do about each.
 * Ownership: borrows.
 * Thread rule: one thread per connection.
 */
#ifndef JT_STORE_SQLITEERR_H
#define JT_STORE_SQLITEERR_H

#include "common/base/diag.h"

#include <sqlite3.h>

/* JT_OK for SQLITE_OK, _ROW and _DONE; JT_ERR_NOMEM; else JT_ERR_STORE with a sentence about the
 * database file `name`. `db` may be NULL. */
enum jt_err jt_sqliteerr(sqlite3 *db, int rc, const char *name, struct jt_diag *diag);

/* Runs statements that take no parameters and give no rows that matter. */
JT_MUST_USE enum jt_err jt_sqliteerr_exec(sqlite3 *db, const char *sql, const char *name,
                                          struct jt_diag *diag);

#endif
