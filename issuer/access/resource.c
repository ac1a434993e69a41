/* SPDX-License-Identifier: Apache-2.0 */
/* Resources: the APIs that tokens are for. */
#include "common/json/json.h"
#include "issuer/access/member.h"

#include "common/base/base.h"

#define DEFAULT_LIFETIME_S 3600

/* --- reading --- */

static enum jt_err read_identifier(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    if (!jt_names_is_identifier(jt_json_value(value))) {
        return jt_pack_fail(pack, "give an absolute URI without fragment, at most %d characters",
                            JT_NAMES_MAX_IDENTIFIER);
    }
    resource->object.id = jt_pack_text(pack, jt_json_value(value));
    return JT_OK;
}

static enum jt_err read_scopes(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    /* RFC 6749 sec. 3.3: scope-token */
    static const struct jt_member_words form = {
        JT_OBJECT_MAX_SCOPES, jt_names_is_scope,
        "1 to 128 printable ASCII characters, no space, quote or backslash"};
    JT_TRY(jt_member_check_words(pack, value, &form));
    resource->scopes = jt_pack_array(pack, json_array_size(value), sizeof *resource->scopes);
    for (; resource->n_scopes < json_array_size(value); resource->n_scopes++) {
        struct jt_span scope = jt_json_value(json_array_get(value, resource->n_scopes));
        resource->scopes[resource->n_scopes] = jt_pack_text(pack, scope);
    }
    return JT_OK;
}

static enum jt_err read_lifetime(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    json_int_t lifetime_s = json_integer_value(value);
    if (!json_is_integer(value) || lifetime_s < 1 || lifetime_s > JT_OBJECT_MAX_LIFETIME_S) {
        return jt_pack_fail(pack, "give a whole number of seconds from 1 to %d",
                            JT_OBJECT_MAX_LIFETIME_S);
    }
    resource->lifetime_s = lifetime_s;
    return JT_OK;
}

static enum jt_err read_alg(struct jt_pack *pack, const json_t *value, void *record)
{
    struct jt_resource *resource = record;
    const struct jt_alg_row *row = jt_alg_find(jt_json_value(value));
    if (row == NULL || !row->issue) {
        return jt_pack_fail(pack, "give one of ES256 ES384 ES512 RS256 PS256 EdDSA");
    }
    resource->alg = row->id;
    return JT_OK;
}

static enum jt_err read_typ(struct jt_pack *pack, const json_t *value, void *record)
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

static enum jt_err read_claims(struct jt_pack *pack, const json_t *value, void *record)
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

static enum jt_err read_shared(struct jt_pack *pack, const json_t *value, void *record)
{
    return jt_member_read_bool(pack, value, &((struct jt_resource *)record)->shared);
}

/* --- writing --- */

static json_t *write_identifier(const void *record, bool for_store)
{
    (void)for_store; /* the same for both, here and below */
    return jt_member_text(((const struct jt_resource *)record)->object.id);
}

static json_t *write_scopes(const void *record, bool for_store)
{
    (void)for_store;
    const struct jt_resource *resource = record;
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < resource->n_scopes; i++) {
        if (json_array_append_new(array, jt_member_text(resource->scopes[i])) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *write_lifetime(const void *record, bool for_store)
{
    (void)for_store;
    return json_integer(((const struct jt_resource *)record)->lifetime_s);
}

static json_t *write_alg(const void *record, bool for_store)
{
    (void)for_store;
    return json_string(jt_alg_row(((const struct jt_resource *)record)->alg)->name);
}

static json_t *write_typ(const void *record, bool for_store)
{
    (void)for_store;
    return jt_member_text(((const struct jt_resource *)record)->typ);
}

static json_t *write_claims(const void *record, bool for_store)
{
    (void)for_store;
    struct jt_span members = ((const struct jt_resource *)record)->claims;
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

static json_t *write_shared(const void *record, bool for_store)
{
    (void)for_store;
    return json_boolean(((const struct jt_resource *)record)->shared);
}

static const struct jt_member members[] = {
    {"identifier", true, read_identifier, write_identifier,
     "{\"type\":\"string\",\"format\":\"uri\",\"maxLength\":512,\"pattern\":\"^[^#]*$\"}"},
    {"scopes", false, read_scopes, write_scopes,
     "{\"type\":\"array\",\"uniqueItems\":true,\"maxItems\":128,\"items\":{\"type\":\"string\","
     "\"pattern\":\"^[!#-\\\\[\\\\]-~]{1,128}$\"}}"},
    {"lifetime_s", false, read_lifetime, write_lifetime,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":86400,\"default\":3600}"},
    {"alg", false, read_alg, write_alg,
     "{\"type\":\"string\",\"enum\":[\"ES256\",\"ES384\",\"ES512\",\"RS256\",\"PS256\",\"EdDSA\"],"
     "\"default\":\"ES256\"}"},
    {"typ", false, read_typ, write_typ,
     "{\"type\":\"string\",\"enum\":[\"at+jwt\",\"JWT\"],\"default\":\"at+jwt\"}"},
    {"claims", false, read_claims, write_claims,
     "{\"type\":\"object\",\"description\":\"extra claims, never a registered name\"}"},
    {"shared", false, read_shared, write_shared, "{\"type\":\"boolean\",\"default\":false}"},
    JT_MEMBER_COMMON,
};

static void set_defaults(void *record)
{
    struct jt_resource *resource = record;
    resource->lifetime_s = DEFAULT_LIFETIME_S;
    resource->alg = JT_ALG_ES256;
    resource->typ = JT_SPAN("at+jwt");
}

const struct jt_object_kind jt_resource_kind = {"resource", "identifier",
                                                sizeof(struct jt_resource), members, set_defaults};
