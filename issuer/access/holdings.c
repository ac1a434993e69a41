/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/holdings.h"

#include "common/base/base.h"

static void fill(struct jt_holding *out, const struct jt_grant_set *set)
{
    out->grants = set == NULL ? NULL : set->grants;
    out->n = set == NULL ? 0 : set->n_grants;
}

bool jt_holdings_at(const struct jt_access *access, const struct jt_client *client, size_t index,
                    struct jt_holding *out_holding)
{
    if (index == 0) {
        *out_holding =
            (struct jt_holding){client->grants, client->n_grants, JT_BY_GRANT, JT_SPAN_NONE};
        return true;
    }
    index--;
    if (index < client->n_roles) {
        *out_holding = (struct jt_holding){NULL, 0, JT_BY_ROLE, client->roles[index]};
        fill(out_holding, jt_access_role(access, client->roles[index]));
        return true;
    }
    index -= client->n_roles;
    if (index < client->n_subscriptions) {
        const struct jt_subscription *subscription = &client->subscriptions[index];
        *out_holding = (struct jt_holding){NULL, 0, JT_BY_PRODUCT, subscription->product};
        if (subscription->status == JT_SUBSCRIPTION_APPROVED) {
            fill(out_holding, jt_access_product(access, subscription->product));
        }
        return true;
    }
    return false;
}

bool jt_holdings_has(const struct jt_holding *holding, struct jt_span resource,
                     struct jt_span scope)
{
    for (size_t i = 0; i < holding->n; i++) {
        if (jt_span_eq(holding->grants[i].resource, resource) &&
            jt_span_eq(holding->grants[i].scope, scope)) {
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
    struct jt_holding set;
    out_held->n = 0;
    for (size_t i = 0; jt_holdings_at(access, client, i, &set); i++) {
        for (size_t j = 0; j < set.n && out_held->n < JT_HOLDINGS_MAX; j++) {
            const struct jt_resource *resource = jt_access_resource(access, set.grants[j].resource);
            if (resource != NULL && !listed(out_held, resource->object.id)) {
                out_held->items[out_held->n++] = resource;
            }
        }
    }
}
