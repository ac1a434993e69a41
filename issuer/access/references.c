/* SPDX-License-Identifier: Apache-2.0 */
/* References between objects: nothing dangles, neither by what is written nor by what is removed.
 */
#include "issuer/access/access.h"

#include "common/base/base.h"

static enum jt_err check_grants(const struct jt_access *access, const struct jt_grant *grants,
                                size_t n, struct jt_diag *diag)
{
    for (size_t i = 0; i < n; i++) {
        const struct jt_resource *resource = jt_access_resource(access, grants[i].resource);
        if (resource == NULL) {
            return jt_diag_fail(diag, JT_ERR_INVALID, "grants: no resource '%.*s'; create it first",
                                (int)grants[i].resource.n, (const char *)grants[i].resource.p);
        }
        if (grants[i].scope.n > 0 && !jt_access_defines(resource, grants[i].scope)) {
            return jt_diag_fail(diag, JT_ERR_INVALID,
                                "grants: '%.*s' defines no scope '%.*s'; add it to the resource",
                                (int)grants[i].resource.n, (const char *)grants[i].resource.p,
                                (int)grants[i].scope.n, (const char *)grants[i].scope.p);
        }
    }
    return JT_OK;
}

static enum jt_err check_client(const struct jt_access *access, const struct jt_client *client,
                                struct jt_diag *diag)
{
    const struct jt_client *other = jt_access_client_named(access, client->name);
    if (other == NULL) {
        /* clients are asked for by either: a name that is another's id would never be found */
        other = jt_access_client(access, client->name);
    }
    if (other != NULL && !jt_span_eq(other->object.id, client->object.id)) {
        return jt_diag_fail(diag, JT_ERR_EXISTS, "name: another client has it; choose another");
    }
    for (size_t i = 0; i < client->n_roles; i++) {
        if (jt_access_role(access, client->roles[i]) == NULL) {
            return jt_diag_fail(diag, JT_ERR_INVALID, "roles: no role '%.*s'; create it first",
                                (int)client->roles[i].n, (const char *)client->roles[i].p);
        }
    }
    if (client->default_resource.n > 0 &&
        jt_access_resource(access, client->default_resource) == NULL) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "default_resource: no such resource");
    }
    return check_grants(access, client->grants, client->n_grants, diag);
}

enum jt_err jt_access_check(const struct jt_access *access, const struct jt_object *object,
                            struct jt_diag *diag)
{
    if (object->kind == JT_STORE_ROLE) {
        const struct jt_role *role = (const struct jt_role *)object;
        return check_grants(access, role->grants, role->n_grants, diag);
    }
    if (object->kind == JT_STORE_CLIENT) {
        return check_client(access, (const struct jt_client *)object, diag);
    }
    return JT_OK;
}

/* What is about to go: a whole object (`then` NULL), or the scopes that `then` lacks. */
struct removal {
    const struct jt_object *now, *then;
    struct jt_diag *diag;
};

static enum jt_err still_used(const struct removal *removal, const char *kind, struct jt_span name)
{
    return jt_diag_fail(removal->diag, JT_ERR_CONFLICT,
                        "%s '%.*s' still uses it; change that first", kind, (int)name.n,
                        (const char *)name.p);
}

static bool loses(const struct removal *removal, const struct jt_grant *grants, size_t n)
{
    if (removal->now->kind != JT_STORE_RESOURCE) {
        return false;
    }
    const struct jt_resource *then = (const struct jt_resource *)removal->then;
    for (size_t i = 0; i < n; i++) {
        if (jt_span_eq(grants[i].resource, removal->now->id) &&
            (then == NULL ||
             (grants[i].scope.n > 0 && !jt_access_defines(then, grants[i].scope)))) {
            return true;
        }
    }
    return false;
}

static enum jt_err check_role_loses(void *ctx, const struct jt_object *object)
{
    const struct jt_role *role = (const struct jt_role *)object;
    return loses(ctx, role->grants, role->n_grants) ? still_used(ctx, "role", object->id) : JT_OK;
}

static enum jt_err check_client_loses(void *ctx, const struct jt_object *object)
{
    const struct removal *removal = ctx;
    const struct jt_client *client = (const struct jt_client *)object;
    bool uses = loses(removal, client->grants, client->n_grants);
    if (removal->now->kind == JT_STORE_RESOURCE && removal->then == NULL) {
        uses = uses || jt_span_eq(client->default_resource, removal->now->id);
    }
    for (size_t i = 0; removal->now->kind == JT_STORE_ROLE && i < client->n_roles; i++) {
        uses = uses || (removal->then == NULL && jt_span_eq(client->roles[i], removal->now->id));
    }
    return uses ? still_used(removal, "client", client->name) : JT_OK;
}

enum jt_err jt_access_check_removal(const struct jt_access *access, const struct jt_object *now,
                                    const struct jt_object *then, struct jt_diag *diag)
{
    struct removal removal = {now, then, diag};
    if (now->kind == JT_STORE_RESOURCE) {
        JT_TRY(jt_access_each(access, JT_STORE_ROLE, check_role_loses, &removal));
    }
    return jt_access_each(access, JT_STORE_CLIENT, check_client_loses, &removal);
}
