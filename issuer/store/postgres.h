/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h over PostgreSQL: one connection, its statements prepared once, made anew when it is lost
 * and no transaction is open. Reached through store.c. Any number of issuers may have it open.
 *
 * The write lock of a transaction is the lock on the row 'version' of meta (SELECT ... FOR UPDATE):
 * whoever changes anything changes that row, so that reading and then writing is serial over all
 * issuers. Unlike a lock on the table it does not meet autovacuum, and unlike an advisory lock it
 * keeps off whoever changes the version by other means.
 *
 * What is erased: after the commit the tables of sealed bytes are written anew (VACUUM FULL; VACUUM
 * alone leaves the bytes in their pages), where no reader is in the way for 0.2 s; else after the
 * next commit that was to erase, or at the next opening. The write-ahead log of the server, its
 * archive, standbys and backups hold the bytes until they are recycled.
 * Ownership: gives a store that is closed by its ops.
 * Thread rule: as in store.h.
 * Sources: PostgreSQL's "Explicit Locking", "Asynchronous Commit", "VACUUM".
 */
#ifndef JT_STORE_POSTGRES_H
#define JT_STORE_POSTGRES_H

#include "issuer/store/migrate.h"
#include "issuer/store/store.h"

#define JT_POSTGRES_CHANNEL "jeton" /* NOTIFY at each commit that raised the version */

/* As jt_store_open and jt_store_peek, with the schema's history as an input. A peek is one open
 * transaction, in which an older schema is raised and never committed. */
JT_MUST_USE enum jt_err jt_postgres_open(const char *conninfo,
                                         const struct jt_migrations *migrations,
                                         const struct jt_clock *clock, struct jt_store **out_store,
                                         struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_postgres_peek(const char *conninfo,
                                         const struct jt_migrations *migrations,
                                         struct jt_store **out_store, struct jt_diag *diag);

/* As jt_bulk_open; one open transaction, too. */
JT_MUST_USE enum jt_err jt_postgres_look(const char *conninfo, struct jt_store **out_store,
                                         struct jt_diag *diag);

#endif
