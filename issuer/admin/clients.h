/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes' functions for what only clients have: secrets, direct grants, roles, subscriptions.
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_CLIENTS_H
#define JT_ADMIN_CLIENTS_H

#include "issuer/admin/admin.h"

enum jt_err jt_clients_add_secret(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_revoke_secret(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_grant(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_ungrant(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_assign(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_unassign(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_subscribe(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_unsubscribe(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_approve(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_clients_revoke(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
