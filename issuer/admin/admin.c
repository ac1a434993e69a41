/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/admin.h"

#include "common/json/json.h"

#include "common/base/base.h"

#define BODY JT_ADMIN_MAX_BODY

const struct jt_route jt_admin_routes[] = {
    {.method = "GET", .path = "/livez", .handler = jt_health_live},
    {.method = "GET", .path = "/readyz", .handler = jt_health_ready},
    {.method = "GET", .path = "/admin/v1/resources", .handler = jt_objects_list_resources},
    {.method = "POST",
     .path = "/admin/v1/resources",
     .handler = jt_objects_create_resource,
     .max_body = BODY},
    {.method = "GET", .path = "/admin/v1/resources/{}", .handler = jt_objects_get_resource},
    {.method = "PATCH",
     .path = "/admin/v1/resources/{}",
     .handler = jt_objects_patch_resource,
     .max_body = BODY},
    {.method = "DELETE", .path = "/admin/v1/resources/{}", .handler = jt_objects_delete_resource},
    {.method = "GET", .path = "/admin/v1/roles", .handler = jt_objects_list_roles},
    {.method = "POST",
     .path = "/admin/v1/roles",
     .handler = jt_objects_create_role,
     .max_body = BODY},
    {.method = "GET", .path = "/admin/v1/roles/{}", .handler = jt_objects_get_role},
    {.method = "PATCH",
     .path = "/admin/v1/roles/{}",
     .handler = jt_objects_patch_role,
     .max_body = BODY},
    {.method = "DELETE", .path = "/admin/v1/roles/{}", .handler = jt_objects_delete_role},
    {.method = "GET", .path = "/admin/v1/clients", .handler = jt_objects_list_clients},
    {.method = "POST",
     .path = "/admin/v1/clients",
     .handler = jt_objects_create_client,
     .max_body = BODY},
    {.method = "GET", .path = "/admin/v1/clients/{}", .handler = jt_objects_get_client},
    {.method = "PATCH",
     .path = "/admin/v1/clients/{}",
     .handler = jt_objects_patch_client,
     .max_body = BODY},
    {.method = "DELETE", .path = "/admin/v1/clients/{}", .handler = jt_objects_delete_client},
    {.method = "POST",
     .path = "/admin/v1/clients/{}/secrets",
     .handler = jt_clients_add_secret,
     .max_body = BODY},
    {.method = "DELETE",
     .path = "/admin/v1/clients/{}/secrets/{}",
     .handler = jt_clients_revoke_secret},
    {.method = "POST",
     .path = "/admin/v1/clients/{}/grants",
     .handler = jt_clients_grant,
     .max_body = BODY},
    {.method = "DELETE", .path = "/admin/v1/clients/{}/grants/{}", .handler = jt_clients_ungrant},
    {.method = "GET", .path = "/admin/v1/keys", .handler = jt_admin_keys_list},
    {.method = "POST",
     .path = "/admin/v1/keys/rotate",
     .handler = jt_admin_keys_rotate,
     .max_body = BODY},
    {.method = "POST",
     .path = "/admin/v1/keys/{}/revoke",
     .handler = jt_admin_keys_revoke,
     .max_body = BODY},
};
const size_t jt_admin_n_routes = JT_COUNT(jt_admin_routes);

void jt_admin_answer(struct jt_answer *answer, int status, json_t *json)
{
    jt_buf_clear(&answer->body);
    enum jt_err err = json == NULL ? JT_ERR_NOMEM : jt_json_dump(json, &answer->body);
    json_decref(json);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, NULL);
        return;
    }
    answer->status = status;
    answer->content_type = "application/json";
    answer->cache_control = "no-store"; /* some answers hold a secret */
}

/* RFC 9457 sec. 3.1 */
static void problem(struct jt_answer *answer, int status, const char *code, const char *title,
                    const char *detail)
{
    json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "code", code, "title", title, "status", status,
                             "detail", detail);
    const char *colon = strstr(detail, ": ");
    if (json != NULL && colon != NULL && status == 422) {
        (void)json_object_set_new(json, "member",
                                  json_stringn(detail, (size_t)(colon - detail))); /* a help only */
    }
    jt_buf_clear(&answer->body);
    if (json == NULL || jt_json_dump(json, &answer->body) != JT_OK) {
        jt_buf_clear(&answer->body); /* out of memory: the status alone says it */
    }
    json_decref(json);
    answer->status = status;
    answer->content_type = "application/problem+json";
    answer->cache_control = "no-store";
}

void jt_admin_refuse(struct jt_answer *answer, enum jt_err err, const struct jt_diag *diag)
{
    const struct jt_err_row *row = jt_err_row(err);
    problem(answer, row->http, row->name, row->text,
            diag == NULL ? row->text : jt_diag_text(diag, err));
}

void jt_admin_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app; /* the shape depends on nothing of the issuer's */
    problem(answer, status, "http", "the request cannot be served", sentence);
}

json_t *jt_admin_body(const struct jt_request *request, bool may_be_empty, struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = NULL;
    if (request->body.n == 0 && may_be_empty) {
        body = json_object();
        if (body == NULL) {
            jt_admin_refuse(answer, JT_ERR_NOMEM, NULL);
        }
        return body;
    }
    enum jt_err err = jt_json_load_object(request->body, JT_JSON_DEPTH, &body);
    if (err != JT_OK) {
        err = jt_diag_fail(
            &diag, err,
            "the body is not one JSON object (valid UTF-8, no member twice, at most %d "
            "levels)",
            JT_JSON_DEPTH);
        jt_admin_refuse(answer, err, &diag);
        return NULL;
    }
    return body;
}

bool jt_admin_only(const json_t *body, const char *const *names, struct jt_answer *answer)
{
    json_t *readable = (json_t *)(uintptr_t)body; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        const char *const *name = names;
        while (*name != NULL && !jt_span_is(jt_span_str(json_object_iter_key(iter)), *name)) {
            name++;
        }
        if (*name == NULL) {
            struct jt_diag diag = JT_DIAG_INIT;
            enum jt_err err =
                jt_diag_fail(&diag, JT_ERR_INVALID, "%.64s: no such member here; leave it out",
                             json_object_iter_key(iter));
            jt_admin_refuse(answer, err, &diag);
            return false;
        }
    }
    return true;
}
