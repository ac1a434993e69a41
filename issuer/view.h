/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as people name and see them: found by id or, for a client, by name; shown as
 * docs/admin-api.md says.
 * Ownership: find borrows from the access part; the others give a json_t. Thread rule: any thread.
 */
#ifndef JT_ISSUER_VIEW_H
#define JT_ISSUER_VIEW_H

#include "issuer/access/access.h"

#include <jansson.h>

/* NULL when there is none. */
const struct jt_object *jt_view_find(const struct jt_access *access, enum jt_store_kind kind,
                                     struct jt_span id);

/* Gives the object's JSON, without hashes of secrets. JT_ERR_NOT_FOUND, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_view_object(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span id, json_t **out_view);

/* Gives all of a kind as an array, ordered by identifier or name. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_view_list(const struct jt_access *access, enum jt_store_kind kind,
                                     json_t **out_array);

#endif
