/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An existing database file looked at, without changing anything on disk: whether a daemon has it
 * open, was killed over it, or ended well.
 * Ownership: a connection is the caller's to close.
 * Thread rule: one thread.
 * Sources: SQLite's "Write-Ahead Logging", "Immutable".
 */
#ifndef JT_STORE_SQLITELOOK_H
#define JT_STORE_SQLITELOOK_H

#include "issuer/store/migrate.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Gives a connection that only reads. `running`: a daemon has the file open, otherwise none may open
 * it meanwhile (sqlitelock.h). JT_ERR_STORE with a sentence, JT_ERR_NOMEM; so below. */
JT_MUST_USE enum jt_err jt_sqlitelook_open(const char *path, bool running, sqlite3 **out_db,
                                           struct jt_diag *diag);

/* The same, within one read transaction: a snapshot, of whatever schema. JT_ERR_NOT_FOUND with a
 * sentence when there is no file. */
JT_MUST_USE enum jt_err jt_sqlitelook_snapshot(const char *path, bool running, sqlite3 **out_db,
                                               int64_t *out_schema, struct jt_diag *diag);

/* Gives a copy in memory, with the newest schema. JT_ERR_NOT_FOUND; JT_ERR_STORE_VERSION. */
JT_MUST_USE enum jt_err jt_sqlitelook_copy(const char *path, bool running,
                                           const struct jt_migrations *migrations, sqlite3 **out_db,
                                           struct jt_diag *diag);

#endif
