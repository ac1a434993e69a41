/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between store.c, which keeps the order of calls and the version, with rows.c, which knows
 * the tables, and a database, which runs statements. An implementation embeds struct jt_store first
 * in its own struct and is called in order only: a change after begin and before commit or rollback,
 * never after one that failed.
 * Ownership and thread rule: as in store.h.
 */
#ifndef JT_STORE_STORE_OPS_H
#define JT_STORE_STORE_OPS_H

#include "issuer/store/bulk.h"
#include "issuer/store/sql.h"
#include "issuer/store/store.h"

struct jt_store_ops {
    void (*close)(struct jt_store *store); /* no transaction is open; frees the store */
    enum jt_err (*begin)(struct jt_store *store, struct jt_diag *diag);
    enum jt_err (*commit)(struct jt_store *store, struct jt_diag *diag); /* rolls back on failure */
    void (*rollback)(struct jt_store *store);
    enum jt_err (*begin_read)(struct jt_store *store, struct jt_diag *diag); /* ends by rollback */
    enum jt_err (*check)(struct jt_store *store, struct jt_diag *diag);

    /* Runs one that changes, and tells how many rows it did; NULL: nobody asks, and a failure may be
     * told by a later run or by commit. JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
    enum jt_err (*run)(struct jt_store *store, const struct jt_sql_call *call, int64_t *out_rows,
                       struct jt_diag *diag);
    /* Runs one that reads and hands its rows to `take` until one fails; JT_ERR_NOT_FOUND when there
     * was none. Its sentence goes to not_read. */
    enum jt_err (*each)(struct jt_store *store, const struct jt_sql_call *call, jt_sql_row_fn take,
                        const void *ctx);

    /* Of whole rows, as bulk.h has them. */
    enum jt_err (*about)(struct jt_store *store, struct jt_bulk_about *out_about,
                         struct jt_diag *diag);
    enum jt_err (*each_row)(struct jt_store *store, enum jt_tables_id table, jt_bulk_fn fn,
                            void *ctx, struct jt_diag *diag);
    enum jt_err (*put_row)(struct jt_store *store, enum jt_tables_id table,
                           const struct jt_bulk_cell *cells, struct jt_diag *diag);
    enum jt_err (*drop_rows)(struct jt_store *store, enum jt_tables_id table, struct jt_diag *diag);
};

struct jt_store {
    const struct jt_store_ops *ops;
    const char *name;             /* for sentences; the implementation's */
    const struct jt_clock *clock; /* NULL: opened to look at only */
    bool in_transaction, in_snapshot, wrote, reading;
    bool erase;              /* sealed bytes were replaced or erased: commit sees that they go */
    enum jt_err failed;      /* what the first write of this transaction that failed returned */
    struct jt_diag why;      /* and its sentence */
    struct jt_diag not_read; /* why the last read failed */
    int64_t version;         /* in a transaction: the one that its writes get */
    int64_t last_mark;       /* that was written here */
};

#endif
