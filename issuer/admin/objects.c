/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/objects.h"

#include "issuer/admin/page.h"
#include "issuer/edit.h"
#include "issuer/view.h"

#include "common/base/base.h"

enum jt_err jt_objects_list(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    const struct jt_root *root = jt_issuer_enter(call->worker);
    enum jt_err err = jt_page_objects(call, root->access, &reply->json);
    jt_issuer_exit(call->worker);
    return err;
}

enum jt_err jt_objects_get(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    const struct jt_root *root = jt_issuer_enter(call->worker);
    const struct jt_object *object =
        jt_view_find(root->access, call->route->kind, call->request->segments[0]);
    enum jt_err err =
        object == NULL ? JT_ERR_NOT_FOUND : jt_object_json(object, false, &reply->json);
    reply->version = object == NULL ? 0 : object->version;
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
