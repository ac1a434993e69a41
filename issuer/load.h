/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access data out of a store: all that there is, read by several threads where it is much, or what
 * changed since a version.
 * Ownership: gives a part.
 * Thread rule: that of the store; the threads that help have ended when a call returns.
 */
#ifndef JT_ISSUER_LOAD_H
#define JT_ISSUER_LOAD_H

#include "issuer/access/access.h"

/* Gives `old` with the objects changed after `old_version`; with `old_version` 0, all objects. A
 * document that is not as it must be is JT_ERR_STORE with a sentence. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_load_access(struct jt_store *store, const struct jt_access *old,
                                       int64_t old_version, struct jt_access **out_access,
                                       struct jt_diag *diag);

/* All that there was, and the commit that it is of. */
struct jt_load_found {
    struct jt_access *access; /* jt_access_free; NULL: none was read */
    int64_t version, mark;
};

/* Reads it. JT_ERR_STORE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_load_found(struct jt_store *store, struct jt_load_found *out_found,
                                      struct jt_diag *diag);

/* Is what was found a state that `store` is in, or has gone on from? */
bool jt_load_follows(struct jt_store *store, const struct jt_load_found *found);

#endif
