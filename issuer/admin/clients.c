/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/clients.h"

#include "common/json/json.h"
#include "issuer/edit.h"
#include "issuer/edit_client.h"

#include "common/base/base.h"

static void show(struct jt_admin_reply *reply, const struct jt_edit_result *result)
{
    reply->json = result->view;
    reply->version = result->version;
    reply->replayed = result->replayed;
}

enum jt_err jt_clients_add_secret(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"name", "lifetime_s", NULL};
    const json_t *name = json_object_get(call->body, "name");
    const json_t *lifetime_s = json_object_get(call->body, "lifetime_s");
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(jt_edit_client_check_secret(name, "name", lifetime_s, "lifetime_s", &call->diag));
    struct jt_edit_result result = {0};
    JT_TRY(jt_edit_add_secret(call->issuer, &call->how, call->request->segments[0],
                              jt_json_value(name), json_integer_value(lifetime_s), &result,
                              &call->diag));
    show(reply, &result);
    return JT_OK;
}

enum jt_err jt_clients_revoke_secret(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    (void)reply; /* nothing is left to show */
    return jt_edit_revoke_secret(call->issuer, &call->how, call->request->segments[0],
                                 call->request->segments[1], &call->diag);
}

static enum jt_err change_list(struct jt_admin_call *call, const struct jt_edit_list *list,
                               struct jt_admin_reply *reply)
{
    struct jt_edit_result result = {0};
    JT_TRY(jt_edit_list(call->issuer, &call->how, call->request->segments[0], list, &result,
                        &call->diag));
    show(reply, &result);
    return JT_OK;
}

/* The elements that the body's only member `name` lists; what they may be, edit_list.h checks. */
static enum jt_err add_items(struct jt_admin_call *call, enum jt_edit_list_act act,
                             const char *name, struct jt_admin_reply *reply)
{
    const char *const members[] = {name, NULL};
    JT_TRY(jt_admin_only(call, members));
    const struct jt_edit_list list = {act, json_object_get(call->body, name), JT_SPAN_NONE};
    return change_list(call, &list, reply);
}

/* The element that the path names. */
static enum jt_err change_item(struct jt_admin_call *call, enum jt_edit_list_act act,
                               struct jt_admin_reply *reply)
{
    const struct jt_edit_list list = {act, NULL, call->request->segments[1]};
    return change_list(call, &list, reply);
}

enum jt_err jt_clients_grant(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return add_items(call, JT_EDIT_GRANT, "grants", reply);
}

enum jt_err jt_clients_ungrant(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return change_item(call, JT_EDIT_UNGRANT, reply);
}

enum jt_err jt_clients_assign(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return add_items(call, JT_EDIT_ASSIGN, "roles", reply);
}

enum jt_err jt_clients_unassign(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return change_item(call, JT_EDIT_UNASSIGN, reply);
}

enum jt_err jt_clients_subscribe(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"product", NULL};
    const json_t *product = json_object_get(call->body, "product");
    JT_TRY(jt_admin_only(call, members));
    if (!json_is_string(product)) {
        return jt_diag_fail(&call->diag, JT_ERR_INVALID, "product: give the name of a product");
    }
    const struct jt_edit_list list = {JT_EDIT_SUBSCRIBE, NULL, jt_json_value(product)};
    return change_list(call, &list, reply);
}

enum jt_err jt_clients_unsubscribe(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return change_item(call, JT_EDIT_UNSUBSCRIBE, reply);
}

enum jt_err jt_clients_approve(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return change_item(call, JT_EDIT_APPROVE, reply);
}

enum jt_err jt_clients_revoke(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return change_item(call, JT_EDIT_REVOKE, reply);
}
