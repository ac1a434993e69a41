/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/why.h"

#include <assert.h>

#include "common/json/json.h"
#include "issuer/access/holdings.h"
#include "issuer/advice.h"

#include "common/base/base.h"

#define MAX_GIVERS 8 /* told of those that would give a right */

/* --- what gives a right --- */

static bool set_gives(const struct jt_holding *set, struct jt_span identifier,
                      const struct jt_span *scope)
{
    for (size_t i = 0; scope == NULL && i < set->n; i++) {
        if (jt_span_eq(jt_holdings_grant(set, i).resource, identifier)) {
            return true;
        }
    }
    return scope != NULL && jt_holdings_has(set, identifier, *scope);
}

/* Appends {"role":R}, {"product":P}, with the status of the client's subscription (NULL: he has
 * none), or {"grant":true}. */
static enum jt_err add_source(json_t *array, const struct jt_holding *set, const char *status)
{
    json_t *source = json_object();
    JT_TRY(jt_advice_append(array, source)); /* the array's from here on */
    switch (set->source) {
    case JT_BY_ROLE:
        return jt_advice_set(source, "role", jt_advice_text(set->by));
    case JT_BY_PRODUCT:
        JT_TRY(jt_advice_set(source, "product", jt_advice_text(set->by)));
        return status == NULL ? JT_OK : jt_advice_set(source, "status", json_string(status));
    case JT_BY_GRANT:
    default:
        return jt_advice_set(source, "grant", json_true());
    }
}

enum jt_err jt_why_via(const struct jt_access *access, const struct jt_client *client,
                       const struct jt_resource *resource, const struct jt_span *scope, json_t *via)
{
    struct jt_holding set;
    for (size_t i = 0; jt_holdings_at(access, client, i, &set); i++) {
        if (set_gives(&set, resource->object.id, scope)) {
            JT_TRY(add_source(via, &set, "approved")); /* no other gives anything */
        }
    }
    return JT_OK;
}

/* --- what would give one --- */

/* A right that is looked for in roles and products. */
struct search {
    const struct jt_why *why;
    const struct jt_resource *resource;
    const struct jt_span *scope; /* NULL: any */
    json_t *givers;              /* {"role":R} or {"product":P}, with "status" when subscribed */
};

static enum jt_err offer(struct search *search, const struct jt_object *object, const char *status)
{
    const struct jt_grant_set *grants = (const struct jt_grant_set *)object;
    const struct jt_holding set = {grants->grants, grants->n_grants,
                                   object->kind == JT_STORE_ROLE ? JT_BY_ROLE : JT_BY_PRODUCT,
                                   object->id, NULL};
    if (json_array_size(search->givers) == MAX_GIVERS ||
        !set_gives(&set, search->resource->object.id, search->scope)) {
        return JT_OK;
    }
    return add_source(search->givers, &set, status);
}

static enum jt_err offer_any(void *ctx, const struct jt_object *object)
{
    struct search *search = ctx;
    bool told = object->kind == JT_STORE_PRODUCT &&
                jt_object_subscription(search->why->client, object->id) != NULL;
    return told ? JT_OK : offer(search, object, NULL);
}

/* The nearest first: what the client has asked for already, then roles, then products. */
static enum jt_err find_givers(struct search *search)
{
    const struct jt_access *access = search->why->access;
    const struct jt_client *client = search->why->client;
    for (size_t i = 0; i < client->n_subscriptions; i++) {
        const struct jt_subscription *subscription = &jt_object_subscriptions(client)[i];
        const struct jt_grant_set *product =
            jt_access_product(access, jt_object_text(&client->object, subscription->product));
        if (product != NULL && subscription->status != JT_SUBSCRIPTION_APPROVED) {
            JT_TRY(offer(search, &product->object, jt_object_status_name(subscription->status)));
        }
    }
    JT_TRY(jt_access_each(access, JT_STORE_ROLE, offer_any, search));
    return jt_access_each(access, JT_STORE_PRODUCT, offer_any, search);
}

static struct jt_span client_name(const struct jt_why *why)
{
    return why->client->name;
}

/* Appends `command` to the hint and adds it to the lines that mend. */
static enum jt_err put_fix(const struct jt_why *why, const char *command,
                           const struct jt_span *words, size_t n, struct jt_buf *hint)
{
    JT_TRY(jt_buf_puts(hint, "; "));
    JT_TRY(jt_advice_put(hint, command, words, n));
    return jt_advice_command(why->fix, command, words, n);
}

static enum jt_err put_grant_fix(const struct search *search, struct jt_buf *hint)
{
    const struct jt_resource *resource = search->resource;
    JT_AUTO(buf) grant = JT_BUF_INIT(JT_ADVICE_MAX);
    struct jt_span scope = search->scope != NULL    ? *search->scope
                           : resource->n_scopes > 0 ? resource->scopes[0]
                                                    : JT_SPAN_NONE;
    JT_TRY(jt_buf_put(&grant, resource->object.id));
    if (scope.n > 0) {
        JT_TRY(jt_buf_putc(&grant, '#'));
        JT_TRY(jt_buf_put(&grant, scope));
    }
    const struct jt_span words[] = {client_name(search->why), jt_buf_span(&grant)};
    return put_fix(search->why, "jeton client grant", words, JT_COUNT(words), hint);
}

/* "role billing or product gold". */
static enum jt_err put_givers(const json_t *givers, struct jt_buf *hint)
{
    size_t index;
    const json_t *giver;
    json_array_foreach(givers, index, giver)
    {
        struct jt_span role = jt_json_value(json_object_get(giver, "role"));
        struct jt_span name = role.n > 0 ? role : jt_json_value(json_object_get(giver, "product"));
        JT_TRY(jt_buf_printf(hint, "%s%s %.*s", index == 0 ? "" : " or ",
                             role.n > 0 ? "role" : "product", (int)name.n, (const char *)name.p));
    }
    return JT_OK;
}

/* How the client comes by the right: the first way there is. */
static enum jt_err put_how(const struct search *search, struct jt_buf *hint)
{
    const json_t *first = json_array_get(search->givers, 0);
    struct jt_span role = jt_json_value(json_object_get(first, "role"));
    struct jt_span product = jt_json_value(json_object_get(first, "product"));
    struct jt_span status = jt_json_value(json_object_get(first, "status"));
    const struct jt_span words[] = {client_name(search->why), role.n > 0 ? role : product};
    if (first == NULL) {
        JT_TRY(jt_buf_puts(hint, "no role or product gives it"));
        return put_grant_fix(search, hint);
    }
    if (status.n > 0) {
        JT_TRY(jt_buf_printf(hint, "held by product %.*s, whose subscription is %.*s",
                             (int)product.n, (const char *)product.p, (int)status.n,
                             (const char *)status.p));
        return put_fix(search->why, "jeton client approve", words, JT_COUNT(words), hint);
    }
    JT_TRY(put_givers(search->givers, hint));
    JT_TRY(jt_buf_puts(hint, " would give it"));
    return put_fix(search->why, role.n > 0 ? "jeton client assign" : "jeton client subscribe",
                   words, JT_COUNT(words), hint);
}

static enum jt_err explain_unheld(const struct jt_why *why, const struct jt_resource *resource,
                                  const struct jt_span *scope, struct jt_buf *hint, json_t *entry)
{
    struct search search = {why, resource, scope, json_array()};
    JT_TRY(jt_advice_set(entry, "given_by", search.givers)); /* the entry's from here on */
    JT_TRY(find_givers(&search));
    return put_how(&search, hint);
}

/* --- scopes --- */

/* Which of the resources defines the scope and gives it to the client, and which does not. */
struct standing {
    const struct jt_resource *held, *unheld; /* the first of each; NULL: none */
};

static struct standing look(const struct jt_why *why, struct jt_span scope)
{
    struct standing standing = {NULL, NULL};
    for (size_t i = 0; i < why->decision->n_resources; i++) {
        const struct jt_resource *resource = why->decision->resources[i];
        struct jt_decide_scope unused;
        assert(resource != NULL);
        if (!jt_access_defines(resource, scope)) {
            continue;
        }
        bool held = jt_holdings_scope(why->access, why->client, resource, scope, &unused);
        const struct jt_resource **first = held ? &standing.held : &standing.unheld;
        *first = *first == NULL ? resource : *first;
    }
    return standing;
}

static enum jt_err explain_undefined(const struct jt_why *why, struct jt_span scope,
                                     struct jt_buf *hint, json_t *entry)
{
    struct jt_span nearest = JT_SPAN_NONE;
    const struct jt_decision *decision = why->decision;
    for (size_t i = 0; i < decision->n_resources; i++) {
        for (size_t j = 0; j < decision->resources[i]->n_scopes; j++) {
            jt_advice_nearer(scope, decision->resources[i]->scopes[j], &nearest);
        }
    }
    if (decision->n_resources == 1) {
        struct jt_span id = decision->resources[0]->object.id;
        JT_TRY(jt_advice_set(entry, "resource", jt_advice_text(id)));
    }
    JT_TRY(jt_buf_puts(hint, decision->n_resources == 1 ? "the resource defines no such scope"
                                                        : "none of the resources defines it"));
    if (nearest.n > 0) {
        JT_TRY(jt_advice_set(entry, "nearest", jt_advice_text(nearest)));
        return jt_buf_printf(hint, "; did you mean %.*s?", (int)nearest.n, (const char *)nearest.p);
    }
    const struct jt_span words[] = {decision->resources[0]->object.id};
    return put_fix(why, "jeton resource show", words, 1, hint);
}

static enum jt_err explain_scope(const struct jt_why *why, struct jt_span scope,
                                 const struct standing *standing, struct jt_buf *hint,
                                 json_t *entry)
{
    if (standing->unheld == NULL) {
        JT_TRY(jt_advice_set(entry, "why", json_string("undefined")));
        return explain_undefined(why, scope, hint, entry);
    }
    struct jt_span unheld = standing->unheld->object.id;
    JT_TRY(jt_advice_set(entry, "why",
                         json_string(standing->held == NULL ? "not_held" : "not_everywhere")));
    JT_TRY(jt_advice_set(entry, "resource", jt_advice_text(unheld)));
    if (standing->held != NULL) {
        struct jt_span held = standing->held->object.id;
        JT_TRY(jt_buf_printf(hint,
                             "held at %.*s but not at %.*s, where the one token would work too; "
                             "ask for a token each, or: ",
                             (int)held.n, (const char *)held.p, (int)unheld.n,
                             (const char *)unheld.p));
    }
    return explain_unheld(why, standing->unheld, &scope, hint, entry);
}

enum jt_err jt_why_scope(const struct jt_why *why, struct jt_span scope, json_t **out_entry)
{
    struct standing standing = look(why, scope);
    *out_entry = NULL;
    if (why->decision->n_resources == 0 || (standing.held != NULL && standing.unheld == NULL)) {
        return JT_OK;
    }
    JT_AUTO(buf) hint = JT_BUF_INIT(4 * JT_ADVICE_MAX);
    JT_JSON_AUTO json_t *entry = json_object();
    JT_TRY(jt_advice_set(entry, "scope", jt_advice_text(scope)));
    JT_TRY(explain_scope(why, scope, &standing, &hint, entry));
    JT_TRY(jt_advice_set(entry, "hint", jt_advice_text(jt_buf_span(&hint))));
    *out_entry = entry;
    entry = NULL;
    return JT_OK;
}

/* --- resources --- */

struct nearest_resource {
    struct jt_span wanted, nearest;
};

static enum jt_err offer_resource(void *ctx, const struct jt_object *object)
{
    struct nearest_resource *search = ctx;
    jt_advice_nearer(search->wanted, object->id, &search->nearest);
    return JT_OK;
}

static enum jt_err explain_unknown(const struct jt_why *why, struct jt_span identifier,
                                   struct jt_buf *hint, json_t *entry)
{
    struct nearest_resource search = {identifier, JT_SPAN_NONE};
    JT_TRY(jt_advice_set(entry, "why", json_string("unknown")));
    JT_TRY(jt_access_each(why->access, JT_STORE_RESOURCE, offer_resource, &search));
    JT_TRY(jt_buf_puts(hint, "there is no such resource"));
    if (search.nearest.n > 0) {
        JT_TRY(jt_advice_set(entry, "nearest", jt_advice_text(search.nearest)));
        return jt_buf_printf(hint, "; did you mean %.*s?", (int)search.nearest.n,
                             (const char *)search.nearest.p);
    }
    return put_fix(why, "jeton resource list", NULL, 0, hint);
}

static enum jt_err explain_lone(const struct jt_why *why, const struct jt_resource *resource,
                                struct jt_buf *hint, json_t *entry)
{
    const struct jt_span words[] = {resource->object.id};
    JT_TRY(jt_advice_set(entry, "why", json_string("not_shared")));
    JT_TRY(jt_buf_puts(hint, "it shares no token with others; ask for a token each, or let it"));
    JT_AUTO(buf) line = JT_BUF_INIT(JT_ADVICE_MAX);
    JT_TRY(jt_advice_put(&line, "jeton resource update", words, 1));
    JT_TRY(jt_buf_puts(&line, " --shared"));
    JT_TRY(jt_buf_printf(hint, ": %s", jt_buf_str(&line)));
    return jt_advice_add(why->fix, jt_buf_span(&line));
}

/* The hint stays empty when nothing stands against the resource. */
static enum jt_err explain_resource(const struct jt_why *why, struct jt_span identifier,
                                    bool several, struct jt_buf *hint, json_t *entry)
{
    const struct jt_resource *resource = jt_access_resource(why->access, identifier);
    const struct jt_resource *first =
        why->decision->n_resources > 0 ? why->decision->resources[0] : resource;
    if (resource == NULL) {
        return explain_unknown(why, identifier, hint, entry);
    }
    if (!jt_holdings_any(why->access, why->client, resource)) {
        JT_TRY(jt_advice_set(entry, "why", json_string("not_held")));
        JT_TRY(jt_buf_puts(hint, "the client holds no right on it: "));
        return explain_unheld(why, resource, NULL, hint, entry);
    }
    if (several && !resource->shared) {
        return explain_lone(why, resource, hint, entry);
    }
    if (several && (resource->alg != first->alg || !jt_span_eq(resource->typ, first->typ))) {
        JT_TRY(jt_advice_set(entry, "why", json_string("differs")));
        return jt_buf_puts(hint, "its algorithm or typ is not that of the first; ask for a token "
                                 "each");
    }
    return JT_OK;
}

enum jt_err jt_why_resource(const struct jt_why *why, struct jt_span identifier, bool several,
                            json_t **out_entry)
{
    JT_AUTO(buf) hint = JT_BUF_INIT(4 * JT_ADVICE_MAX);
    JT_JSON_AUTO json_t *entry = json_object();
    *out_entry = NULL;
    JT_TRY(jt_advice_set(entry, "resource", jt_advice_text(identifier)));
    JT_TRY(explain_resource(why, identifier, several, &hint, entry));
    if (hint.len == 0) {
        return JT_OK;
    }
    JT_TRY(jt_advice_set(entry, "hint", jt_advice_text(jt_buf_span(&hint))));
    *out_entry = entry;
    entry = NULL;
    return JT_OK;
}
