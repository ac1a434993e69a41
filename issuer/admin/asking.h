/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of an issuer beside its objects: what a request would get and why, who can call
 * what, and what is not in order. Rows of the table (admin.h).
 * Ownership and thread rule: as in admin.h.
 */
#ifndef JT_ADMIN_ASKING_H
#define JT_ADMIN_ASKING_H

#include "issuer/admin/admin.h"

/* POST /explain */
JT_MUST_USE enum jt_err jt_asking_explain(struct jt_admin_call *call, struct jt_admin_reply *reply);

/* GET /who-can */
JT_MUST_USE enum jt_err jt_asking_who_can(struct jt_admin_call *call, struct jt_admin_reply *reply);
extern const struct jt_admin_param jt_asking_who_can_params[];

/* GET /doctor */
JT_MUST_USE enum jt_err jt_asking_doctor(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
