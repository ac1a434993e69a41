/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file from nothing to a connection: made whole or not at all, looked at before it is
 * touched, raised to the schema of this program. What is inside is sqlite.c's.
 * Ownership: a connection is the caller's to close.
 * Thread rule: one thread.
 * Sources: SQLite's "Write-Ahead Logging".
 */
#ifndef JT_STORE_SQLITEFILE_H
#define JT_STORE_SQLITEFILE_H

#include "issuer/store/migrate.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Gives the one connection that reads, writes and checkpoints, making the file (mode 0600) when
 * there is none. The caller holds the lock (sqlitelock.h). JT_ERR_STORE_VERSION, JT_ERR_STORE: the
 * file is as it was. */
JT_MUST_USE enum jt_err jt_sqlitefile_open(const char *path, const struct jt_migrations *migrations,
                                           sqlite3 **out_db, struct jt_diag *diag);

/* Prepares the empty file at `path`, which nobody else knows yet, to be filled with rows at the newest
 * schema of `migrations`: no log beside it, and nothing is durable before the caller syncs it. */
JT_MUST_USE enum jt_err jt_sqlitefile_fill(const char *path, const struct jt_migrations *migrations,
                                           sqlite3 **out_db, struct jt_diag *diag);

/* Is `path` still the file that `db` has open, and are its pages sound? JT_ERR_STORE with a sentence;
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_sqlitefile_check(sqlite3 *db, const char *path, struct jt_diag *diag);

/* Moves the write-ahead log into the database and empties it, so that no file holds what is erased.
 */
JT_MUST_USE enum jt_err jt_sqlitefile_checkpoint(sqlite3 *db, const char *path,
                                                 struct jt_diag *diag);

/* Has the write-ahead log of `path` grown beyond what ordinary changes need? SQLite writes it anew
 * from its beginning, and never makes it smaller by itself. */
bool jt_sqlitefile_log_is_large(const char *path);

#endif
