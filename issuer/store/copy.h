/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows of one database into another, SQLite or PostgreSQL, whatever they mean; read at one
 * snapshot, so that a daemon may go on with its work; verified by reading back what was written. At
 * the target all of it appears or nothing. Rows pass one by one: memory does not grow with them.
 * Ownership: borrows the source (jt_bulk_open).
 * Thread rule: one thread.
 */
#ifndef JT_STORE_COPY_H
#define JT_STORE_COPY_H

#include "issuer/store/bulk.h"

struct jt_copy_done {
    struct jt_bulk_sum sum; /* of both databases */
    char to[256];           /* what sentences call the target */
};

/* Makes the SQLite database `path`, mode 0600, of the schema that `from` has; it appears under its
 * name when it is whole and durable. A file of that name gives way only to `replace`, and never while
 * a daemon has it open or left a log beside it. JT_ERR_EXISTS; JT_ERR_STORE with a sentence;
 * JT_ERR_STORE_VERSION. */
JT_MUST_USE enum jt_err jt_copy_to_file(struct jt_store *from, const char *path, bool replace,
                                        struct jt_copy_done *out_done, struct jt_diag *diag);

/* Fills the database `to`, which must be empty or not there, in one transaction. `from` must have this
 * program's schema. Errors as above. */
JT_MUST_USE enum jt_err jt_copy_to_store(struct jt_store *from, const struct jt_store_where *to,
                                         struct jt_copy_done *out_done, struct jt_diag *diag);

#endif
