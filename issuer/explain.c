/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/explain.h"

#include "issuer/access/client_secret.h"
#include "issuer/access/holdings.h"
#include "issuer/advice.h"
#include "issuer/token_claims.h"
#include "issuer/token_error.h"
#include "issuer/why.h"
#include "keys/claims.h"

#include "common/json/json.h"

#include "common/base/base.h"

#define JTI "(another one for each token)"

/* What the answer is made of on the way. */
struct making {
    const struct jt_explain *explain;
    struct jt_decision decision;
    enum jt_err decided; /* by jt_decide; JT_ERR_CLIENT where there is nobody to decide for */
    enum jt_err err;     /* what the token endpoint would meet, all in all */
    struct jt_diag diag;
    json_t *answer, *fix; /* `fix` is the answer's */
};

static struct jt_why why_of(const struct making *making)
{
    return (struct jt_why){making->explain->root->access, making->explain->client,
                           &making->decision, making->fix};
}

/* Adds an empty array to the answer, borrowed; NULL when memory is out. */
static json_t *add_array(struct making *making, const char *name)
{
    json_t *array = json_array();
    return jt_advice_set(making->answer, name, array) == JT_OK ? array : NULL;
}

/* --- the client --- */

static bool has_live_secret(const struct jt_client *client, int64_t now_s)
{
    for (size_t i = 0; i < client->n_secrets; i++) {
        if (jt_client_secret_alive(&jt_object_secrets(client)[i], now_s)) {
            return true;
        }
    }
    return false;
}

static enum jt_err put_client(struct making *making)
{
    const struct jt_client *client = making->explain->client;
    if (client == NULL) {
        return jt_advice_set(making->answer, "client", json_null());
    }
    json_t *json = json_object();
    JT_TRY(jt_advice_set(making->answer, "client", json));
    JT_TRY(jt_advice_set(json, "client_id", jt_advice_text(client->object.id)));
    JT_TRY(jt_advice_set(json, "name", jt_advice_text(client->name)));
    JT_TRY(jt_advice_set(json, "enabled", json_boolean(client->enabled)));
    JT_TRY(jt_advice_set(json, "scope_policy", json_string(client->strict ? "strict" : "filter")));
    return jt_advice_set(json, "live_secret",
                         json_boolean(has_live_secret(client, making->explain->now_s)));
}

struct nearest_client {
    struct jt_span wanted, nearest;
};

static enum jt_err offer_client(void *ctx, const struct jt_object *object)
{
    struct nearest_client *search = ctx;
    jt_advice_nearer(search->wanted, ((const struct jt_client *)object)->name, &search->nearest);
    return JT_OK;
}

static enum jt_err fix_unknown_client(const struct making *making)
{
    struct nearest_client search = {making->explain->name, JT_SPAN_NONE};
    JT_TRY(jt_access_each(making->explain->root->access, JT_STORE_CLIENT, offer_client, &search));
    if (search.nearest.n > 0) {
        JT_TRY(jt_advice_set(making->answer, "nearest", jt_advice_text(search.nearest)));
    }
    return jt_advice_command(making->fix, "jeton client list", NULL, 0);
}

/* What keeps the client from being authenticated, whatever it asks for. */
static enum jt_err check_client(struct making *making)
{
    const struct jt_client *client = making->explain->client;
    bool enabled = client != NULL && client->enabled;
    bool live = client != NULL && has_live_secret(client, making->explain->now_s);
    if (enabled && live) {
        return JT_OK;
    }
    making->err = jt_diag_fail(&making->diag, JT_ERR_CLIENT, JT_TOKEN_ERROR_CLIENT);
    if (client == NULL) {
        return fix_unknown_client(making);
    }
    JT_AUTO(buf) line = JT_BUF_INIT(JT_ADVICE_MAX);
    if (!enabled) {
        JT_TRY(jt_advice_put(&line, "jeton client update", &client->name, 1));
        JT_TRY(jt_buf_puts(&line, " --enable"));
        JT_TRY(jt_advice_add(making->fix, jt_buf_span(&line)));
    }
    return live ? JT_OK
                : jt_advice_command(making->fix, "jeton client secret add", &client->name, 1);
}

/* --- resources --- */

/* Were resources found to decide about, and nothing against them? */
static bool resources_stand(const struct making *making)
{
    return making->explain->client != NULL && making->decided != JT_ERR_TARGET &&
           making->decision.n_resources > 0;
}

static enum jt_err put_resources(struct making *making)
{
    static const char *const choices[] = {
        [JT_CHOSEN_NONE] = "",           [JT_CHOSEN_ASKED] = "asked",
        [JT_CHOSEN_DEFAULT] = "default", [JT_CHOSEN_BY_SCOPE] = "by_scope",
        [JT_CHOSEN_ONLY] = "only",
    };
    const struct jt_decision *decision = &making->decision;
    json_t *resources = add_array(making, "resources");
    for (size_t i = 0; resources_stand(making) && i < decision->n_resources; i++) {
        JT_TRY(jt_advice_append(resources, jt_advice_text(decision->resources[i]->object.id)));
    }
    const char *choice = resources_stand(making) ? choices[decision->choice] : "";
    JT_TRY(jt_advice_set(making->answer, "chosen",
                         choice[0] == 0 ? json_null() : json_string(choice)));
    return resources == NULL ? JT_ERR_NOMEM : JT_OK;
}

static bool asked_before(const struct jt_decide_ask *ask, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (jt_span_eq(ask->resources[i], ask->resources[index])) {
            return true;
        }
    }
    return false;
}

static json_t *named_twice(struct jt_span identifier)
{
    return json_pack("{s:s%, s:s, s:s}", "resource",
                     identifier.n > 0 ? (const char *)identifier.p : "", identifier.n, "why",
                     "named_twice", "hint", "name it once");
}

static enum jt_err refuse_asked(struct making *making, json_t *refused)
{
    const struct jt_decide_ask *ask = &making->explain->ask;
    struct jt_why why = why_of(making);
    for (size_t i = 0; i < ask->n_resources; i++) {
        json_t *entry = NULL;
        if (asked_before(ask, i)) {
            entry = named_twice(ask->resources[i]);
            JT_TRY(entry == NULL ? JT_ERR_NOMEM : JT_OK);
        } else {
            JT_TRY(jt_why_resource(&why, ask->resources[i], ask->n_resources > 1, &entry));
        }
        JT_TRY(entry == NULL ? JT_OK : jt_advice_append(refused, entry));
    }
    return JT_OK;
}

/* None was named and none could be chosen: what the client may call is what it can name. */
static enum jt_err refuse_unnamed(struct making *making, json_t *refused)
{
    const struct jt_client *client = making->explain->client;
    struct jt_why why = why_of(making);
    struct jt_held_resources held;
    json_t *holds = add_array(making, "holds"), *entry = NULL;
    if (client->default_resource.n > 0) {
        JT_TRY(jt_why_resource(&why, jt_object_text(&client->object, client->default_resource),
                               false, &entry));
        JT_TRY(entry == NULL ? JT_OK : jt_advice_append(refused, entry));
    }
    jt_holdings_resources(making->explain->root->access, client, &held);
    for (size_t i = 0; i < held.n; i++) {
        JT_TRY(jt_advice_append(holds, jt_advice_text(held.items[i]->object.id)));
    }
    if (held.n == 0) {
        return jt_advice_command(making->fix, "jeton resource list", NULL, 0);
    }
    if (client->default_resource.n > 0) {
        return JT_OK;
    }
    const struct jt_span words[] = {client->name, JT_SPAN("--default-resource"),
                                    held.items[0]->object.id};
    JT_AUTO(buf) line = JT_BUF_INIT(JT_ADVICE_MAX);
    JT_TRY(jt_advice_put(&line, "jeton client update", words, 1));
    JT_TRY(jt_advice_put(&line, " --default-resource", words + 2, 1));
    return jt_advice_add(making->fix, jt_buf_span(&line));
}

static enum jt_err put_refused_resources(struct making *making)
{
    json_t *refused = add_array(making, "refused_resources");
    if (making->decided != JT_ERR_TARGET || refused == NULL) {
        return refused == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    return making->explain->ask.n_resources > 0 ? refuse_asked(making, refused)
                                                : refuse_unnamed(making, refused);
}

/* --- scopes --- */

static enum jt_err put_given(const struct making *making, json_t *scopes, struct jt_span scope)
{
    const struct jt_explain *explain = making->explain;
    for (size_t i = 0; i < making->decision.n_resources; i++) {
        const struct jt_resource *resource = making->decision.resources[i];
        if (!jt_access_defines(resource, scope)) {
            continue;
        }
        json_t *entry = json_object();
        JT_TRY(jt_advice_append(scopes, entry)); /* its from here on, and so is `via` below */
        JT_TRY(jt_advice_set(entry, "scope", jt_advice_text(scope)));
        JT_TRY(jt_advice_set(entry, "resource", jt_advice_text(resource->object.id)));
        json_t *via = json_array();
        JT_TRY(jt_advice_set(entry, "via", via));
        JT_TRY(jt_why_via(explain->root->access, explain->client, resource, &scope, via));
    }
    return JT_OK;
}

static enum jt_err put_scopes(struct making *making)
{
    json_t *scopes = add_array(making, "scopes");
    for (size_t i = 0; making->err == JT_OK && i < making->decision.n_scopes; i++) {
        JT_TRY(put_given(making, scopes, making->decision.scopes[i].name));
    }
    return scopes == NULL ? JT_ERR_NOMEM : JT_OK;
}

/* Adds why `scope` is not given, once. */
static enum jt_err put_missing(const struct jt_why *why, struct jt_span scope, json_t *dropped)
{
    size_t index;
    const json_t *there;
    json_array_foreach(dropped, index, there)
    {
        if (jt_span_eq(jt_json_value(json_object_get(there, "scope")), scope)) {
            return JT_OK;
        }
    }
    json_t *entry = NULL;
    JT_TRY(jt_why_scope(why, scope, &entry));
    return entry == NULL ? JT_OK : jt_advice_append(dropped, entry);
}

/* Of several resources, what the client holds at one of them only is left out unsaid. */
static enum jt_err put_unshared(const struct making *making, const struct jt_why *why,
                                json_t *dropped)
{
    const struct jt_decision *decision = &making->decision;
    for (size_t i = 0; decision->n_resources > 1 && i < decision->n_resources; i++) {
        const struct jt_resource *resource = decision->resources[i];
        struct jt_decide_scope unused;
        for (size_t j = 0; j < resource->n_scopes; j++) {
            if (jt_holdings_scope(making->explain->root->access, making->explain->client, resource,
                                  resource->scopes[j], &unused)) {
                JT_TRY(put_missing(why, resource->scopes[j], dropped));
            }
        }
    }
    return JT_OK;
}

static enum jt_err put_dropped(struct making *making)
{
    json_t *dropped = add_array(making, "dropped");
    struct jt_span rest = jt_span_trim(making->explain->ask.scope), word;
    struct jt_why why = why_of(making);
    JT_TRY(dropped == NULL ? JT_ERR_NOMEM : JT_OK);
    if (!resources_stand(making)) {
        return JT_OK; /* no scope was compared with anything */
    }
    if (rest.n == 0) {
        return put_unshared(making, &why, dropped);
    }
    while (jt_span_word(&rest, &word)) {
        JT_TRY(put_missing(&why, word, dropped));
    }
    return JT_OK;
}

/* --- the token --- */

/* Signs as the token endpoint would, and throws it away: what only the signer can refuse is told. */
static enum jt_err try_to_sign(struct making *making, const struct jt_claims *claims)
{
    const char *kid = making->explain->root->keys->signing_kid[making->decision.alg];
    struct jt_claims tried = *claims;
    tried.jti = JT_SPAN("0123456789012345678901"); /* as long as one is */
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    JT_TRY(jt_buf_reserve(&token, JT_SIGNER_TOKEN_MAX)); /* so that it never moves */
    making->err = jt_signer_sign(making->explain->lane, jt_span_str(kid), &tried, &token);
    jt_secret_wipe(token.p, token.cap);
    return making->err == JT_ERR_KEY_ABSENT && kid[0] != 0 ? JT_ERR_KEY_ABSENT : JT_OK;
}

static enum jt_err put_claims(struct making *making, const struct jt_claims *claims)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    json_t *json = NULL;
    const struct jt_decision *decision = &making->decision;
    JT_TRY(jt_advice_set(making->answer, "header",
                         json_pack("{s:s, s:s, s:s%}", "alg", jt_alg_row(decision->alg)->name,
                                   "kid", making->explain->root->keys->signing_kid[decision->alg],
                                   "typ", (const char *)decision->typ.p, decision->typ.n)));
    JT_TRY(jt_claims_put(claims, &text));
    JT_TRY(jt_json_load_object(jt_buf_span(&text), JT_JSON_DEPTH, &json));
    return jt_advice_set(making->answer, "claims", json);
}

static enum jt_err put_token(struct making *making)
{
    if (making->err == JT_OK) {
        JT_AUTO(buf) scope = JT_BUF_INIT(JT_TOKEN_CLAIMS_MAX_SCOPE);
        struct jt_token_claims made;
        JT_TRY(jt_token_claims_scope(&making->decision, &scope));
        const struct jt_token_claims_own own = {jt_buf_span(&scope), JT_SPAN(JTI),
                                                making->explain->now_s};
        jt_token_claims_fill(making->explain->root, making->explain->client, &making->decision,
                             &own, &made);
        JT_TRY(try_to_sign(making, &made.claims));
        if (making->err == JT_OK) {
            return put_claims(making, &made.claims);
        }
    }
    JT_TRY(jt_advice_set(making->answer, "header", json_null()));
    return jt_advice_set(making->answer, "claims", json_null());
}

/* --- the whole --- */

static enum jt_err put_decision(struct making *making)
{
    json_t *answer = making->answer;
    bool granted = making->err == JT_OK;
    JT_TRY(jt_advice_set(answer, "decision", json_string(granted ? "granted" : "refused")));
    if (granted) {
        return jt_advice_set(answer, "status", json_integer(200));
    }
    JT_AUTO(buf) description = JT_BUF_INIT(sizeof making->diag.text);
    struct jt_token_error error =
        jt_token_error_of(making->err, jt_diag_text(&making->diag, making->err));
    JT_TRY(jt_token_error_put(&description, error.description));
    JT_TRY(jt_advice_set(answer, "status", json_integer(error.status)));
    JT_TRY(jt_advice_set(answer, "error", json_string(error.code)));
    JT_TRY(jt_advice_set(answer, "error_description", jt_advice_text(jt_buf_span(&description))));
    return error.status == 503 ? jt_advice_add(making->fix, JT_SPAN("jeton doctor")) : JT_OK;
}

static enum jt_err fill(struct making *making)
{
    const struct jt_explain *explain = making->explain;
    JT_TRY(put_client(making));
    if (explain->client != NULL) {
        making->decided = jt_decide(explain->root->access, explain->client, &explain->ask,
                                    &making->decision, &making->diag);
    }
    making->err = making->decided;
    /* people read from the top: their places are taken before they are known */
    JT_TRY(jt_advice_set(making->answer, "decision", json_null()));
    JT_TRY(jt_advice_set(making->answer, "status", json_null()));
    JT_TRY(check_client(making));
    JT_TRY(put_resources(making));
    JT_TRY(put_refused_resources(making));
    JT_TRY(put_dropped(making));
    JT_TRY(put_token(making));
    JT_TRY(put_scopes(making)); /* after the last that may refuse */
    JT_TRY(put_decision(making));
    return jt_advice_set(making->answer, "fix", json_incref(making->fix));
}

enum jt_err jt_explain_make(const struct jt_explain *explain, json_t **out_answer)
{
    struct making making = {
        .explain = explain, .decided = JT_ERR_CLIENT, .answer = json_object(), .fix = json_array()};
    enum jt_err err = making.answer == NULL || making.fix == NULL ? JT_ERR_NOMEM : fill(&making);
    json_decref(making.fix);
    if (err != JT_OK) {
        json_decref(making.answer);
        return err;
    }
    *out_answer = making.answer;
    return JT_OK;
}
