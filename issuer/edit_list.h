/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to the lists of a client one element at a time, so that two who do it at once do not
 * undo each other: grants, roles, subscriptions to products. Pure: from document to document.
 * Ownership: the document is the caller's, and changed in place.
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_EDIT_LIST_H
#define JT_ISSUER_EDIT_LIST_H

#include "common/base/diag.h"
#include "common/base/span.h"

#include <jansson.h>

enum jt_edit_list_act {
    JT_EDIT_GRANT,   /* `items`: those it holds already stay as they are */
    JT_EDIT_UNGRANT, /* `item`; JT_ERR_NOT_FOUND when it does not hold it, here and below */
    JT_EDIT_ASSIGN,  /* `items`: roles */
    JT_EDIT_UNASSIGN,
    JT_EDIT_SUBSCRIBE, /* `item`: pending or approved, as the product says; nothing changes for one
                          that is there; JT_ERR_CONFLICT for one that was revoked */
    JT_EDIT_UNSUBSCRIBE,
    JT_EDIT_APPROVE, /* `item`: a subscription that is there */
    JT_EDIT_REVOKE,
};

struct jt_edit_list {
    enum jt_edit_list_act act;
    const json_t *items; /* an array of strings, no more than an object may have */
    struct jt_span item;
};

/* Changes `client`, a client's document. JT_ERR_INVALID, JT_ERR_NOT_FOUND, JT_ERR_CONFLICT with a
 * sentence; JT_ERR_NOMEM. The elements' form is checked by whoever parses the document. */
JT_MUST_USE enum jt_err jt_edit_list_change(const struct jt_edit_list *list, json_t *client,
                                            struct jt_diag *diag);

/* "grant", "subscription.approve": for the audit trail. */
const char *jt_edit_list_action(enum jt_edit_list_act act);

#endif
