/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all who open a database file share: a hardened connection, whose database it is, raising its
 * schema, and the names beside it.
 * Ownership: a connection is the caller's to close.
 * Thread rule: one thread.
 * Sources: SQLite's "Defense Against The Dark Arts".
 */
#ifndef JT_STORE_SQLITECONN_H
#define JT_STORE_SQLITECONN_H

#include "issuer/store/migrate.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>

/* "Jetn": tells our databases from those of others (`file` shows it). */
#define JT_SQLITECONN_APPLICATION 0x4A65746E

struct jt_sqliteconn_name {
    char text[PATH_MAX];
};

/* `path` with `suffix`, which is no longer than that of the lock (sqlitelock.h): whose name was found
 * short enough. */
struct jt_sqliteconn_name jt_sqliteconn_beside(const char *path, const char *suffix);

/* Bytes of the file; 0 also when it is not there. */
int64_t jt_sqliteconn_size(const char *path);
bool jt_sqliteconn_absent(const char *path);

/* Gives a connection to `name`: the path, or a URI of it with SQLITE_OPEN_URI. JT_ERR_STORE with a
 * sentence, JT_ERR_NOMEM; so below. */
JT_MUST_USE enum jt_err jt_sqliteconn_open(const char *name, int flags, const char *path,
                                           sqlite3 **out_db, struct jt_diag *diag);

/* The number of its schema; a database that is not ours is refused. */
JT_MUST_USE enum jt_err jt_sqliteconn_schema(sqlite3 *db, const char *path, int64_t *out_schema,
                                             struct jt_diag *diag);

/* The same, and a newer one is refused too: JT_ERR_STORE_VERSION. */
JT_MUST_USE enum jt_err jt_sqliteconn_identify(sqlite3 *db, const struct jt_migrations *migrations,
                                               const char *path, int64_t *out_schema,
                                               struct jt_diag *diag);

/* From schema `have` (0: an empty file) to the newest in one transaction. */
JT_MUST_USE enum jt_err jt_sqliteconn_raise(sqlite3 *db, const struct jt_migrations *migrations,
                                            int64_t have, const char *path, struct jt_diag *diag);

#endif
