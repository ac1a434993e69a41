/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, row by row, by the statements of sql.def over whatever database is behind a store.
 * store.c calls it in order; it keeps no order itself.
 * Ownership and thread rule: as in store.h. Errors: those of the run and each of store_ops.h.
 */
#ifndef JT_STORE_ROWS_H
#define JT_STORE_ROWS_H

#include "issuer/store/store_ops.h"

/* The number `name` of the table meta. JT_ERR_STORE when it is not there: every schema writes it. */
JT_MUST_USE enum jt_err jt_rows_meta(struct jt_store *store, const char *name, int64_t *out_value);
JT_MUST_USE enum jt_err jt_rows_put_version(struct jt_store *store, int64_t version,
                                            struct jt_diag *diag);

/* JT_ERR_NOT_FOUND. */
JT_MUST_USE enum jt_err jt_rows_mark(struct jt_store *store, int64_t version, int64_t *out_mark);
/* Drops the marks of `over` and before. */
struct jt_rows_commit {
    int64_t version, mark, over;
};
JT_MUST_USE enum jt_err jt_rows_put_mark(struct jt_store *store,
                                         const struct jt_rows_commit *commit, struct jt_diag *diag);

JT_MUST_USE enum jt_err jt_rows_objects(struct jt_store *store, int64_t since,
                                        jt_store_object_fn fn, void *ctx);
JT_MUST_USE enum jt_err jt_rows_each_object(struct jt_store *store, jt_store_object_fn fn,
                                            void *ctx);
JT_MUST_USE enum jt_err jt_rows_put(struct jt_store *store, const struct jt_store_object *object,
                                    struct jt_diag *diag);
/* Has no doc. JT_ERR_NOT_FOUND. */
JT_MUST_USE enum jt_err jt_rows_delete(struct jt_store *store, const struct jt_store_object *object,
                                       struct jt_diag *diag);

JT_MUST_USE enum jt_err jt_rows_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx);
JT_MUST_USE enum jt_err jt_rows_put_key(struct jt_store *store, const struct jt_store_key *key,
                                        struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_rows_delete_key(struct jt_store *store, struct jt_span kid,
                                           struct jt_diag *diag);

JT_MUST_USE enum jt_err jt_rows_sealed(struct jt_store *store, const char *name,
                                       jt_store_sealed_fn fn, void *ctx);
JT_MUST_USE enum jt_err jt_rows_each_sealed(struct jt_store *store, jt_store_each_sealed_fn fn,
                                            void *ctx);
JT_MUST_USE enum jt_err jt_rows_put_sealed(struct jt_store *store, const char *name,
                                           struct jt_span mac, struct jt_span blob,
                                           struct jt_diag *diag);

JT_MUST_USE enum jt_err jt_rows_uses(struct jt_store *store, int64_t since_s, jt_store_use_fn fn,
                                     void *ctx);
JT_MUST_USE enum jt_err jt_rows_put_use(struct jt_store *store, const struct jt_store_use *use,
                                        struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_rows_forget_use(struct jt_store *store, struct jt_span client,
                                           struct jt_span secret, struct jt_diag *diag);

/* One that was given after `after_s`. */
struct jt_rows_asked {
    struct jt_span actor, key;
    int64_t after_s;
};
JT_MUST_USE enum jt_err jt_rows_reply(struct jt_store *store, const struct jt_rows_asked *asked,
                                      jt_store_reply_fn fn, void *ctx);
/* Drops those that were given until `over_s`. */
JT_MUST_USE enum jt_err jt_rows_put_reply(struct jt_store *store,
                                          const struct jt_store_reply *reply, int64_t over_s,
                                          struct jt_diag *diag);

struct jt_rows_line {
    int64_t at_s;
    const char *actor, *action;
    struct jt_span object, detail;
};
JT_MUST_USE enum jt_err jt_rows_put_line(struct jt_store *store, const struct jt_rows_line *line,
                                         struct jt_diag *diag);

#endif
