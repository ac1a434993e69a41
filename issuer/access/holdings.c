/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/holdings.h"

#include "common/base/base.h"

static void fill(struct jt_holding *out, const struct jt_grant_set *set)
{
    out->grants = set == NULL ? NULL : set->grants;
    out->n = set == NULL ? 0 : set->n_grants;
}

struct jt_grant jt_holdings_grant(const struct jt_holding *holding, size_t i)
{
    return holding->client == NULL ? holding->grants[i] : jt_object_grant(holding->client, i);
}

bool jt_holdings_at(const struct jt_access *access, const struct jt_client *client, size_t index,
                    struct jt_holding *out_holding)
{
    if (index == 0) {
        *out_holding =
            (struct jt_holding){NULL, client->n_grants, JT_BY_GRANT, JT_SPAN_NONE, client};
        return true;
    }
    index--;
    if (index < client->n_roles) {
        struct jt_span role = jt_object_role(client, index);
        *out_holding = (struct jt_holding){NULL, 0, JT_BY_ROLE, role, NULL};
        fill(out_holding, jt_access_role(access, role));
        return true;
    }
    index -= client->n_roles;
    if (index < client->n_subscriptions) {
        const struct jt_subscription *subscription = &jt_object_subscriptions(client)[index];
        struct jt_span product = jt_object_text(&client->object, subscription->product);
        *out_holding = (struct jt_holding){NULL, 0, JT_BY_PRODUCT, product, NULL};
        if (subscription->status == JT_SUBSCRIPTION_APPROVED) {
            fill(out_holding, jt_access_product(access, product));
        }
        return true;
    }
    return false;
}

bool jt_holdings_has(const struct jt_holding *holding, struct jt_span resource,
                     struct jt_span scope)
{
    for (size_t i = 0; i < holding->n; i++) {
        const struct jt_grant grant = jt_holdings_grant(holding, i);
        if (jt_span_eq(grant.resource, resource) && jt_span_eq(grant.scope, scope)) {
            return true;
        }
    }
    return false;
}

bool jt_holdings_scope(const struct jt_access *access, const struct jt_client *client,
                       const struct jt_resource *resource, struct jt_span name,
                       struct jt_decide_scope *out_scope)
{
    struct jt_holding set;
    for (size_t i = 0; jt_holdings_at(access, client, i, &set); i++) {
        if (jt_holdings_has(&set, resource->object.id, name)) {
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
    struct jt_holding set;
    for (size_t i = 0; jt_holdings_at(access, client, i, &set); i++) {
        for (size_t j = 0; j < set.n; j++) {
            const struct jt_grant grant = jt_holdings_grant(&set, j);
            if (jt_span_eq(grant.resource, resource->object.id) &&
                (grant.scope.n == 0 || jt_access_defines(resource, grant.scope))) {
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
    struct jt_holding set;
    out_held->n = 0;
    for (size_t i = 0; jt_holdings_at(access, client, i, &set); i++) {
        for (size_t j = 0; j < set.n && out_held->n < JT_HOLDINGS_MAX; j++) {
            const struct jt_resource *resource =
                jt_access_resource(access, jt_holdings_grant(&set, j).resource);
            if (resource != NULL && !listed(out_held, resource->object.id)) {
                out_held->items[out_held->n++] = resource;
            }
        }
    }
}
