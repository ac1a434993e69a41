/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client holds: the union of its direct grants, of its roles' grants, and of those of the
 * products that it subscribes to and is approved for.
 * Ownership: answers borrow from the access part.
 * Thread rule: any thread.
 */
#ifndef JT_ACCESS_HOLDINGS_H
#define JT_ACCESS_HOLDINGS_H

#include "issuer/access/decide.h"

#define JT_HOLDINGS_MAX 64

/* One set of grants of a client, and what it is called in a reason. */
struct jt_holding {
    const struct jt_grant *grants; /* of a role or product: jt_holdings_grant */
    size_t n;
    enum jt_decide_source source;
    struct jt_span by;              /* the role's or product's name; empty for direct grants */
    const struct jt_client *client; /* of direct grants, else NULL */
};

/* Its grant of index `i`, below n. */
struct jt_grant jt_holdings_grant(const struct jt_holding *holding, size_t i);

/* The `index`-th: its direct grants, its roles in order, its subscriptions in order; false at the
 * end. What is not there, or not approved, grants nothing. */
bool jt_holdings_at(const struct jt_access *access, const struct jt_client *client, size_t index,
                    struct jt_holding *out_holding);

/* Does the holding have `scope` (empty: the bare grant) of `resource`? */
bool jt_holdings_has(const struct jt_holding *holding, struct jt_span resource,
                     struct jt_span scope);

/* The resources a client holds any grant on, each once; beyond the maximum they are not listed. */
struct jt_held_resources {
    const struct jt_resource *items[JT_HOLDINGS_MAX];
    size_t n;
};

void jt_holdings_resources(const struct jt_access *access, const struct jt_client *client,
                           struct jt_held_resources *out_held);

/* Any grant on `resource`; the bare grant on it; the scope `name` on it, with the right it is from.
 */
bool jt_holdings_any(const struct jt_access *access, const struct jt_client *client,
                     const struct jt_resource *resource);
bool jt_holdings_bare(const struct jt_access *access, const struct jt_client *client,
                      const struct jt_resource *resource);
bool jt_holdings_scope(const struct jt_access *access, const struct jt_client *client,
                       const struct jt_resource *resource, struct jt_span name,
                       struct jt_decide_scope *out_scope);

#endif
