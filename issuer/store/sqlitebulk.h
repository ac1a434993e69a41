/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk.h over SQLite: whole rows of any table, read as they come and added by statements that are
 * prepared when first needed.
 * Ownership: in place; what is bound is borrowed for the call.
 * Thread rule: one thread.
 */
#ifndef JT_STORE_SQLITEBULK_H
#define JT_STORE_SQLITEBULK_H

#include "issuer/store/bulk.h"

#include <sqlite3.h>

struct jt_sqlitebulk {
    sqlite3 *db;      /* borrowed */
    const char *name; /* of the database, for sentences; borrowed */
    int64_t schema;   /* that it has */
    sqlite3_stmt *insert[JT_TABLES_COUNT_];
};

void jt_sqlitebulk_release(struct jt_sqlitebulk *rows);

/* As jt_bulk_each and jt_bulk_put; JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_sqlitebulk_each(const struct jt_sqlitebulk *rows,
                                           enum jt_tables_id table, jt_bulk_fn fn, void *ctx,
                                           struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_sqlitebulk_put(struct jt_sqlitebulk *rows, enum jt_tables_id table,
                                          const struct jt_bulk_cell *cells, struct jt_diag *diag);

#endif
