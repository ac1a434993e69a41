/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema in a PostgreSQL database: what it is, and raising it, once however many issuers start
 * at the same time. The tables are found by the search_path of the user.
 * Ownership: borrows.
 * Thread rule: one thread.
 */
#ifndef JT_STORE_POSTGRESSCHEMA_H
#define JT_STORE_POSTGRESSCHEMA_H

#include "issuer/store/migrate.h"
#include "issuer/store/postgresconn.h"

/* The schema's number; 0 where there are no tables yet. JT_ERR_STORE_VERSION for one that is newer
 * than `migrations` lead to; JT_ERR_STORE with a sentence for another application's. */
JT_MUST_USE enum jt_err jt_postgresschema_read(struct jt_postgresconn *conn,
                                               const struct jt_migrations *migrations,
                                               int64_t *out_schema, struct jt_diag *diag);

/* Raises it to the newest, from nothing too, in one transaction under a lock; else as above. */
JT_MUST_USE enum jt_err jt_postgresschema_raise(struct jt_postgresconn *conn,
                                                const struct jt_migrations *migrations,
                                                struct jt_diag *diag);

/* Begins a transaction that sees the newest schema and is never to be committed. JT_ERR_NOT_FOUND
 * where there are no tables yet, though they could be made. */
JT_MUST_USE enum jt_err jt_postgresschema_look(struct jt_postgresconn *conn,
                                               const struct jt_migrations *migrations,
                                               struct jt_diag *diag);

#endif
