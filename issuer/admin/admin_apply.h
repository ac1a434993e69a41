/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route of apply: its body is a stream of JSON lines, taken as it comes (issuer/apply.h).
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_ADMIN_APPLY_H
#define JT_ADMIN_ADMIN_APPLY_H

#include "issuer/admin/admin.h"

extern const struct jt_stream jt_admin_apply_stream;
extern const struct jt_admin_param jt_admin_apply_params[];

enum jt_err jt_admin_apply_run(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
