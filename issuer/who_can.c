/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/who_can.h"

#include "issuer/advice.h"
#include "issuer/why.h"

#include "common/json/json.h"

#include "common/base/base.h"

/* A page being filled. */
struct page {
    const struct jt_who_can *who_can;
    const struct jt_resource *resource;
    json_t *items;
    struct jt_span last; /* the name of the last item */
    bool more;
};

static bool gets_it(const struct jt_who_can *who_can, const struct jt_client *client)
{
    const struct jt_decide_ask ask = {&who_can->resource, 1, who_can->scope};
    struct jt_decision decision;
    return jt_decide(who_can->access, client, &ask, &decision, NULL) == JT_OK &&
           (who_can->scope.n == 0 || decision.n_scopes > 0);
}

static enum jt_err add(const struct page *page, const struct jt_client *client)
{
    const struct jt_span *scope = page->who_can->scope.n > 0 ? &page->who_can->scope : NULL;
    json_t *item = json_object();
    JT_TRY(jt_advice_append(page->items, item)); /* theirs from here on */
    JT_TRY(jt_advice_set(item, "client_id", jt_advice_text(client->object.id)));
    JT_TRY(jt_advice_set(item, "name", jt_advice_text(client->name)));
    JT_TRY(jt_advice_set(item, "enabled", json_boolean(client->enabled)));
    json_t *via = json_array();
    JT_TRY(jt_advice_set(item, "via", via));
    return jt_why_via(page->who_can->access, client, page->resource, scope, via);
}

/* Looks one client past the page, so that the last page says that it is. */
static enum jt_err look(void *ctx, const struct jt_object *object)
{
    struct page *page = ctx;
    const struct jt_client *client = (const struct jt_client *)object;
    if (!gets_it(page->who_can, client)) {
        return JT_OK;
    }
    if (json_array_size(page->items) == page->who_can->limit) {
        page->more = true;
        return JT_ERR_LIMIT; /* stops the walk */
    }
    page->last = client->name;
    return add(page, client);
}

static enum jt_err check_scope(const struct jt_who_can *who_can, const struct jt_resource *resource,
                               struct jt_diag *diag)
{
    struct jt_span nearest = JT_SPAN_NONE;
    if (who_can->scope.n == 0 || jt_access_defines(resource, who_can->scope)) {
        return JT_OK;
    }
    for (size_t i = 0; i < resource->n_scopes; i++) {
        jt_advice_nearer(who_can->scope, resource->scopes[i], &nearest);
    }
    return jt_diag_fail(diag, JT_ERR_INVALID, "scope: the resource defines no such scope; %s%.*s%s",
                        nearest.n > 0 ? "did you mean " : "name one of those that it defines",
                        (int)nearest.n, (const char *)nearest.p, nearest.n > 0 ? "?" : "");
}

enum jt_err jt_who_can_list(const struct jt_who_can *who_can, json_t **out_items,
                            struct jt_span *out_last, struct jt_diag *diag)
{
    const struct jt_resource *resource = jt_access_resource(who_can->access, who_can->resource);
    if (resource == NULL) {
        return jt_diag_fail(diag, JT_ERR_INVALID,
                            "resource: there is no such resource; check the identifier byte by "
                            "byte");
    }
    JT_TRY(check_scope(who_can, resource, diag));
    struct page page = {who_can, resource, json_array(), JT_SPAN_NONE, false};
    enum jt_err err = page.items == NULL ? JT_ERR_NOMEM
                                         : jt_access_walk(who_can->access, JT_STORE_CLIENT,
                                                          who_can->after, look, &page);
    if (err != JT_OK && !page.more) {
        json_decref(page.items);
        return err;
    }
    *out_items = page.items;
    *out_last = page.more ? page.last : JT_SPAN_NONE;
    return JT_OK;
}
