/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes' functions for the signing keys.
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_ADMIN_KEYS_H
#define JT_ADMIN_ADMIN_KEYS_H

#include "issuer/admin/admin.h"

enum jt_err jt_admin_keys_list(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_rotate(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_revoke(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_revoke_all(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_add(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_retire(struct jt_admin_call *call, struct jt_admin_reply *reply);
enum jt_err jt_admin_keys_reach(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
