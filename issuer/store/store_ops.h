/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between store.c, which keeps the order of calls and the version, and a database.
 * An implementation embeds struct jt_store first in its own struct and is called in order only: a
 * write after begin and before commit or rollback, never after a write that failed.
 * Ownership and thread rule: as in store.h.
 */
#ifndef JT_STORE_STORE_OPS_H
#define JT_STORE_STORE_OPS_H

#include "issuer/store/store.h"

struct jt_store_line {
    int64_t at_s;
    const char *actor, *action;
    struct jt_span object, detail;
};

struct jt_store_commit {
    int64_t version, mark;
    int64_t over; /* this version's mark and those before it are dropped */
};

struct jt_store_ops {
    void (*close)(struct jt_store *store); /* no transaction is open; frees the store */
    enum jt_err (*begin)(struct jt_store *store, struct jt_diag *diag);
    enum jt_err (*commit)(struct jt_store *store, struct jt_diag *diag); /* rolls back on failure */
    void (*rollback)(struct jt_store *store);
    enum jt_err (*begin_read)(struct jt_store *store, struct jt_diag *diag); /* ends by rollback */
    enum jt_err (*version)(struct jt_store *store, int64_t *out_version);
    enum jt_err (*put_version)(struct jt_store *store, int64_t version, struct jt_diag *diag);
    enum jt_err (*mark)(struct jt_store *store, int64_t version, int64_t *out_mark);
    enum jt_err (*put_mark)(struct jt_store *store, const struct jt_store_commit *commit,
                            struct jt_diag *diag);
    enum jt_err (*check)(struct jt_store *store, struct jt_diag *diag);
    enum jt_err (*objects)(struct jt_store *store, int64_t since, jt_store_object_fn fn, void *ctx);
    enum jt_err (*put)(struct jt_store *store, const struct jt_store_object *object,
                       struct jt_diag *diag);
    enum jt_err (*delete)(struct jt_store *store, const struct jt_store_object *object,
                          struct jt_diag *diag); /* no doc; JT_ERR_NOT_FOUND */
    enum jt_err (*keys)(struct jt_store *store, jt_store_key_fn fn, void *ctx);
    enum jt_err (*put_key)(struct jt_store *store, const struct jt_store_key *key,
                           struct jt_diag *diag);
    enum jt_err (*delete_key)(struct jt_store *store, struct jt_span kid, struct jt_diag *diag);
    enum jt_err (*sealed)(struct jt_store *store, const char *name, jt_store_sealed_fn fn,
                          void *ctx);
    enum jt_err (*put_sealed)(struct jt_store *store, const char *name, struct jt_span mac,
                              struct jt_span blob, struct jt_diag *diag);
    enum jt_err (*each_sealed)(struct jt_store *store, jt_store_each_sealed_fn fn, void *ctx);
    enum jt_err (*uses)(struct jt_store *store, int64_t since_s, jt_store_use_fn fn, void *ctx);
    enum jt_err (*put_use)(struct jt_store *store, const struct jt_store_use *use,
                           struct jt_diag *diag);
    enum jt_err (*forget_use)(struct jt_store *store, struct jt_span client, struct jt_span secret,
                              struct jt_diag *diag);
    enum jt_err (*reply)(struct jt_store *store, struct jt_span actor, struct jt_span key,
                         int64_t after_s, jt_store_reply_fn fn, void *ctx);
    enum jt_err (*put_reply)(struct jt_store *store, const struct jt_store_reply *reply,
                             int64_t over_s, struct jt_diag *diag); /* drops those until over_s */
    enum jt_err (*put_line)(struct jt_store *store, const struct jt_store_line *line,
                            struct jt_diag *diag);
};

struct jt_store {
    const struct jt_store_ops *ops;
    const char *name;             /* for sentences; the implementation's */
    const struct jt_clock *clock; /* NULL: opened to look at only */
    bool in_transaction, in_snapshot, wrote, reading;
    enum jt_err failed;      /* what the first write of this transaction that failed returned */
    struct jt_diag why;      /* and its sentence */
    struct jt_diag not_read; /* why the last read failed; the implementation's to write */
    int64_t version;         /* in a transaction: the one that its writes get */
    int64_t last_mark;       /* that was written here */
};

#endif
