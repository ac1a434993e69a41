/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client holds: the union of its direct grants and of its roles' grants (and, when there are
 * products, of those it subscribes to).
 * Ownership: answers borrow from the access part.
 * Thread rule: any thread.
 */
#ifndef JT_ACCESS_HOLDINGS_H
#define JT_ACCESS_HOLDINGS_H

#include "issuer/access/decide.h"

#define JT_HOLDINGS_MAX 64

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
