/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which clients would get a token for a resource, or a scope in it, and by what right: the decision
 * (issuer/access/decide.h), asked for one client after another.
 * Ownership: gives a json_t.
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_WHO_CAN_H
#define JT_ISSUER_WHO_CAN_H

#include "issuer/access/decide.h"

#include <jansson.h>

struct jt_who_can {
    const struct jt_access *access;
    struct jt_span resource;
    struct jt_span scope; /* empty: any token */
    struct jt_span after; /* the name that the last page ended with; empty: from the start */
    size_t limit;         /* items of a page */
};

/* Gives an array of {"client_id","name","enabled","via"} in the order of names; `out_last` is where
 * to go on from, p NULL when there is no more (borrowed from the access part). JT_ERR_INVALID with a
 * sentence when there is no such resource or it defines no such scope; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_who_can_list(const struct jt_who_can *who_can, json_t **out_items,
                                        struct jt_span *out_last, struct jt_diag *diag);

#endif
