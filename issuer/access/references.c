/* SPDX-License-Identifier: Apache-2.0 */
/* References between objects: nothing dangles, neither by what is written nor by what is removed.
 */
#include "issuer/access/access.h"

#include "common/base/base.h"

/* What an object refers to and is not there: of the member `member`, the object `kind` `name`, or
 * its scope. */
struct dangling {
    const char *member;
    enum jt_store_kind kind;
    struct jt_span name, scope;
};

static bool grant_dangles(const struct jt_access *access, struct jt_grant grant,
                          struct dangling *out)
{
    const struct jt_resource *resource = jt_access_resource(access, grant.resource);
    if (resource != NULL && (grant.scope.n == 0 || jt_access_defines(resource, grant.scope))) {
        return false;
    }
    *out = (struct dangling){"grants", JT_STORE_RESOURCE, grant.resource,
                             resource == NULL ? JT_SPAN_NONE : grant.scope};
    return true;
}

static bool client_dangles(const struct jt_access *access, const struct jt_client *client,
                           struct dangling *out)
{
    for (size_t i = 0; i < client->n_roles; i++) {
        struct jt_span role = jt_object_role(client, i);
        if (jt_access_role(access, role) == NULL) {
            *out = (struct dangling){"roles", JT_STORE_ROLE, role, JT_SPAN_NONE};
            return true;
        }
    }
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        struct jt_span product =
            jt_object_text(&client->object, jt_object_subscriptions(client)[i].product);
        if (jt_access_product(access, product) == NULL) {
            *out = (struct dangling){"subscriptions", JT_STORE_PRODUCT, product, JT_SPAN_NONE};
            return true;
        }
    }
    struct jt_span chosen = jt_object_text(&client->object, client->default_resource);
    if (chosen.n > 0 && jt_access_resource(access, chosen) == NULL) {
        *out = (struct dangling){"default_resource", JT_STORE_RESOURCE, chosen, JT_SPAN_NONE};
        return true;
    }
    for (size_t i = 0; i < client->n_grants; i++) {
        if (grant_dangles(access, jt_object_grant(client, i), out)) {
            return true;
        }
    }
    return false;
}

static bool set_dangles(const struct jt_access *access, const struct jt_grant_set *set,
                        struct dangling *out)
{
    for (size_t i = 0; i < set->n_grants; i++) {
        if (grant_dangles(access, set->grants[i], out)) {
            return true;
        }
    }
    return false;
}

static bool dangles(const struct jt_access *access, const struct jt_object *object,
                    struct dangling *out)
{
    if (object->kind == JT_STORE_CLIENT) {
        return client_dangles(access, (const struct jt_client *)object, out);
    }
    if (object->kind == JT_STORE_ROLE || object->kind == JT_STORE_PRODUCT) {
        return set_dangles(access, (const struct jt_grant_set *)object, out);
    }
    return false;
}

/* --- what is written --- */

/* Clients are asked for by id or name: a name is a client's own, and no other's id. */
static enum jt_err check_name(const struct jt_access *access, const struct jt_client *client,
                              struct jt_diag *diag)
{
    const struct jt_client *named = jt_access_client_named(access, client->name);
    const struct jt_client *same_id = jt_access_client(access, client->name);
    const struct jt_client *id_named = jt_access_client_named(access, client->object.id);
    bool shared = named != NULL && (!jt_span_eq(named->object.id, client->object.id) ||
                                    jt_access_name_repeats(access, client->name));
    if (shared || (same_id != NULL && !jt_span_eq(same_id->object.id, client->object.id))) {
        return jt_diag_fail(diag, JT_ERR_EXISTS, "name: another client has it; choose another");
    }
    if (id_named != NULL && !jt_span_eq(id_named->object.id, client->object.id)) {
        return jt_diag_fail(diag, JT_ERR_EXISTS,
                            "client_id: another client has it as its name; choose another");
    }
    return JT_OK;
}

enum jt_err jt_access_check(const struct jt_access *access, const struct jt_object *object,
                            struct jt_diag *diag)
{
    struct dangling what;
    if (object->kind == JT_STORE_CLIENT) {
        JT_TRY(check_name(access, (const struct jt_client *)object, diag));
    }
    if (!dangles(access, object, &what)) {
        return JT_OK;
    }
    if (what.scope.n > 0) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "%s: '%.*s' defines no scope '%.*s'; add it to the resource",
                            what.member, (int)what.name.n, (const char *)what.name.p,
                            (int)what.scope.n, (const char *)what.scope.p);
    }
    return jt_diag_fail(diag, JT_ERR_INVALID, "%s: no %s '%.*s'; create it first", what.member,
                        jt_object_kind_name(what.kind), (int)what.name.n,
                        (const char *)what.name.p);
}

/* --- what is removed --- */

bool jt_access_loses(const struct jt_object *now, const struct jt_object *then)
{
    if (now->kind == JT_STORE_CLIENT) {
        return false; /* nobody refers to one */
    }
    if (then == NULL || now->kind != JT_STORE_RESOURCE) {
        return then == NULL;
    }
    const struct jt_resource *was = (const struct jt_resource *)now;
    for (size_t i = 0; i < was->n_scopes; i++) {
        if (!jt_access_defines((const struct jt_resource *)then, was->scopes[i])) {
            return true;
        }
    }
    return false;
}

struct all_check {
    const struct jt_access *access;
    struct jt_diag *diag;
};

static enum jt_err check_one(void *ctx, const struct jt_object *object)
{
    const struct all_check *check = ctx;
    struct dangling what;
    if (!dangles(check->access, object, &what)) {
        return JT_OK;
    }
    struct jt_span name = jt_object_name(object);
    return jt_diag_fail(check->diag, JT_ERR_CONFLICT,
                        "%s '%.*s' still uses %s '%.*s%s%.*s'; change that first",
                        jt_object_kind_name(object->kind), (int)name.n, (const char *)name.p,
                        jt_object_kind_name(what.kind), (int)what.name.n, (const char *)what.name.p,
                        what.scope.n > 0 ? "#" : "", (int)what.scope.n,
                        what.scope.n > 0 ? (const char *)what.scope.p : "");
}

enum jt_err jt_access_check_all(const struct jt_access *access, struct jt_diag *diag)
{
    struct all_check check = {access, diag};
    JT_TRY(jt_access_each(access, JT_STORE_ROLE, check_one, &check));
    JT_TRY(jt_access_each(access, JT_STORE_PRODUCT, check_one, &check));
    return jt_access_each(access, JT_STORE_CLIENT, check_one, &check);
}
