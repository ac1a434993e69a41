/* SPDX-License-Identifier: Apache-2.0 */
/* Resources, roles and clients: the five things that can be done to each, once. */
#include "issuer/admin/admin.h"
#include "issuer/edit.h"
#include "issuer/view.h"

#include "common/base/base.h"

static void list(const struct jt_request *request, enum jt_store_kind kind,
                 struct jt_answer *answer)
{
    json_t *items = NULL;
    struct jt_issuer_worker *worker = request->thread;
    const struct jt_root *root = jt_issuer_enter(worker);
    enum jt_err err = jt_view_list(root->access, kind, &items);
    jt_issuer_exit(worker);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, NULL);
        return;
    }
    jt_admin_answer(answer, 200, json_pack("{s:o}", "items", items));
}

static void get(const struct jt_request *request, enum jt_store_kind kind, struct jt_answer *answer)
{
    json_t *view = NULL;
    struct jt_issuer_worker *worker = request->thread;
    const struct jt_root *root = jt_issuer_enter(worker);
    enum jt_err err = jt_view_object(root->access, kind, request->segments[0], &view);
    jt_issuer_exit(worker);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, NULL);
        return;
    }
    jt_admin_answer(answer, 200, view);
}

static void create(void *app, const struct jt_request *request, enum jt_store_kind kind,
                   struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = jt_admin_body(request, false, answer), *view = NULL;
    if (body == NULL) {
        return;
    }
    enum jt_err err = jt_edit_create(app, JT_ADMIN_ACTOR, kind, body, &view, &diag);
    json_decref(body);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, &diag);
        return;
    }
    jt_admin_answer(answer, 201, view);
}

static void patch(void *app, const struct jt_request *request, enum jt_store_kind kind,
                  struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    json_t *body = jt_admin_body(request, false, answer), *view = NULL;
    if (body == NULL) {
        return;
    }
    enum jt_err err =
        jt_edit_patch(app, JT_ADMIN_ACTOR, kind, request->segments[0], body, &view, &diag);
    json_decref(body);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, &diag);
        return;
    }
    jt_admin_answer(answer, 200, view);
}

static void delete_object(void *app, const struct jt_request *request, enum jt_store_kind kind,
                          struct jt_answer *answer)
{
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_edit_delete(app, JT_ADMIN_ACTOR, kind, request->segments[0], &diag);
    if (err != JT_OK) {
        jt_admin_refuse(answer, err, &diag);
        return;
    }
    answer->status = 204;
}

/* One handler for each kind and act: the route table carries no argument. */
#define HANDLERS(name, plural, kind)                                           \
    void jt_objects_list_##plural(void *app, const struct jt_request *request, \
                                  struct jt_answer *answer)                    \
    {                                                                          \
        (void)app; /* reads the root of its thread */                          \
        list(request, kind, answer);                                           \
    }                                                                          \
    void jt_objects_create_##name(void *app, const struct jt_request *request, \
                                  struct jt_answer *answer)                    \
    {                                                                          \
        create(app, request, kind, answer);                                    \
    }                                                                          \
    void jt_objects_get_##name(void *app, const struct jt_request *request,    \
                               struct jt_answer *answer)                       \
    {                                                                          \
        (void)app; /* reads the root of its thread */                          \
        get(request, kind, answer);                                            \
    }                                                                          \
    void jt_objects_patch_##name(void *app, const struct jt_request *request,  \
                                 struct jt_answer *answer)                     \
    {                                                                          \
        patch(app, request, kind, answer);                                     \
    }                                                                          \
    void jt_objects_delete_##name(void *app, const struct jt_request *request, \
                                  struct jt_answer *answer)                    \
    {                                                                          \
        delete_object(app, request, kind, answer);                             \
    }

HANDLERS(resource, resources, JT_STORE_RESOURCE)
HANDLERS(role, roles, JT_STORE_ROLE)
HANDLERS(client, clients, JT_STORE_CLIENT)
