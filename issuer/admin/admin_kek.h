/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes' functions for the key-encryption key: where its change stands, and re-wrapping the rows.
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_ADMIN_KEK_H
#define JT_ADMIN_ADMIN_KEK_H

#include "issuer/admin/admin.h"

/* GET /kek */
enum jt_err jt_admin_kek_look(struct jt_admin_call *call, struct jt_admin_reply *reply);

/* POST /kek/rotate */
enum jt_err jt_admin_kek_rotate(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
