/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database as tables of rows, whatever they mean: what copies one, counts one or looks at one
 * needs, and nothing else. It opens databases of older schemas too, and changes none: rows are put
 * through a store that was opened to change (store.h).
 * Ownership: jt_bulk_open gives a store, closed by jt_store_close; cells are borrowed for the call.
 * Thread rule: as in store.h.
 */
#ifndef JT_STORE_BULK_H
#define JT_STORE_BULK_H

#include "issuer/store/store.h"
#include "issuer/store/tables.h"

/* One value: a number, or bytes (of TEXT, too). */
struct jt_bulk_cell {
    enum jt_tables_type type;
    int64_t number;
    struct jt_span bytes;
};

/* The values of a row, in the order of jt_tables_columns. */
typedef enum jt_err (*jt_bulk_fn)(void *ctx, const struct jt_bulk_cell *cells);

/* Opens an existing database to look at: one snapshot of it, whoever changes it meanwhile; nothing
 * changes on disk and the schema stays as it is. Of store.h only jt_store_name and jt_store_close may
 * be called. An SQLite database that no daemon has open is kept from daemons until it is closed. JT_ERR_NOT_FOUND
 * with a sentence when there is none; JT_ERR_STORE as jt_store_open. */
JT_MUST_USE enum jt_err jt_bulk_open(const struct jt_store_where *where,
                                     struct jt_store **out_store, struct jt_diag *diag);

struct jt_bulk_about {
    const char *kind;       /* "sqlite", "postgres" */
    int64_t schema, newest; /* 0: none yet; what this program makes of it */
    int64_t bytes;          /* on disk */
    int64_t daemons;        /* that have it open; of SQLite, at most one */
};

/* JT_ERR_STORE with a sentence. */
JT_MUST_USE enum jt_err jt_bulk_about(struct jt_store *store, struct jt_bulk_about *out_about,
                                      struct jt_diag *diag);

/* Calls `fn` for every row of `table`, in no order, each column of the newest schema (NULL where the
 * database has not got it yet); none when it has no such table yet. Within a transaction it sees what
 * that wrote. Stops with what `fn` returns when it is not JT_OK. JT_ERR_STORE_VERSION: the schema is
 * newer; JT_ERR_STORE with a sentence, also for a value of another type than its column's. */
JT_MUST_USE enum jt_err jt_bulk_each(struct jt_store *store, enum jt_tables_id table, jt_bulk_fn fn,
                                     void *ctx, struct jt_diag *diag);

/* Adds the row in this transaction, and no version by it. JT_ERR_STORE with a sentence, also for a row
 * that is there. */
JT_MUST_USE enum jt_err jt_bulk_put(struct jt_store *store, enum jt_tables_id table,
                                    const struct jt_bulk_cell *cells, struct jt_diag *diag);

/* Does it hold nothing but what its own making wrote? JT_ERR_EXISTS with a sentence when not. */
JT_MUST_USE enum jt_err jt_bulk_check_empty(struct jt_store *store, struct jt_diag *diag);

/* In this transaction, makes room for all rows of another database: what this one's own making wrote
 * goes. JT_ERR_EXISTS with a sentence when it holds more than that. */
JT_MUST_USE enum jt_err jt_bulk_clear(struct jt_store *store, struct jt_diag *diag);

/* How many rows each table has, and a digest over all of them that does not depend on their order.
 * The digest is a SHA-256 for each row (its table, its values with their types), all added up. */
struct jt_bulk_sum {
    uint64_t n[JT_TABLES_COUNT_];
    uint8_t digest[32];
};

/* Adds a row to `sum`, which begins as zeros. JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_bulk_sum_add(struct jt_bulk_sum *sum, enum jt_tables_id table,
                                        const struct jt_bulk_cell *cells);

/* The sum over a whole database. Errors as jt_bulk_each. */
JT_MUST_USE enum jt_err jt_bulk_sum(struct jt_store *store, struct jt_bulk_sum *out_sum,
                                    struct jt_diag *diag);

#endif
