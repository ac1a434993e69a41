/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a client was not given a scope or a resource, and what would give it: reasons after a
 * decision (issuer/access/decide.h), which decides nothing themselves. They look at every role and
 * product, so they are for people who ask, not for token requests.
 * Ownership: entries are given (json_decref).
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_WHY_H
#define JT_ISSUER_WHY_H

#include "issuer/access/decide.h"

#include <jansson.h>

struct jt_why {
    const struct jt_access *access;
    const struct jt_client *client;
    const struct jt_decision *decision; /* its resources; after a refusal those found before it */
    json_t *fix;                        /* an array, to which commands that mend are added */
};

/* The right that each source of `client` gives to `scope` (empty: the bare grant) at `resource`:
 * appends {"role":R}, {"product":P,"status":"approved"} or {"grant":true} to `via`. With `scope` NULL, each source of any
 * right there. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_why_via(const struct jt_access *access, const struct jt_client *client,
                                   const struct jt_resource *resource, const struct jt_span *scope,
                                   json_t *via);

/* What stands against `scope` at the resources of the decision: gives {"scope","why","hint"}, with
 * "resource", "nearest" and "given_by" where they say more; NULL when nothing does. "why" is
 * "undefined", "not_held" or "not_everywhere". JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_why_scope(const struct jt_why *why, struct jt_span scope,
                                     json_t **out_entry);

/* What stands against the resource `identifier`: gives {"resource","why","hint"}; NULL when nothing
 * does. "why" is "unknown", "not_held", "not_shared" or "differs" (`several` resources being asked
 * for). JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_why_resource(const struct jt_why *why, struct jt_span identifier,
                                        bool several, json_t **out_entry);

#endif
