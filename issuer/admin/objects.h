/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes' functions for what can be done to any kind of object (route->kind), and to what only
 * clients have: secrets, grants, roles, subscriptions.
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_OBJECTS_H
#define JT_ADMIN_OBJECTS_H

#include "issuer/admin/admin.h"

enum jt_err jt_objects_list(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_objects_create(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_objects_get(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_objects_patch(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_objects_delete(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
