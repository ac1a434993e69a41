/* SPDX-License-Identifier: Apache-2.0 */
/* Values are given NULL where memory ran out: jansson's setters and json_pack refuse those, so one
 * look at the end is enough. */
#include "issuer/admin/openapi.h"

#include <stdlib.h>

#include "common/json/json.h"
#include "issuer/access/object.h"

#include "common/base/base.h"

#define MAX_TEXT ((size_t)64 * 1024) /* of one schema */
#define JSON     "application/json"

/* Sets, and says whether that and all before it went well. */
static bool set(bool well, json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 && well;
}

static json_t *done(bool well, json_t *json)
{
    if (well) {
        return json;
    }
    json_decref(json);
    return NULL;
}

static json_t *refer(const char *schema)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", schema);
}

/* --- schemas --- */

static json_t *parse(struct jt_span text)
{
    json_t *json = NULL;
    return jt_json_load_object(text, JT_JSON_DEPTH, &json) == JT_OK ? json : NULL;
}

static json_t *schema_of(enum jt_store_kind kind)
{
    struct jt_buf text = JT_BUF_INIT(MAX_TEXT);
    json_t *schema = jt_object_schema(kind, &text) == JT_OK ? parse(jt_buf_span(&text)) : NULL;
    jt_buf_release(&text);
    return schema;
}

static json_t *names_of(json_t *properties)
{
    json_t *names = json_array();
    bool well = names != NULL;
    for (void *iter = json_object_iter(properties); iter != NULL;
         iter = json_object_iter_next(properties, iter)) {
        well = json_array_append_new(names, json_string(json_object_iter_key(iter))) == 0 && well;
    }
    return done(well, names);
}

/* What is shown has every member. */
static json_t *shown(enum jt_store_kind kind)
{
    json_t *schema = schema_of(kind);
    bool well =
        set(schema != NULL, schema, "required", names_of(json_object_get(schema, "properties")));
    return done(well, schema);
}

/* A client's creation takes members that are about its first secret, and not those that the issuer
 * makes. */
static json_t *made_new(enum jt_store_kind kind)
{
    json_t *schema = schema_of(kind), *properties = json_object_get(schema, "properties");
    if (kind != JT_STORE_CLIENT || schema == NULL) {
        return schema;
    }
    (void)json_object_del(properties, "client_id"); /* the table has both */
    (void)json_object_del(properties, "secrets");
    bool well = set(true, schema, "required", json_pack("[s]", "name"));
    well = set(well, properties, "secret_name", json_pack("{s:[s,s]}", "type", "string", "null"));
    /* a status is the approver's to give */
    well =
        set(well, properties, "subscriptions",
            json_pack("{s:s, s:{s:[{s:s}, {s:s, s:b, s:[s], s:{s:{s:s}}}]}}", "type", "array",
                      "items", "anyOf", "type", "string", "type", "object", "additionalProperties",
                      0, "required", "product", "properties", "product", "type", "string"));
    well = set(well, properties, "secret_lifetime_s",
               json_pack("{s:[s,s], s:i}", "type", "integer", "null", "minimum", 1));
    return done(well, schema);
}

/* Nothing is required, and null resets; what names an object cannot change. */
static json_t *patched(enum jt_store_kind kind)
{
    json_t *schema = schema_of(kind), *properties = json_object_get(schema, "properties");
    json_t *nullable = json_object();
    bool well = schema != NULL && nullable != NULL;
    (void)json_object_del(schema, "required"); /* every kind has some */
    (void)json_object_del(properties, jt_object_id_member(kind));
    (void)json_object_del(properties, "secrets"); /* only clients have these two */
    (void)json_object_del(properties, "subscriptions");
    for (void *iter = json_object_iter(properties); iter != NULL;
         iter = json_object_iter_next(properties, iter)) {
        well =
            set(well, nullable, json_object_iter_key(iter),
                json_pack("{s:[O, {s:s}]}", "anyOf", json_object_iter_value(iter), "type", "null"));
    }
    return done(set(well, schema, "properties", nullable), schema);
}

static json_t *page_of(const char *kind)
{
    return json_pack("{s:s, s:b, s:[s], s:{s:{s:s, s:o}, s:{s:s, s:s}}}", "type", "object",
                     "additionalProperties", 0, "required", "items", "properties", "items", "type",
                     "array", "items", refer(kind), "next", "type", "string", "description",
                     "for `after`; absent at the end");
}

static json_t *client_made(void)
{
    json_t *schema = shown(JT_STORE_CLIENT);
    bool well = set(schema != NULL, json_object_get(schema, "properties"), "client_secret",
                    json_pack("{s:s, s:s}", "type", "string", "description",
                              "shown this once; absent when replayed"));
    return done(well, schema);
}

static bool set_named(bool well, json_t *schemas, const char *name, const char *suffix,
                      json_t *schema)
{
    struct jt_buf text = JT_BUF_INIT(64);
    well = jt_buf_printf(&text, "%s%s", name, suffix) == JT_OK && well;
    well = set(well, schemas, jt_buf_str(&text), schema);
    jt_buf_release(&text);
    return well;
}

static json_t *all_schemas(void)
{
    static const enum jt_store_kind kinds[] = {JT_STORE_RESOURCE, JT_STORE_ROLE, JT_STORE_PRODUCT,
                                               JT_STORE_CLIENT};
    json_t *schemas = json_object();
    bool well = schemas != NULL;
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        const char *name = jt_object_kind_name(kinds[i]);
        well = set_named(well, schemas, name, "", shown(kinds[i]));
        well = set_named(well, schemas, name, "_new", made_new(kinds[i]));
        well = set_named(well, schemas, name, "_patch", patched(kinds[i]));
        well = set_named(well, schemas, name, "_page", page_of(name));
    }
    well = set(well, schemas, "client_made", client_made());
    for (size_t i = 0; i < jt_openapi_n_schemas; i++) {
        well = set(well, schemas, jt_openapi_schemas[i].name,
                   parse(jt_span_str(jt_openapi_schemas[i].text)));
    }
    return done(well, schemas);
}

/* --- operations --- */

static json_t *parameter(const char *in, const char *name, bool required, const char *help,
                         json_t *schema)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:o}", "in", in, "name", name, "required", required,
                     "description", help, "schema", schema);
}

static json_t *text_schema(void)
{
    return json_pack("{s:s}", "type", "string");
}

static json_t *type_of(const struct jt_admin_param *param)
{
    struct jt_span rest = jt_span_str(param->choices), word;
    json_t *choices = NULL;
    switch (param->type) {
    case JT_ADMIN_INT:
        return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)param->min,
                         "maximum", (json_int_t)param->max);
    case JT_ADMIN_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case JT_ADMIN_CHOICE:
        choices = json_array();
        while (jt_span_word(&rest, &word)) {
            if (json_array_append_new(choices, json_stringn((const char *)word.p, word.n)) != 0) {
                json_decref(choices);
                return NULL;
            }
        }
        return json_pack("{s:s, s:o}", "type", "string", "enum", choices);
    case JT_ADMIN_TEXT:
    default:
        return text_schema();
    }
}

static bool add(bool well, json_t *array, json_t *value)
{
    return json_array_append_new(array, value) == 0 && well;
}

/* The segments of the path, each {name}. */
static bool add_segments(bool well, json_t *array, const char *path)
{
    for (const char *open = strchr(path, '{'); open != NULL; open = strchr(open + 1, '{')) {
        char name[32] = "";
        size_t n = strcspn(open + 1, "}");
        if (n >= sizeof name) {
            return false;
        }
        memcpy(name, open + 1, n);
        well = add(well, array,
                   parameter("path", name, true, "percent-encoded as one segment", text_schema()));
    }
    return well;
}

static json_t *parameters_of(const struct jt_admin_route *route)
{
    json_t *array = json_array();
    bool well = add_segments(array != NULL, array, route->path);
    const struct jt_admin_param *param = route->params;
    for (; param != NULL && param->name != NULL; param++) {
        well = add(well, array,
                   parameter("query", param->name, param->required, param->help, type_of(param)));
    }
    if (route->if_match) {
        well = add(well, array,
                   parameter("header", "If-Match", false,
                             "an ETag: 412 when the object has changed since", text_schema()));
    }
    if (route->key) {
        well = add(well, array,
                   parameter("header", "Idempotency-Key", false,
                             "the same request under the same key within 24 hours is "
                             "made once",
                             text_schema()));
    }
    if (route->etag && strcmp(route->method, "GET") == 0) {
        well = add(well, array,
                   parameter("header", "If-None-Match", false,
                             "an ETag: 304 when the object is still the same", text_schema()));
    }
    return done(well, array);
}

static json_t *header(const char *help)
{
    return json_pack("{s:s, s:o}", "description", help, "schema", text_schema());
}

static json_t *answer_of(const struct jt_admin_route *route)
{
    json_t *answer = json_pack("{s:s}", "description", route->summary), *headers = json_object();
    bool well = answer != NULL && headers != NULL;
    if (route->answer != NULL) {
        well = set(well, answer, "content",
                   json_pack("{s:{s:o}}", JSON, "schema", refer(route->answer)));
    }
    if (route->etag) {
        well = set(well, headers, "ETag", header("the version of the object"));
    }
    if (route->key) {
        well = set(well, headers, "Idempotency-Replayed",
                   header("true: this is the first answer again"));
    }
    return done(set(well, answer, "headers", headers), answer);
}

static json_t *responses_of(const struct jt_admin_route *route)
{
    char status[8];
    (void)snprintf(status, sizeof status, "%d", route->status); /* three digits */
    json_t *responses = json_object();
    bool well = set(responses != NULL, responses, status, answer_of(route));
    if (route->etag && strcmp(route->method, "GET") == 0) {
        well = set(well, responses, "304", json_pack("{s:s}", "description", "still the same"));
    }
    well = set(well, responses, "default",
               json_pack("{s:s}", "$ref", "#/components/responses/problem"));
    return done(well, responses);
}

static json_t *body_of(const struct jt_admin_route *route)
{
    bool lines = route->stream != NULL;
    return json_pack("{s:b, s:{s:{s:o}}}", "required", !route->may_be_empty, "content",
                     lines ? route->body_type : JSON, "schema",
                     lines ? text_schema() : refer(route->body));
}

/* OpenAPI 3.1 sec. 4.8.30: for other schemes than OAuth the list names roles. */
static json_t *security_of(const struct jt_admin_route *route)
{
    struct jt_span rest = jt_span_str(route->scope), word;
    json_t *scopes = json_array();
    bool well = scopes != NULL;
    while (jt_span_word(&rest, &word)) {
        well = add(well, scopes, json_stringn((const char *)word.p, word.n));
    }
    return json_pack("[{s:o}]", "token", done(well, scopes));
}

static json_t *operation_of(const struct jt_admin_route *route)
{
    json_t *operation = json_pack("{s:s, s:s, s:o, s:o}", "operationId", route->operation,
                                  "summary", route->summary, "parameters", parameters_of(route),
                                  "security", security_of(route));
    bool well = operation != NULL;
    if (route->look_scope != NULL) {
        well =
            set(well, operation, "description",
                json_pack("s+", "With dry_run=true a token needs, instead: ", route->look_scope));
    }
    if (route->body != NULL || route->stream != NULL) {
        well = set(well, operation, "requestBody", body_of(route));
    }
    return done(set(well, operation, "responses", responses_of(route)), operation);
}

static json_t *all_paths(void)
{
    json_t *paths = json_object();
    bool well = paths != NULL;
    for (size_t i = 0; i < jt_admin_n_table; i++) {
        const struct jt_admin_route *route = &jt_admin_table[i];
        char method[8] = "";
        for (size_t c = 0; route->method[c] != 0 && c + 1 < sizeof method; c++) {
            method[c] = (char)(route->method[c] | 0x20);
        }
        if (json_object_get(paths, route->path) == NULL) {
            well = set(well, paths, route->path, json_object());
        }
        well = set(well, json_object_get(paths, route->path), method, operation_of(route));
    }
    return done(well, paths);
}

static json_t *problem_response(void)
{
    return json_pack("{s:s, s:{s:{s:o}}}", "description",
                     "refused: what is wrong and how to mend it", "content",
                     "application/problem+json", "schema", refer("problem"));
}

enum jt_err jt_openapi_make(json_t **out_document)
{
    *out_document = json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s, s:s}], s:o, s:{s:o, s:{s:o}, s:{s:{s:s, "
        "s:s, s:s, s:s}}}}",
        "openapi", "3.1.1", "info", "title", "Jeton admin API", "version", JETON_VERSION,
        "description",
        "The operator's side of a Jeton issuer. On its UNIX socket no token is asked for.",
        "license", "name", "Apache-2.0", "identifier", "Apache-2.0", "servers", "url", "/",
        "description", "the admin listener", "paths", all_paths(), "components", "schemas",
        all_schemas(), "responses", "problem", problem_response(), "securitySchemes", "token",
        "type", "http", "scheme", "bearer", "bearerFormat", "JWT", "description",
        "an access token of this issuer for the resource ISSUER/admin, with the scopes named");
    return *out_document == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_openapi_get(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    (void)call; /* it is the same for all */
    return jt_openapi_make(&reply->json);
}
