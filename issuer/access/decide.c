/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/decide.h"

#include "issuer/access/holdings.h"

#include "common/base/base.h"

/* The words of the scope parameter, each once. */
struct words {
    struct jt_span items[JT_DECIDE_MAX_SCOPES];
    size_t n;
};

static bool has_word(const struct words *words, struct jt_span word)
{
    for (size_t i = 0; i < words->n; i++) {
        if (jt_span_eq(words->items[i], word)) {
            return true;
        }
    }
    return false;
}

static enum jt_err split_scope(struct jt_span scope, struct words *out, struct jt_diag *diag)
{
    struct jt_span word;
    out->n = 0;
    while (jt_span_word(&scope, &word)) {
        if (!jt_names_is_scope(word)) {
            return jt_diag_fail(diag, JT_ERR_INVALID_SCOPE,
                                "scope: names are separated by spaces and hold no quotes, "
                                "backslashes or control characters");
        }
        if (has_word(out, word)) {
            continue;
        }
        if (out->n == JT_DECIDE_MAX_SCOPES) {
            return jt_diag_fail(diag, JT_ERR_INVALID_SCOPE, "scope: ask for at most %d",
                                JT_DECIDE_MAX_SCOPES);
        }
        out->items[out->n++] = word;
    }
    return JT_OK;
}

static bool defines_all(const struct jt_resource *resource, const struct words *words)
{
    for (size_t i = 0; i < words->n; i++) {
        if (!jt_access_defines(resource, words->items[i])) {
            return false;
        }
    }
    return true;
}

static enum jt_err ask_for_resource(const struct jt_held_resources *held, struct jt_diag *diag)
{
    const struct jt_resource *first = held->n == 0 ? NULL : held->items[0];
    if (first == NULL) {
        return jt_diag_fail(diag, JT_ERR_TARGET, "this client may call no resource; grant it one");
    }
    return jt_diag_fail(diag, JT_ERR_TARGET,
                        "name the API with the resource parameter; this client may call '%.*s' and "
                        "%zu more",
                        (int)first->object.id.n, (const char *)first->object.id.p, held->n - 1);
}

/* No `resource` was sent: many real clients cannot send it. */
static enum jt_err choose_resource(const struct jt_access *access, const struct jt_client *client,
                                   const struct words *words, struct jt_decision *out,
                                   struct jt_diag *diag)
{
    struct jt_held_resources held;
    jt_holdings_resources(access, client, &held);
    const struct jt_resource *chosen = NULL;
    if (client->default_resource.n > 0) {
        chosen =
            jt_access_resource(access, jt_object_text(&client->object, client->default_resource));
        out->choice = JT_CHOSEN_DEFAULT;
    } else if (held.n == JT_HOLDINGS_MAX) {
        return ask_for_resource(&held, diag); /* there may be more than were listed */
    } else if (words->n > 0) {
        for (size_t i = 0; i < held.n; i++) {
            if (!defines_all(held.items[i], words)) {
                continue;
            }
            if (chosen != NULL) {
                return jt_diag_fail(diag, JT_ERR_INVALID_SCOPE,
                                    "several resources define these scopes; name one with the "
                                    "resource parameter");
            }
            chosen = held.items[i];
            out->choice = held.n == 1 ? JT_CHOSEN_ONLY : JT_CHOSEN_BY_SCOPE;
        }
    }
    if (chosen == NULL && client->default_resource.n == 0 && held.n == 1) {
        chosen = held.items[0];
        out->choice = JT_CHOSEN_ONLY;
    }
    if (chosen == NULL || !jt_holdings_any(access, client, chosen)) {
        return ask_for_resource(&held, diag);
    }
    out->resources[0] = chosen;
    out->n_resources = 1;
    return JT_OK;
}

static enum jt_err find_resources(const struct jt_access *access, const struct jt_client *client,
                                  const struct jt_decide_ask *ask, struct jt_decision *out,
                                  struct jt_diag *diag)
{
    if (ask->n_resources > JT_DECIDE_MAX_RESOURCES) {
        return jt_diag_fail(diag, JT_ERR_TARGET, "resource: name at most %d",
                            JT_DECIDE_MAX_RESOURCES);
    }
    for (size_t i = 0; i < ask->n_resources; i++) {
        const struct jt_resource *resource = jt_access_resource(access, ask->resources[i]);
        if (resource == NULL || !jt_holdings_any(access, client, resource)) {
            /* RFC 8707 sec. 2: invalid_target; what exists is told to nobody who may not call it */
            return jt_diag_fail(diag, JT_ERR_TARGET,
                                "this client may call no such resource; check the identifier "
                                "byte by byte, or have it granted");
        }
        for (size_t j = 0; j < out->n_resources; j++) {
            if (out->resources[j] == resource) {
                return jt_diag_fail(diag, JT_ERR_TARGET, "resource: named twice");
            }
        }
        out->resources[out->n_resources++] = resource;
    }
    return JT_OK;
}

/* One token for several resources only where each of them allows it and they agree on its form. */
static enum jt_err check_sharing(struct jt_decision *out, struct jt_diag *diag)
{
    const struct jt_resource *first = out->resources[0];
    out->lifetime_s = first->lifetime_s;
    out->alg = first->alg;
    out->typ = first->typ;
    for (size_t i = 0; out->n_resources > 1 && i < out->n_resources; i++) {
        const struct jt_resource *resource = out->resources[i];
        if (!resource->shared) {
            return jt_diag_fail(diag, JT_ERR_TARGET,
                                "resource '%.*s' does not share a token with others; ask for one "
                                "token per resource",
                                (int)resource->object.id.n, (const char *)resource->object.id.p);
        }
        if (resource->alg != out->alg || !jt_span_eq(resource->typ, out->typ)) {
            return jt_diag_fail(diag, JT_ERR_TARGET,
                                "these resources differ in algorithm or typ; ask for one token per "
                                "resource");
        }
        if (resource->lifetime_s < out->lifetime_s) {
            out->lifetime_s = resource->lifetime_s;
        }
    }
    return JT_OK;
}

/* A scope goes in only if the client holds it on every one of the resources that defines it:
 * otherwise a right held at one would work at the other. */
static bool holds_everywhere(const struct jt_access *access, const struct jt_client *client,
                             const struct jt_decision *decision, struct jt_span name,
                             struct jt_decide_scope *out_scope)
{
    bool defined = false;
    for (size_t i = 0; i < decision->n_resources; i++) {
        const struct jt_resource *resource = decision->resources[i];
        if (!jt_access_defines(resource, name)) {
            continue;
        }
        if (!jt_holdings_scope(access, client, resource, name, out_scope)) {
            return false;
        }
        defined = true;
    }
    return defined;
}

static bool already_given(const struct jt_decision *decision, struct jt_span name)
{
    for (size_t i = 0; i < decision->n_scopes; i++) {
        if (jt_span_eq(decision->scopes[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum jt_err give_requested(const struct jt_access *access, const struct jt_client *client,
                                  const struct words *words, struct jt_decision *out,
                                  struct jt_diag *diag)
{
    for (size_t i = 0; i < words->n; i++) {
        struct jt_decide_scope scope;
        if (holds_everywhere(access, client, out, words->items[i], &scope)) {
            out->scopes[out->n_scopes++] = scope;
            continue;
        }
        if (client->strict) {
            return jt_diag_fail(diag, JT_ERR_INVALID_SCOPE,
                                "scope '%.*s' is not granted here, and this client's policy is "
                                "strict; leave it out, or have it granted",
                                (int)words->items[i].n, (const char *)words->items[i].p);
        }
        out->dropped[out->n_dropped++] = words->items[i];
    }
    return JT_OK;
}

static enum jt_err give_all(const struct jt_access *access, const struct jt_client *client,
                            struct jt_decision *out, struct jt_diag *diag)
{
    for (size_t i = 0; i < out->n_resources; i++) {
        const struct jt_resource *resource = out->resources[i];
        for (size_t j = 0; j < resource->n_scopes; j++) {
            struct jt_decide_scope scope;
            if (already_given(out, resource->scopes[j]) ||
                !holds_everywhere(access, client, out, resource->scopes[j], &scope)) {
                continue;
            }
            if (out->n_scopes == JT_DECIDE_MAX_SCOPES) {
                return jt_diag_fail(diag, JT_ERR_INVALID_SCOPE,
                                    "more than %d scopes; name those that are needed",
                                    JT_DECIDE_MAX_SCOPES);
            }
            out->scopes[out->n_scopes++] = scope;
        }
    }
    return JT_OK;
}

enum jt_err jt_decide(const struct jt_access *access, const struct jt_client *client,
                      const struct jt_decide_ask *ask, struct jt_decision *out_decision,
                      struct jt_diag *diag)
{
    JT_UNCLEARED struct words words;
    out_decision->n_resources = out_decision->n_scopes = out_decision->n_dropped = 0;
    out_decision->choice = JT_CHOSEN_NONE;
    JT_TRY(split_scope(ask->scope, &words, diag));
    if (ask->n_resources == 0) {
        JT_TRY(choose_resource(access, client, &words, out_decision, diag));
    } else {
        out_decision->choice = JT_CHOSEN_ASKED;
        JT_TRY(find_resources(access, client, ask, out_decision, diag));
    }
    JT_TRY(check_sharing(out_decision, diag));
    if (words.n > 0) {
        JT_TRY(give_requested(access, client, &words, out_decision, diag));
    } else {
        JT_TRY(give_all(access, client, out_decision, diag));
    }
    bool bare = true;
    for (size_t i = 0; i < out_decision->n_resources; i++) {
        bare = bare && jt_holdings_bare(access, client, out_decision->resources[i]);
    }
    if (out_decision->n_scopes == 0 && !bare) {
        return jt_diag_fail(
            diag, JT_ERR_INVALID_SCOPE,
            "none of these scopes is granted to this client on this resource; leave "
            "scope out to get all that is");
    }
    return JT_OK;
}
