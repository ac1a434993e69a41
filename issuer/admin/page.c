/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/page.h"

#include "common/jose/b64url.h"
#include "issuer/access/holdings.h"

#include "common/base/base.h"

/* About so many bytes of text end a page before its limit does: the answer is bounded. */
#define MAX_WEIGHT ((size_t)4 * 1024 * 1024)

/* Places of the parameters after limit and after. */
enum { LABEL = 2, OWNER, NAME, ENABLED, ROLE, PRODUCT, STATUS, RESOURCE };

#define OBJECT_PARAMS                                                                              \
    JT_PAGE_PARAMS,                                                                                \
        {.name = "label", .type = JT_ADMIN_TEXT, .help = "NAME=VALUE, or NAME: has the label"},    \
        {.name = "owner", .type = JT_ADMIN_TEXT, .help = "has this owner"},                        \
    {                                                                                              \
        .name = "name", .type = JT_ADMIN_TEXT, .help = "the name, or identifier, begins with this" \
    }

const struct jt_admin_param jt_page_object_params[] = {OBJECT_PARAMS, {.name = NULL}};

const struct jt_admin_param jt_page_client_params[] = {
    OBJECT_PARAMS,
    {.name = "enabled", .type = JT_ADMIN_BOOL, .help = "is enabled, or not"},
    {.name = "role", .type = JT_ADMIN_TEXT, .help = "has this role"},
    {.name = "product", .type = JT_ADMIN_TEXT, .help = "subscribes to this product"},
    {.name = "status",
     .type = JT_ADMIN_CHOICE,
     .choices = "pending approved revoked",
     .help = "a subscription (that to `product`, when given) has this status"},
    {.name = "resource", .type = JT_ADMIN_TEXT, .help = "holds any right on this resource"},
    {.name = NULL}};

/* --- cursors --- */

enum jt_err jt_page_after(struct jt_admin_call *call, struct jt_buf *out_name)
{
    uint8_t name[JT_B64URL_DECODED(1024)];
    struct jt_span cursor = call->params[JT_PAGE_AT_AFTER];
    size_t n = 0;
    if (cursor.p == NULL) {
        return JT_OK;
    }
    if (jt_b64url_decode(cursor, name, &n) != JT_OK || n == 0 ||
        !jt_span_utf8(jt_span_of(name, n))) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                            "after: give the `next` of the page before, as it was given");
    }
    return jt_buf_put(out_name, jt_span_of(name, n));
}

enum jt_err jt_page_make(json_t *items, struct jt_span last, json_t **out_page)
{
    struct jt_buf cursor = JT_BUF_INIT(JT_B64URL_LEN(1024));
    json_t *page = json_pack("{s:o}", "items", items);
    enum jt_err err = page == NULL ? JT_ERR_NOMEM : JT_OK;
    if (err == JT_OK && last.p != NULL) {
        err = jt_b64url_put(&cursor, last);
    }
    if (err == JT_OK && last.p != NULL &&
        json_object_set_new(page, "next", json_string(jt_buf_str(&cursor))) != 0) {
        err = JT_ERR_NOMEM;
    }
    jt_buf_release(&cursor);
    if (err != JT_OK) {
        json_decref(page);
        return err;
    }
    *out_page = page;
    return JT_OK;
}

/* --- filters --- */

struct page {
    const struct jt_admin_call *call;
    const struct jt_access *access;
    const struct jt_resource *resource; /* of the filter; NULL: there is none of that name */
    size_t limit, n, weight;
    json_t *items;
    struct jt_span last; /* of the items, its name */
    bool more;
};

static bool has_role(const struct jt_client *client, struct jt_span role)
{
    for (size_t i = 0; i < client->n_roles; i++) {
        if (jt_span_eq(jt_object_role(client, i), role)) {
            return true;
        }
    }
    return false;
}

/* A subscription to `product` (p NULL: any) with `status` (p NULL: any). */
static bool subscribes(const struct jt_client *client, struct jt_span product,
                       struct jt_span status)
{
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        const struct jt_subscription *subscription = &jt_object_subscriptions(client)[i];
        struct jt_span named = jt_object_text(&client->object, subscription->product);
        if ((product.p == NULL || jt_span_eq(named, product)) &&
            (status.p == NULL || jt_span_is(status, jt_object_status_name(subscription->status)))) {
            return true;
        }
    }
    return false;
}

static bool client_fits(const struct page *page, const struct jt_client *client)
{
    const struct jt_span *params = page->call->params;
    return (params[ENABLED].p == NULL || jt_span_is(params[ENABLED], "true") == client->enabled) &&
           (params[ROLE].p == NULL || has_role(client, params[ROLE])) &&
           ((params[PRODUCT].p == NULL && params[STATUS].p == NULL) ||
            subscribes(client, params[PRODUCT], params[STATUS])) &&
           (params[RESOURCE].p == NULL ||
            (page->resource != NULL && jt_holdings_any(page->access, client, page->resource)));
}

static bool fits(const struct page *page, const struct jt_object *object)
{
    const struct jt_span *params = page->call->params;
    return (params[LABEL].p == NULL || jt_object_has_label(object, params[LABEL])) &&
           (params[OWNER].p == NULL ||
            jt_span_eq(jt_object_text(object, object->owner), params[OWNER])) &&
           (params[NAME].p == NULL || jt_span_starts(jt_object_name(object), params[NAME])) &&
           (object->kind != JT_STORE_CLIENT || client_fits(page, (const struct jt_client *)object));
}

/* --- the page --- */

static size_t weigh_grants(const struct jt_grant_set *set)
{
    size_t weight = 0;
    for (size_t i = 0; i < set->n_grants; i++) {
        weight += set->grants[i].resource.n + set->grants[i].scope.n + 4;
    }
    return weight;
}

static size_t weigh_client(const struct jt_client *client)
{
    size_t members = (size_t)client->n_roles + client->n_subscriptions + client->n_secrets;
    size_t weight = members * 2 * JT_NAMES_MAX;
    for (size_t i = 0; i < client->n_grants; i++) {
        struct jt_grant grant = jt_object_grant(client, i);
        weight += grant.resource.n + grant.scope.n + 4;
    }
    return weight;
}

/* About how long its JSON text is, where that can be much. */
static size_t weigh(const struct jt_object *object)
{
    size_t weight = 4096 + object->owner.n;
    for (size_t i = 0; i < object->n_labels; i++) {
        struct jt_label label = jt_object_label_at(object, i);
        weight += label.name.n + label.value.n;
    }
    const struct jt_resource *resource = (const struct jt_resource *)object;
    switch (object->kind) {
    case JT_STORE_RESOURCE:
        return weight + resource->claims.n + resource->n_scopes * JT_NAMES_MAX;
    case JT_STORE_CLIENT:
        return weight + weigh_client((const struct jt_client *)object);
    case JT_STORE_ROLE:
    case JT_STORE_PRODUCT:
    default:
        return weight + weigh_grants((const struct jt_grant_set *)object);
    }
}

/* JT_ERR_LIMIT: the page is full, and there is more. */
static enum jt_err take(void *ctx, const struct jt_object *object)
{
    struct page *page = ctx;
    json_t *view = NULL;
    if (!fits(page, object)) {
        return JT_OK;
    }
    if (page->n == page->limit || page->weight > MAX_WEIGHT) {
        page->more = true;
        return JT_ERR_LIMIT;
    }
    JT_TRY(jt_object_json(object, false, &view));
    if (json_array_append_new(page->items, view) != 0) {
        return JT_ERR_NOMEM;
    }
    page->n++;
    page->weight += weigh(object);
    page->last = jt_object_name(object);
    return JT_OK;
}

enum jt_err jt_page_objects(struct jt_admin_call *call, const struct jt_access *access,
                            json_t **out_page)
{
    struct jt_buf after = JT_BUF_INIT(JT_B64URL_DECODED(1024));
    JT_TRY(jt_page_after(call, &after));
    struct page page = {.call = call,
                        .access = access,
                        .resource = jt_access_resource(access, call->params[RESOURCE]),
                        .limit = (size_t)jt_admin_int(call, JT_PAGE_AT_LIMIT, JT_PAGE_LIMIT),
                        .items = json_array()};
    enum jt_err err = page.items == NULL ? JT_ERR_NOMEM
                                         : jt_access_walk(access, call->route->kind,
                                                          jt_buf_span(&after), take, &page);
    jt_buf_release(&after);
    if (err != JT_OK && !page.more) {
        json_decref(page.items);
        return err;
    }
    return jt_page_make(page.items, page.more ? page.last : JT_SPAN_NONE, out_page);
}
