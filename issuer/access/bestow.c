/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/bestow.h"

#include "issuer/access/holdings.h"

#include "common/base/base.h"

/* Does `client` of `access` have the right to `scope` (empty: the bare grant) of the resource? */
static bool client_has(const struct jt_access *access, const struct jt_client *client,
                       struct jt_span resource, struct jt_span scope)
{
    struct jt_holding holding;
    for (size_t i = 0; jt_holdings_at(access, client, i, &holding); i++) {
        if (jt_holdings_has(&holding, resource, scope)) {
            return true;
        }
    }
    return false;
}

static bool may_use(struct jt_span words, struct jt_span scope)
{
    struct jt_span word;
    while (jt_span_word(&words, &word)) {
        if (jt_span_eq(word, scope)) {
            return true;
        }
    }
    return false;
}

/* Any right on a resource is also the right to call it. */
static bool giver_has(const struct jt_bestow *bestow, struct jt_span scope)
{
    const struct jt_resource *resource = jt_access_resource(bestow->now, bestow->resource);
    if (scope.n == 0 && resource != NULL && jt_holdings_any(bestow->now, bestow->giver, resource)) {
        return true;
    }
    return (scope.n == 0 || may_use(bestow->scope, scope)) &&
           client_has(bestow->now, bestow->giver, bestow->resource, scope);
}

bool jt_bestow_holds(const struct jt_bestow *bestow, struct jt_span scopes)
{
    struct jt_span word;
    while (jt_span_word(&scopes, &word)) {
        if (!giver_has(bestow, word)) {
            return false;
        }
    }
    return true;
}

static enum jt_err refuse(const struct jt_bestow *bestow, const char *member, struct jt_span scope,
                          struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_SCOPE,
                        "%s: this would give %.*s%s%.*s, which you do not hold yourself, or your "
                        "token lacks; ask who does",
                        member, (int)bestow->resource.n, (const char *)bestow->resource.p,
                        scope.n == 0 ? "" : "#", (int)scope.n, (const char *)scope.p);
}

/* --- roles and products --- */

static enum jt_err check_set(const struct jt_bestow *bestow, const struct jt_grant_set *before,
                             const struct jt_grant_set *after, struct jt_diag *diag)
{
    struct jt_holding had = {.grants = before == NULL ? NULL : before->grants,
                             .n = before == NULL ? 0 : before->n_grants};
    for (size_t i = 0; i < after->n_grants; i++) {
        const struct jt_grant *grant = &after->grants[i];
        if (jt_span_eq(grant->resource, bestow->resource) &&
            !jt_holdings_has(&had, grant->resource, grant->scope) &&
            !giver_has(bestow, grant->scope)) {
            return refuse(bestow, "grants", grant->scope, diag);
        }
    }
    return JT_OK;
}

/* --- clients --- */

/* The member that puts all that the client holds into new hands; NULL: none. */
static const char *renews(const struct jt_client *before, const struct jt_client *after)
{
    if (before == NULL) {
        return "grants";
    }
    if (after->enabled && !before->enabled) {
        return "enabled";
    }
    for (size_t i = 0; i < after->n_secrets; i++) {
        struct jt_span id = jt_object_text(&after->object, jt_object_secrets(after)[i].id);
        if (jt_object_secret(before, id) == NULL) {
            return "secrets";
        }
    }
    return NULL;
}

static const char *member_of(enum jt_decide_source source)
{
    switch (source) {
    case JT_BY_ROLE:
        return "roles";
    case JT_BY_PRODUCT:
        return "subscriptions";
    case JT_BY_GRANT:
    default:
        return "grants";
    }
}

static bool is_revoked(const struct jt_client *client, struct jt_span product)
{
    const struct jt_subscription *subscription = jt_object_subscription(client, product);
    return subscription != NULL && subscription->status == JT_SUBSCRIPTION_REVOKED;
}

/* A revoked subscription that is gone can be asked for again, and be approved by the product. */
static enum jt_err check_revocations(const struct jt_bestow *bestow, const struct jt_client *before,
                                     const struct jt_client *after, struct jt_diag *diag)
{
    for (size_t i = 0; before != NULL && i < before->n_subscriptions; i++) {
        const struct jt_subscription *was = &jt_object_subscriptions(before)[i];
        if (was->status == JT_SUBSCRIPTION_REVOKED &&
            !is_revoked(after, jt_object_text(&before->object, was->product)) &&
            !giver_has(bestow, JT_SPAN("clients:approve"))) {
            return jt_diag_fail(diag, JT_ERR_SCOPE,
                                "subscriptions: one that was revoked is ended by who may approve "
                                "it; ask for clients:approve");
        }
    }
    return JT_OK;
}

static enum jt_err check_client(const struct jt_bestow *bestow, const struct jt_client *before,
                                const struct jt_client *after, struct jt_diag *diag)
{
    const char *renewed = renews(before, after);
    struct jt_holding holding;
    for (size_t i = 0; jt_holdings_at(bestow->then, after, i, &holding); i++) {
        for (size_t j = 0; j < holding.n; j++) {
            const struct jt_grant grant = jt_holdings_grant(&holding, j);
            struct jt_span scope = grant.scope;
            if (!jt_span_eq(grant.resource, bestow->resource) ||
                (renewed == NULL && client_has(bestow->now, before, bestow->resource, scope)) ||
                giver_has(bestow, scope)) {
                continue;
            }
            return refuse(bestow,
                          renewed != NULL && before != NULL ? renewed : member_of(holding.source),
                          scope, diag);
        }
    }
    return JT_OK;
}

enum jt_err jt_bestow_check(const struct jt_bestow *bestow, const struct jt_object *before,
                            const struct jt_object *after, struct jt_diag *diag)
{
    switch (after->kind) {
    case JT_STORE_ROLE:
    case JT_STORE_PRODUCT:
        return check_set(bestow, (const struct jt_grant_set *)before,
                         (const struct jt_grant_set *)after, diag);
    case JT_STORE_CLIENT:
        JT_TRY(check_revocations(bestow, (const struct jt_client *)before,
                                 (const struct jt_client *)after, diag));
        return check_client(bestow, (const struct jt_client *)before,
                            (const struct jt_client *)after, diag);
    case JT_STORE_RESOURCE:
    default:
        return JT_OK; /* defines rights, gives none */
    }
}
