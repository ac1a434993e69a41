/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: records as JSON documents, in the order of docs/admin-api.md. */
#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/json/json.h"
#include "issuer/access/object.h"

#include "common/base/base.h"

static json_t *text_json(struct jt_span text)
{
    return text.n == 0 ? json_null() : json_stringn((const char *)text.p, text.n);
}

static json_t *words_json(const struct jt_span *words, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++) {
        if (json_array_append_new(array, text_json(words[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *grants_json(const struct jt_grant *grants, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++) {
        /* resource, '#' and scope stand side by side in the record, as they did in the document */
        struct jt_span text = grants[i].resource;
        if (grants[i].scope.n > 0) {
            text.n += 1 + grants[i].scope.n;
        }
        if (json_array_append_new(array, text_json(text)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *claims_json(struct jt_span members)
{
    struct jt_buf text = JT_BUF_INIT(JT_OBJECT_MAX_CLAIMS + 2);
    json_t *claims = NULL;
    if (jt_buf_putc(&text, '{') == JT_OK && jt_buf_put(&text, members) == JT_OK &&
        jt_buf_putc(&text, '}') == JT_OK &&
        jt_json_load(jt_buf_span(&text), JT_JSON_DEPTH, &claims) != JT_OK) {
        claims = NULL;
    }
    jt_buf_release(&text);
    return claims;
}

static json_t *time_json(int64_t time_s)
{
    return time_s == 0 ? json_null() : json_integer(time_s);
}

static json_t *secret_json(const struct jt_client_secret *secret, bool with_hash)
{
    json_t *json = json_pack("{s:o, s:o, s:I, s:o}", "id", text_json(secret->id), "name",
                             text_json(secret->name), "created_s", (json_int_t)secret->created_s,
                             "expires_s", time_json(secret->expires_s));
    struct jt_buf hash = JT_BUF_INIT(64);
    if (json != NULL && with_hash &&
        (jt_b64url_put(&hash, jt_span_of(secret->hash, sizeof secret->hash)) != JT_OK ||
         json_object_set_new(json, "hash", text_json(jt_buf_span(&hash))) != 0)) {
        json_decref(json);
        json = NULL;
    }
    jt_buf_release(&hash);
    return json;
}

static json_t *secrets_json(const struct jt_client *client, bool with_hashes)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < client->n_secrets; i++) {
        if (json_array_append_new(array, secret_json(&client->secrets[i], with_hashes)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *resource_json(const struct jt_resource *resource)
{
    return json_pack("{s:o, s:o, s:I, s:s, s:o, s:o, s:b}", "identifier",
                     text_json(resource->object.id), "scopes",
                     words_json(resource->scopes, resource->n_scopes), "lifetime_s",
                     (json_int_t)resource->lifetime_s, "alg", jt_alg_row(resource->alg)->name,
                     "typ", text_json(resource->typ), "claims", claims_json(resource->claims),
                     "shared", resource->shared);
}

static json_t *role_json(const struct jt_role *role)
{
    return json_pack("{s:o, s:o}", "name", text_json(role->object.id), "grants",
                     grants_json(role->grants, role->n_grants));
}

static json_t *client_json(const struct jt_client *client, bool for_store)
{
    return json_pack("{s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o}", "client_id",
                     text_json(client->object.id), "name", text_json(client->name), "enabled",
                     client->enabled, "scope_policy", client->strict ? "strict" : "filter",
                     "default_resource", text_json(client->default_resource), "roles",
                     words_json(client->roles, client->n_roles), "grants",
                     grants_json(client->grants, client->n_grants), "secrets",
                     secrets_json(client, for_store));
}

enum jt_err jt_object_json(const struct jt_object *object, bool for_store, json_t **out_doc)
{
    json_t *doc = NULL;
    switch (object->kind) {
    case JT_STORE_RESOURCE:
        doc = resource_json((const struct jt_resource *)object);
        break;
    case JT_STORE_ROLE:
        doc = role_json((const struct jt_role *)object);
        break;
    case JT_STORE_CLIENT:
        doc = client_json((const struct jt_client *)object, for_store);
        break;
    case JT_STORE_PRODUCT:
        return JT_ERR_ARGUMENT;
    }
    if (doc == NULL) {
        return JT_ERR_NOMEM;
    }
    *out_doc = doc;
    return JT_OK;
}
