/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /admin/v1: which issuer this is, and what rights there are to use its admin API.
 * Ownership, thread rule: as admin.h says.
 */
#ifndef JT_ADMIN_ABOUT_H
#define JT_ADMIN_ABOUT_H

#include "issuer/admin/admin.h"

enum jt_err jt_about_get(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
