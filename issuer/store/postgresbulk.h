/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk.h over one PostgreSQL connection: whole rows of any table, read as they come and added by
 * statements that are prepared when first needed.
 * Ownership: in place, nothing to release; what is bound is borrowed for the call.
 * Thread rule: one thread.
 */
#ifndef JT_STORE_POSTGRESBULK_H
#define JT_STORE_POSTGRESBULK_H

#include "issuer/store/bulk.h"
#include "issuer/store/postgresconn.h"

struct jt_postgresbulk {
    struct jt_postgresconn *conn;    /* borrowed */
    int64_t schema;                  /* that the database has */
    bool prepared[JT_TABLES_COUNT_]; /* of this connection: a new one has none */
};

/* As those of bulk.h; JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_postgresbulk_about(const struct jt_postgresbulk *bulk,
                                              struct jt_bulk_about *out_about,
                                              struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_postgresbulk_each(const struct jt_postgresbulk *bulk,
                                             enum jt_tables_id table, jt_bulk_fn fn, void *ctx,
                                             struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_postgresbulk_put(struct jt_postgresbulk *bulk, enum jt_tables_id table,
                                            const struct jt_bulk_cell *cells, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_postgresbulk_drop(const struct jt_postgresbulk *bulk,
                                             enum jt_tables_id table, struct jt_diag *diag);

#endif
