/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h over SQLite: one connection, its statements prepared once. Reached through store.c.
 * Ownership: gives a store that is closed by its ops.
 * Thread rule: as in store.h.
 */
#ifndef JT_STORE_SQLITE_H
#define JT_STORE_SQLITE_H

#include "issuer/store/migrate.h"
#include "issuer/store/store.h"

/* As jt_store_open and jt_store_peek, with the schema's history as an input. */
JT_MUST_USE enum jt_err jt_sqlite_open(const char *path, const struct jt_migrations *migrations,
                                       const struct jt_clock *clock, struct jt_store **out_store,
                                       struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_sqlite_peek(const char *path, const struct jt_migrations *migrations,
                                       struct jt_store **out_store, struct jt_diag *diag);

/* As jt_bulk_open. */
JT_MUST_USE enum jt_err jt_sqlite_look(const char *path, struct jt_store **out_store,
                                       struct jt_diag *diag);

/* The empty file at `path`, which nobody else knows yet, to be filled with rows (bulk.h) in one
 * transaction, at the newest schema of `migrations`; of store.h only begin, commit, rollback, name and
 * close may be called. The caller makes the file durable. */
JT_MUST_USE enum jt_err jt_sqlite_fill(const char *path, const struct jt_migrations *migrations,
                                       const struct jt_clock *clock, struct jt_store **out_store,
                                       struct jt_diag *diag);

#endif
