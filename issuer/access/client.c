/* SPDX-License-Identifier: Apache-2.0 */
/* Clients: the services that fetch tokens. */
#include <stdatomic.h>

#include "common/jose/b64url.h"
#include "common/json/json.h"
#include "issuer/access/member.h"

#include "common/base/base.h"

/* --- reading --- */

static enum jt_err read_id(struct jt_pack *pack, const json_t *value, void *record)
{
    return jt_member_read_name(pack, value, &((struct jt_client *)record)->object.id);
}

static enum jt_err read_client_name(struct jt_pack *pack, const json_t *value, void *record)
{
    return jt_member_read_name(pack, value, &((struct jt_client *)record)->name);
}

static enum jt_err read_enabled(struct jt_pack *pack, const json_t *value, void *record)
{
    return jt_member_read_bool(pack, value, &((struct jt_client *)record)->enabled);
}

static enum jt_err read_policy(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_span policy = jt_json_value(value);
    if (!jt_span_is(policy, "filter") && !jt_span_is(policy, "strict")) {
        return jt_pack_fail(pack, "give filter or strict");
    }
    ((struct jt_client *)record)->strict = jt_span_is(policy, "strict");
    return JT_OK;
}

static enum jt_err read_default(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    if (!jt_names_is_identifier(jt_json_value(value))) {
        return jt_pack_fail(pack, "give the identifier of a resource, or null");
    }
    client->default_resource = jt_pack_place(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err read_roles(struct jt_pack *pack, const json_t *value, void *record)
{
    static const struct jt_member_words form = {
        JT_OBJECT_MAX_ROLES, jt_names_is_name,
        "1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit"};
    struct jt_client *client = record;
    JT_TRY(jt_member_check_words(pack, value, &form));
    size_t n = json_array_size(value);
    struct jt_text *roles = jt_pack_places(pack, n, sizeof *roles, &client->roles);
    for (; client->n_roles < n; client->n_roles++) {
        roles[client->n_roles] =
            jt_pack_place(pack, jt_json_value(json_array_get(value, client->n_roles)));
    }
    return JT_OK;
}

static enum jt_err read_client_grants(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    JT_TRY(jt_member_check_grants(pack, value));
    size_t n = json_array_size(value);
    struct jt_text(*grants)[2] = jt_pack_places(pack, n, sizeof *grants, &client->grants);
    for (; client->n_grants < n; client->n_grants++) {
        jt_pack_grant(pack, jt_json_value(json_array_get(value, client->n_grants)),
                      grants[client->n_grants]);
    }
    return JT_OK;
}

/* "PRODUCT", or {"product", "status"}; which other members there are is nobody's to guess. */
static enum jt_err read_subscription(struct jt_pack *pack, const json_t *item,
                                     struct jt_subscription *subscription)
{
    const json_t *product = json_is_object(item) ? json_object_get(item, "product") : item;
    const json_t *status = json_object_get(item, "status");
    if (!jt_names_is_name(jt_json_value(product)) ||
        (json_is_object(item) && json_object_size(item) != 1 + (size_t)(status != NULL))) {
        return jt_pack_fail(pack, "give \"PRODUCT\" or {\"product\": ..., \"status\": ...}");
    }
    subscription->product = jt_pack_place(pack, jt_json_value(product));
    subscription->status = JT_SUBSCRIPTION_ASKED;
    if (status == NULL || json_is_null(status)) {
        return JT_OK;
    }
    enum jt_subscription_status known = JT_SUBSCRIPTION_PENDING;
    while (known < JT_SUBSCRIPTION_COUNT_ &&
           !jt_span_is(jt_json_value(status), jt_object_status_name(known))) {
        known++;
    }
    subscription->status = known;
    return known < JT_SUBSCRIPTION_COUNT_
               ? JT_OK
               : jt_pack_fail(pack, "a status is pending, approved or revoked");
}

static enum jt_err read_subscriptions(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_PRODUCTS) {
        return jt_pack_fail(pack, "give a list of at most %d products", JT_OBJECT_MAX_PRODUCTS);
    }
    size_t n = json_array_size(value);
    struct jt_subscription *subscriptions =
        jt_pack_places(pack, n, sizeof *subscriptions, &client->subscriptions);
    for (; client->n_subscriptions < n; client->n_subscriptions++) {
        size_t i = client->n_subscriptions;
        JT_TRY(read_subscription(pack, json_array_get(value, i), &subscriptions[i]));
        struct jt_span product = jt_object_text(&client->object, subscriptions[i].product);
        if (jt_object_subscription(client, product) != NULL) { /* among those before */
            return jt_pack_fail(pack, "element %zu stands twice; name it once", i + 1);
        }
    }
    return JT_OK;
}

static enum jt_err read_secret(struct jt_pack *pack, const json_t *item,
                               struct jt_client_secret *secret)
{
    struct jt_span hash = jt_json_value(json_object_get(item, "hash"));
    size_t n = 0;
    if (hash.n != JT_B64URL_LEN(JT_SHA256_LEN) ||
        jt_b64url_decode(hash, secret->hash, &n) != JT_OK) {
        return jt_pack_fail(pack, "a secret without a right hash");
    }
    struct jt_span id = jt_json_value(json_object_get(item, "id"));
    struct jt_span name = jt_json_value(json_object_get(item, "name"));
    secret->created_s = json_integer_value(json_object_get(item, "created_s"));
    secret->expires_s = json_integer_value(json_object_get(item, "expires_s"));
    if (!jt_names_is_name(id) || !jt_names_is_name(name) || secret->expires_s < 0) {
        return jt_pack_fail(pack, "a malformed secret");
    }
    secret->id = jt_pack_place(pack, id);
    secret->name = jt_pack_place(pack, name);
    atomic_init(&secret->used_s, 0);
    return JT_OK;
}

static enum jt_err read_secrets(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_SECRETS) {
        return jt_pack_fail(pack, "at most %d secrets", JT_OBJECT_MAX_SECRETS);
    }
    size_t n = json_array_size(value);
    struct jt_client_secret *secrets = jt_pack_places(pack, n, sizeof *secrets, &client->secrets);
    for (; client->n_secrets < n; client->n_secrets++) {
        size_t i = client->n_secrets;
        JT_TRY(read_secret(pack, json_array_get(value, i), &secrets[i]));
    }
    return JT_OK;
}

/* --- writing --- */

static json_t *write_id(const void *record, bool for_store)
{
    (void)for_store; /* the same for both, here and below */
    return jt_member_text(((const struct jt_client *)record)->object.id);
}

static json_t *write_client_name(const void *record, bool for_store)
{
    (void)for_store;
    return jt_member_text(((const struct jt_client *)record)->name);
}

static json_t *write_enabled(const void *record, bool for_store)
{
    (void)for_store;
    return json_boolean(((const struct jt_client *)record)->enabled);
}

static json_t *write_policy(const void *record, bool for_store)
{
    (void)for_store;
    return json_string(((const struct jt_client *)record)->strict ? "strict" : "filter");
}

static json_t *write_default(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_client *client = record;
    return jt_member_text(jt_object_text(&client->object, client->default_resource));
}

static json_t *write_roles(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_client *client = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < client->n_roles; i++) {
        if (json_array_append_new(array, jt_member_text(jt_object_role(client, i))) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* A status that was not said is not told either, so that what is told can be taken. */
static json_t *write_subscription(const struct jt_client *client,
                                  const struct jt_subscription *subscription)
{
    const char *status = jt_object_status_name(subscription->status);
    json_t *product = jt_member_text(jt_object_text(&client->object, subscription->product));
    return subscription->status == JT_SUBSCRIPTION_ASKED
               ? json_pack("{s:o}", "product", product)
               : json_pack("{s:o, s:s}", "product", product, "status", status);
}

static json_t *write_subscriptions(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_client *client = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < client->n_subscriptions; i++) {
        json_t *item = write_subscription(client, &jt_object_subscriptions(client)[i]);
        if (json_array_append_new(array, item) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *write_client_grants(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_client *client = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < client->n_grants; i++) {
        if (json_array_append_new(array, jt_member_grant(jt_object_grant(client, i))) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *secret_json(const struct jt_client *client, const struct jt_client_secret *secret,
                           bool with_hash)
{
    struct jt_span id = jt_object_text(&client->object, secret->id);
    struct jt_span name = jt_object_text(&client->object, secret->name);
    json_t *json = json_pack("{s:o, s:o, s:I, s:o}", "id", jt_member_text(id), "name",
                             jt_member_text(name), "created_s", (json_int_t)secret->created_s,
                             "expires_s", jt_member_time(secret->expires_s));
    if (json != NULL && !with_hash) {
        int64_t used_s = atomic_load_explicit(&secret->used_s, memory_order_relaxed);
        if (json_object_set_new(json, "last_used_s", jt_member_time(used_s)) != 0) {
            json_decref(json);
            json = NULL;
        }
        return json;
    }
    struct jt_buf hash = JT_BUF_INIT(64);
    if (json != NULL &&
        (jt_b64url_put(&hash, jt_span_of(secret->hash, sizeof secret->hash)) != JT_OK ||
         json_object_set_new(json, "hash", jt_member_text(jt_buf_span(&hash))) != 0)) {
        json_decref(json);
        json = NULL;
    }
    jt_buf_release(&hash);
    return json;
}

static json_t *write_secrets(const void *record, bool with_hashes)
{
    const struct jt_client *client = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < client->n_secrets; i++) {
        const struct jt_client_secret *secret = &jt_object_secrets(client)[i];
        if (json_array_append_new(array, secret_json(client, secret, with_hashes)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static const struct jt_member members[] = {
    {"client_id", true, read_id, write_id,
     "{\"type\":\"string\",\"readOnly\":true,\"description\":\"made by the issuer\"}"},
    {"name", true, read_client_name, write_client_name, JT_MEMBER_NAME},
    {"enabled", false, read_enabled, write_enabled, "{\"type\":\"boolean\",\"default\":true}"},
    {"scope_policy", false, read_policy, write_policy,
     "{\"type\":\"string\",\"enum\":[\"filter\",\"strict\"],\"default\":\"filter\"}"},
    {"default_resource", false, read_default, write_default,
     "{\"type\":[\"string\",\"null\"],\"format\":\"uri\",\"maxLength\":512}"},
    {"roles", false, read_roles, write_roles, JT_MEMBER_NAMES("64")},
    {"subscriptions", false, read_subscriptions, write_subscriptions,
     "{\"type\":\"array\",\"maxItems\":64,\"items\":{\"anyOf\":[" JT_MEMBER_NAME
     ",{\"type\":\"object\",\"required\":[\"product\"],\"additionalProperties\":false,"
     "\"properties\":{\"product\":" JT_MEMBER_NAME
     ",\"status\":{\"type\":\"string\",\"enum\":[\"pending\",\"approved\",\"revoked\"]}}}]}}"},
    {"grants", false, read_client_grants, write_client_grants, JT_MEMBER_GRANTS},
    {"secrets", false, read_secrets, write_secrets,
     "{\"type\":\"array\",\"readOnly\":true,\"maxItems\":16,\"items\":{\"type\":\"object\","
     "\"properties\":{\"id\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},"
     "\"created_s\":{\"type\":\"integer\"},\"expires_s\":{\"type\":[\"integer\",\"null\"]},"
     "\"last_used_s\":{\"type\":[\"integer\",\"null\"]}}}}"},
    JT_MEMBER_COMMON,
};

static void set_defaults(void *record)
{
    ((struct jt_client *)record)->enabled = true;
}

const struct jt_object_kind jt_client_kind = {"client", "client_id", sizeof(struct jt_client),
                                              members, set_defaults};
