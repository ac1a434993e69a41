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

#endif
