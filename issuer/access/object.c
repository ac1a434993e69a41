/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/object.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/json/json.h"
#include "issuer/access/pack.h"

#include "common/base/base.h"

#define DEFAULT_LIFETIME_S 3600

/* A member of a document: its name, and the function that reads it into the record being made. */
struct member {
    const char *name;
    enum jt_err (*read)(struct jt_pack *pack, const json_t *value, void *record);
};

const char *jt_object_kind_name(enum jt_store_kind kind)
{
    static const char *const names[] = {
        [JT_STORE_RESOURCE] = "resource",
        [JT_STORE_ROLE] = "role",
        [JT_STORE_CLIENT] = "client",
        [JT_STORE_PRODUCT] = "product",
    };
    return names[kind];
}

/* --- what several kinds have --- */

static enum jt_err read_name(struct jt_pack *pack, const json_t *value, struct jt_span *out)
{
    if (!jt_names_is_name(jt_json_value(value))) {
        return jt_pack_fail(pack, "1 to 128 of A-Z a-z 0-9 . _ : @ -, the first a letter or digit");
    }
    *out = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

static bool repeats(const json_t *array, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (json_equal(json_array_get(array, i), json_array_get(array, index)) != 0) {
            return true;
        }
    }
    return false;
}

static enum jt_err read_words(struct jt_pack *pack, const json_t *value, size_t max,
                              bool (*is_word)(struct jt_span), struct jt_span **out, size_t *out_n)
{
    if (!json_is_array(value) || json_array_size(value) > max) {
        return jt_pack_fail(pack, "give a list of at most %zu strings", max);
    }
    struct jt_span *words = jt_pack_array(pack, json_array_size(value), sizeof *words);
    size_t index;
    const json_t *word;
    json_array_foreach(value, index, word)
    {
        if (!is_word(jt_json_value(word))) {
            return jt_pack_fail(pack, "element %zu is not a well-formed name", index + 1);
        }
        if (repeats(value, index)) {
            return jt_pack_fail(pack, "element %zu stands twice; name it once", index + 1);
        }
        words[index] = jt_pack_text(pack, jt_json_value(word));
    }
    *out = words;
    *out_n = json_array_size(value);
    return JT_OK;
}

static enum jt_err read_grants(struct jt_pack *pack, const json_t *value, struct jt_grant **out,
                               size_t *out_n)
{
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_GRANTS) {
        return jt_pack_fail(pack, "give a list of at most %d grants", JT_OBJECT_MAX_GRANTS);
    }
    struct jt_grant *grants = jt_pack_array(pack, json_array_size(value), sizeof *grants);
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        struct jt_span text = jt_pack_text(pack, jt_json_value(item));
        if (jt_names_parse_grant(text, &grants[index]) != JT_OK) {
            return jt_pack_fail(pack, "element %zu is not IDENTIFIER#SCOPE or IDENTIFIER",
                                index + 1);
        }
        /* a grant that stood twice would outlive its removal */
        if (repeats(value, index)) {
            return jt_pack_fail(pack, "element %zu stands twice; name it once", index + 1);
        }
    }
    *out = grants;
    *out_n = json_array_size(value);
    return JT_OK;
}

static enum jt_err read_bool(struct jt_pack *pack, const json_t *value, bool *out)
{
    if (!json_is_boolean(value)) {
        return jt_pack_fail(pack, "give true or false");
    }
    *out = json_is_true(value);
    return JT_OK;
}

/* --- resource --- */

static enum jt_err resource_identifier(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    if (!jt_names_is_identifier(jt_json_value(value))) {
        return jt_pack_fail(pack, "give an absolute URI without fragment, at most %d characters",
                            JT_NAMES_MAX_IDENTIFIER);
    }
    resource->object.id = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err resource_scopes(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    return read_words(pack, value, JT_OBJECT_MAX_SCOPES, jt_names_is_scope, &resource->scopes,
                      &resource->n_scopes);
}

static enum jt_err resource_lifetime(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    json_int_t lifetime_s = json_integer_value(value);
    if (!json_is_integer(value) || lifetime_s < 1 || lifetime_s > JT_OBJECT_MAX_LIFETIME_S) {
        return jt_pack_fail(pack, "give seconds from 1 to %d", JT_OBJECT_MAX_LIFETIME_S);
    }
    resource->lifetime_s = lifetime_s;
    return JT_OK;
}

static enum jt_err resource_alg(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    const struct jt_alg_row *row = jt_alg_find(jt_json_value(value));
    if (row == NULL || !row->issue) {
        return jt_pack_fail(pack, "give one of ES256 ES384 ES512 RS256 PS256 EdDSA");
    }
    resource->alg = row->id;
    return JT_OK;
}

static enum jt_err resource_typ(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    struct jt_span typ = jt_json_value(value);
    if (!jt_span_is(typ, "at+jwt") && !jt_span_is(typ, "JWT")) {
        return jt_pack_fail(pack, "give at+jwt, or JWT for verifiers that refuse at+jwt");
    }
    resource->typ = jt_pack_text(pack, typ);
    return JT_OK;
}

/* RFC 7519 sec. 4.1, RFC 9068 sec. 2.2, RFC 7800, RFC 8693: names whose meaning is the issuer's. */
static bool is_registered_claim(const char *name)
{
    static const char *const names[] = {
        "iss",   "sub", "aud",   "exp",     "nbf",          "iat",    "jti", "client_id",
        "scope", "cnf", "act",   "may_act", "auth_time",    "acr",    "amr", "azp",
        "nonce", "sid", "roles", "groups",  "entitlements", "status", "scp", "permissions",
    };
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        if (jt_span_is(jt_span_str(name), names[i])) {
            return true;
        }
    }
    return false;
}

static enum jt_err resource_claims(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    if (!json_is_object(value)) {
        return jt_pack_fail(pack, "give an object of extra claims");
    }
    void *iter = json_object_iter((json_t *)(uintptr_t)value); /* jansson reads it only */
    for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)value, iter)) {
        if (is_registered_claim(json_object_iter_key(iter))) {
            return jt_pack_fail(pack, "'%s' is a registered claim; use another name",
                                json_object_iter_key(iter));
        }
    }
    struct jt_buf text = JT_BUF_INIT(JT_OBJECT_MAX_CLAIMS);
    enum jt_err err = jt_json_dump(value, &text);
    if (err == JT_OK && text.len > 2) {
        resource->claims = jt_pack_text(pack, jt_span_of(text.p + 1, text.len - 2));
    }
    jt_buf_release(&text);
    return err == JT_ERR_LIMIT ? jt_pack_fail(pack, "over %d bytes", JT_OBJECT_MAX_CLAIMS) : err;
}

static enum jt_err resource_shared(struct jt_pack *pack, const json_t *value, void *record)
{
    return read_bool(pack, value, &((struct jt_resource *)record)->shared);
}

static const struct member resource_members[] = {
    {"identifier", resource_identifier},
    {"scopes", resource_scopes},
    {"lifetime_s", resource_lifetime},
    {"alg", resource_alg},
    {"typ", resource_typ},
    {"claims", resource_claims},
    {"shared", resource_shared},
    {NULL, NULL},
};

/* --- role --- */

static enum jt_err role_name(struct jt_pack *pack, const json_t *value, void *record)
{
    return read_name(pack, value, &((struct jt_role *)record)->object.id);
}

static enum jt_err role_grants(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_role *role = record;
    return read_grants(pack, value, &role->grants, &role->n_grants);
}

static const struct member role_members[] = {
    {"name", role_name},
    {"grants", role_grants},
    {NULL, NULL},
};

/* --- client --- */

static enum jt_err client_id(struct jt_pack *pack, const json_t *value, void *record)
{
    return read_name(pack, value, &((struct jt_client *)record)->object.id);
}

static enum jt_err client_name(struct jt_pack *pack, const json_t *value, void *record)
{
    return read_name(pack, value, &((struct jt_client *)record)->name);
}

static enum jt_err client_enabled(struct jt_pack *pack, const json_t *value, void *record)
{
    return read_bool(pack, value, &((struct jt_client *)record)->enabled);
}

static enum jt_err client_policy(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_span policy = jt_json_value(value);
    if (!jt_span_is(policy, "filter") && !jt_span_is(policy, "strict")) {
        return jt_pack_fail(pack, "give filter or strict");
    }
    ((struct jt_client *)record)->strict = jt_span_is(policy, "strict");
    return JT_OK;
}

static enum jt_err client_default(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    if (!jt_names_is_identifier(jt_json_value(value))) {
        return jt_pack_fail(pack, "give the identifier of a resource, or null");
    }
    client->default_resource = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err client_roles(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    return read_words(pack, value, JT_OBJECT_MAX_ROLES, jt_names_is_name, &client->roles,
                      &client->n_roles);
}

static enum jt_err client_grants(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    return read_grants(pack, value, &client->grants, &client->n_grants);
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
    secret->id = jt_pack_text(pack, jt_json_value(json_object_get(item, "id")));
    secret->name = jt_pack_text(pack, jt_json_value(json_object_get(item, "name")));
    secret->created_s = json_integer_value(json_object_get(item, "created_s"));
    secret->expires_s = json_integer_value(json_object_get(item, "expires_s"));
    return jt_names_is_name(secret->id) && jt_names_is_name(secret->name) && secret->expires_s >= 0
               ? JT_OK
               : jt_pack_fail(pack, "a malformed secret");
}

static enum jt_err client_secrets(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_client *client = record;
    if (!json_is_array(value) || json_array_size(value) > JT_OBJECT_MAX_SECRETS) {
        return jt_pack_fail(pack, "at most %d secrets", JT_OBJECT_MAX_SECRETS);
    }
    client->n_secrets = json_array_size(value);
    client->secrets = jt_pack_array(pack, client->n_secrets, sizeof *client->secrets);
    for (size_t i = 0; i < client->n_secrets; i++) {
        JT_TRY(read_secret(pack, json_array_get(value, i), &client->secrets[i]));
    }
    return JT_OK;
}

static const struct member client_members[] = {
    {"client_id", client_id},
    {"name", client_name},
    {"enabled", client_enabled},
    {"scope_policy", client_policy},
    {"roles", client_roles},
    {"default_resource", client_default},
    {"grants", client_grants},
    {"secrets", client_secrets},
    {NULL, NULL},
};

/* --- from JSON --- */

static const struct {
    size_t size;
    const struct member *members;
    const char *required[2];
} kinds[] = {
    [JT_STORE_RESOURCE] = {sizeof(struct jt_resource), resource_members, {"identifier"}},
    [JT_STORE_ROLE] = {sizeof(struct jt_role), role_members, {"name"}},
    [JT_STORE_CLIENT] = {sizeof(struct jt_client), client_members, {"client_id", "name"}},
};

static void set_defaults(struct jt_object *object)
{
    if (object->kind == JT_STORE_RESOURCE) {
        struct jt_resource *resource = (struct jt_resource *)object;
        resource->lifetime_s = DEFAULT_LIFETIME_S;
        resource->alg = JT_ALG_ES256;
        resource->typ = JT_SPAN("at+jwt");
    } else if (object->kind == JT_STORE_CLIENT) {
        ((struct jt_client *)object)->enabled = true;
    }
}

static enum jt_err read_member(struct jt_pack *pack, const struct member *members, const char *name,
                               const json_t *value, void *record)
{
    pack->member = name;
    for (; members->name != NULL; members++) {
        if (jt_span_is(jt_span_str(name), members->name)) {
            /* null is the default (RFC 7396 sec. 2) */
            return json_is_null(value) ? JT_OK : members->read(pack, value, record);
        }
    }
    return jt_pack_fail(pack, "no such member here; leave it out");
}

static enum jt_err read_members(struct jt_pack *pack, const json_t *doc, struct jt_object *object)
{
    const struct member *members = kinds[object->kind].members;
    json_t *readable = (json_t *)(uintptr_t)doc; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        JT_TRY(read_member(pack, members, json_object_iter_key(iter), json_object_iter_value(iter),
                           object));
    }
    for (size_t i = 0; i < JT_COUNT(kinds[0].required); i++) {
        const char *required = kinds[object->kind].required[i];
        const json_t *value = required == NULL ? NULL : json_object_get(doc, required);
        if (required != NULL && (value == NULL || json_is_null(value))) {
            pack->member = required;
            return jt_pack_fail(pack, "is missing; give it");
        }
    }
    return JT_OK;
}

enum jt_err jt_object_parse(enum jt_store_kind kind, const json_t *doc,
                            struct jt_object **out_object, struct jt_diag *diag)
{
    if (!json_is_object(doc) || (size_t)kind >= JT_COUNT(kinds) || kinds[kind].members == NULL) {
        return jt_diag_fail(diag, JT_ERR_INVALID, "not a %s: give a JSON object",
                            jt_object_kind_name(kind));
    }
    struct jt_pack pack;
    struct jt_object *object = NULL;
    JT_TRY(jt_pack_begin(&pack, doc, kinds[kind].size, diag, (void **)&object));
    object->kind = kind;
    atomic_init(&object->refs, 1);
    set_defaults(object);
    enum jt_err err = read_members(&pack, doc, object);
    if (err != JT_OK) {
        free(object);
        return err;
    }
    *out_object = object;
    return JT_OK;
}

struct jt_object *jt_object_ref(struct jt_object *object)
{
    atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
    return object;
}

void jt_object_free(struct jt_object *object)
{
    if (object != NULL && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1) {
        free(object);
    }
}
