/* SPDX-License-Identifier: Apache-2.0 */
/* What only clients have: secrets and direct grants. */
#include "common/json/json.h"
#include "issuer/admin/admin.h"
#include "issuer/edit.h"
#include "issuer/edit_client.h"

#include "common/base/base.h"

/* Answers what an edit gave, or its refusal. */
static void finish(enum jt_err err, int status, json_t *view, const struct jt_diag *diag,
                   struct jt_answer *answer)
{
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, diag);
        return;
    }
    jt_admin_answer(answer, status, view);
}

void jt_clients_add_secret(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    static const char *const members[] = {"name", "lifetime_s", NULL};
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = jt_admin_body(request, true, answer), *view = NULL;
    if (body == NULL) {
        return;
    }
    if (jt_admin_only(body, members, answer)) {
        enum jt_err err =
            jt_edit_client_check_secret(json_object_get(body, "name"), "name",
                                        json_object_get(body, "lifetime_s"), "lifetime_s", &diag);
        if (err == JT_OK) {
            err = jt_edit_add_secret(app, JT_ADMIN_ACTOR, request->segments[0],
                                     jt_json_value(json_object_get(body, "name")),
                                     json_integer_value(json_object_get(body, "lifetime_s")), &view,
                                     &diag);
        }
        finish(err, 201, view, &diag, answer);
    }
    json_decref(body);
}

void jt_clients_revoke_secret(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_edit_revoke_secret(app, JT_ADMIN_ACTOR, request->segments[0],
                                            request->segments[1], &diag);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, &diag);
        return;
    }
    answer->status = 204;
}

void jt_clients_grant(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    static const char *const members[] = {"grants", NULL};
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = jt_admin_body(request, false, answer), *view = NULL;
    if (body == NULL) {
        return;
    }
    if (jt_admin_only(body, members, answer)) {
        enum jt_err err = jt_edit_grant(app, JT_ADMIN_ACTOR, request->segments[0],
                                        json_object_get(body, "grants"), &view, &diag);
        finish(err, 200, view, &diag, answer);
    }
    json_decref(body);
}

void jt_clients_ungrant(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *view = NULL;
    enum jt_err err = jt_edit_ungrant(app, JT_ADMIN_ACTOR, request->segments[0],
                                      request->segments[1], &view, &diag);
    finish(err, 200, view, &diag, answer);
}
