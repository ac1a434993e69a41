/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/clients.h"

#include "common/json/json.h"
#include "issuer/edit.h"
#include "issuer/edit_client.h"

#include "common/base/base.h"

enum jt_err jt_clients_add_secret(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"name", "lifetime_s", NULL};
    const json_t *name = json_object_get(call->body, "name");
    const json_t *lifetime_s = json_object_get(call->body, "lifetime_s");
    JT_TRY(jt_admin_only(call, members));
    JT_TRY(jt_edit_client_check_secret(name, "name", lifetime_s, "lifetime_s", &call->diag));
    return jt_edit_add_secret(call->issuer, call->actor->name, call->request->segments[0],
                              jt_json_value(name), json_integer_value(lifetime_s), &reply->json,
                              &call->diag);
}

enum jt_err jt_clients_revoke_secret(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    (void)reply; /* nothing is left to show */
    return jt_edit_revoke_secret(call->issuer, call->actor->name, call->request->segments[0],
                                 call->request->segments[1], &call->diag);
}

enum jt_err jt_clients_grant(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    static const char *const members[] = {"grants", NULL};
    JT_TRY(jt_admin_only(call, members));
    return jt_edit_grant(call->issuer, call->actor->name, call->request->segments[0],
                         json_object_get(call->body, "grants"), &reply->json, &call->diag);
}

enum jt_err jt_clients_ungrant(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    return jt_edit_ungrant(call->issuer, call->actor->name, call->request->segments[0],
                           call->request->segments[1], &reply->json, &call->diag);
}
