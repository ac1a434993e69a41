/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/holdings.h"

#include "common/base/base.h"

/* One set of grants of a client, and what it is called in a reason. */
struct set {
    const struct jt_grant *grants;
    size_t n;
    enum jt_decide_source source;
    struct jt_span by;
};

/* The `index`-th set of the client: its direct grants, then its roles in order; false at the end. A
 * role that is not there grants nothing. */
static bool set_at(const struct jt_access *access, const struct jt_client *client, size_t index,
                   struct set *out)
{
    if (index == 0) {
        *out = (struct set){client->grants, client->n_grants, JT_BY_GRANT, JT_SPAN_NONE};
        return true;
    }
    if (index > client->n_roles) {
        return false;
    }
    const struct jt_role *role = jt_access_role(access, client->roles[index - 1]);
    *out = (struct set){role == NULL ? NULL : role->grants, role == NULL ? 0 : role->n_grants,
                        JT_BY_ROLE, client->roles[index - 1]};
    return true;
}

static const struct jt_grant *find_in(const struct set *set, struct jt_span resource,
                                      struct jt_span scope)
{
    for (size_t i = 0; i < set->n; i++) {
        if (jt_span_eq(set->grants[i].resource, resource) &&
            jt_span_eq(set->grants[i].scope, scope)) {
            return &set->grants[i];
        }
    }
    return NULL;
}

bool jt_holdings_scope(const struct jt_access *access, const struct jt_client *client,
                       const struct jt_resource *resource, struct jt_span name,
                       struct jt_decide_scope *out_scope)
{
    struct set set;
    for (size_t i = 0; set_at(access, client, i, &set); i++) {
        if (find_in(&set, resource->object.id, name) != NULL) {
            *out_scope = (struct jt_decide_scope){name, set.source, set.by};
            return true;
        }
    }
    return false;
}

bool jt_holdings_bare(const struct jt_access *access, const struct jt_client *client,
                      const struct jt_resource *resource)
{
    struct jt_decide_scope unused;
    return jt_holdings_scope(access, client, resource, JT_SPAN_NONE, &unused);
}

bool jt_holdings_any(const struct jt_access *access, const struct jt_client *client,
                     const struct jt_resource *resource)
{
    struct set set;
    for (size_t i = 0; set_at(access, client, i, &set); i++) {
        for (size_t j = 0; j < set.n; j++) {
            if (jt_span_eq(set.grants[j].resource, resource->object.id) &&
                (set.grants[j].scope.n == 0 || jt_access_defines(resource, set.grants[j].scope))) {
                return true;
            }
        }
    }
    return false;
}

static bool listed(const struct jt_held_resources *held, struct jt_span identifier)
{
    for (size_t i = 0; i < held->n; i++) {
        if (jt_span_eq(held->items[i]->object.id, identifier)) {
            return true;
        }
    }
    return false;
}

void jt_holdings_resources(const struct jt_access *access, const struct jt_client *client,
                           struct jt_held_resources *out_held)
{
    struct set set;
    out_held->n = 0;
    for (size_t i = 0; set_at(access, client, i, &set); i++) {
        for (size_t j = 0; j < set.n && out_held->n < JT_HOLDINGS_MAX; j++) {
            const struct jt_resource *resource = jt_access_resource(access, set.grants[j].resource);
            if (resource != NULL && !listed(out_held, resource->object.id)) {
                out_held->items[out_held->n++] = resource;
            }
        }
    }
}
