/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes records of documents, many at once: rows are gathered into batches, which threads of its own
 * take as they can; the caller makes what nobody takes, so it goes without any thread, too. Of load.c.
 * Ownership: new gives a crew, end gives the records.
 * Thread rule: one thread calls it.
 */
#ifndef JT_ISSUER_LOAD_CREW_H
#define JT_ISSUER_LOAD_CREW_H

#include "issuer/access/object.h"
#include "issuer/access/quick.h"

struct jt_load_crew;

/* Gives the record of `row`. JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_load_crew_read(struct jt_quick *quick, const struct jt_store_object *row,
                                          struct jt_object **out_object, struct jt_diag *diag);

/* `helpers`: threads beside the caller's, at most JT_LOAD_CREW_MAX; they start when there is work for
 * them. JT_ERR_NOMEM. */
#define JT_LOAD_CREW_MAX 7
JT_MUST_USE enum jt_err jt_load_crew_new(size_t helpers, struct jt_load_crew **out_crew);

/* Takes a copy of `row`. Errors as jt_load_crew_read, of this row or one before. */
JT_MUST_USE enum jt_err jt_load_crew_take(struct jt_load_crew *crew,
                                          const struct jt_store_object *row);

/* Waits for all, and gives an array (free()) of a reference to each record. */
JT_MUST_USE enum jt_err jt_load_crew_end(struct jt_load_crew *crew, struct jt_object ***out_objects,
                                         size_t *out_n, struct jt_diag *diag);

void jt_load_crew_free(
    struct jt_load_crew *crew); /* stops it if it was not ended; NULL is harmless */

#endif
