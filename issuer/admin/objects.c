/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/objects.h"

#include "issuer/edit.h"
#include "issuer/view.h"

#include "common/base/base.h"

enum jt_err jt_objects_list(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    json_t *items = NULL;
    const struct jt_root *root = jt_issuer_enter(call->worker);
    enum jt_err err = jt_view_list(root->access, call->route->kind, &items);
    jt_issuer_exit(call->worker);
    JT_TRY(err);
    reply->json = json_pack("{s:o}", "items", items);
    return reply->json == NULL ? JT_ERR_NOMEM : JT_OK;
}

enum jt_err jt_objects_get(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    const struct jt_root *root = jt_issuer_enter(call->worker);
    enum jt_err err =
        jt_view_object(root->access, call->route->kind, call->request->segments[0], &reply->json);
    jt_issuer_exit(call->worker);
    return err;
}

enum jt_err jt_objects_create(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_edit_result result = {0};
    JT_TRY(jt_edit_create(call->issuer, &call->how, call->route->kind, call->body, &result,
                          &call->diag));
    reply->json = result.view;
    reply->version = result.version;
    reply->replayed = result.replayed;
    return JT_OK;
}

enum jt_err jt_objects_patch(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    struct jt_edit_result result = {0};
    JT_TRY(jt_edit_patch(call->issuer, &call->how, call->route->kind, call->request->segments[0],
                         call->body, &result, &call->diag));
    reply->json = result.view;
    reply->version = result.version;
    return JT_OK;
}

enum jt_err jt_objects_delete(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    (void)reply; /* nothing is left to show */
    return jt_edit_delete(call->issuer, &call->how, call->route->kind, call->request->segments[0],
                          &call->diag);
}
