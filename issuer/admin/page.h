/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists, page by page, in the order of names: where a page ended is told as an opaque cursor, which
 * is still right when objects were made or deleted meanwhile. And the filters of the lists of objects.
 * Ownership: as each call says.
 * Thread rule: any thread.
 */
#ifndef JT_ADMIN_PAGE_H
#define JT_ADMIN_PAGE_H

#include "issuer/admin/admin.h"

#define JT_PAGE_LIMIT     100 /* items, unless the request says */
#define JT_PAGE_MAX_LIMIT 1000

/* The rows that every list's parameters begin with: `limit`, then `after`. */
#define JT_PAGE_PARAMS                                           \
    {.name = "limit",                                            \
     .type = JT_ADMIN_INT,                                       \
     .min = 1,                                                   \
     .max = JT_PAGE_MAX_LIMIT,                                   \
     .help = "at most so many items; 100 unless given"},         \
    {                                                            \
        .name = "after", .type = JT_ADMIN_TEXT, .max = 1024,     \
        .help = "the `next` of the page before, as it was given" \
    }
#define JT_PAGE_AT_LIMIT 0
#define JT_PAGE_AT_AFTER 1

/* The parameters of lists of objects, and of clients. */
extern const struct jt_admin_param jt_page_object_params[], jt_page_client_params[];

/* Appends to `out` the name that the page begins after; nothing on the first one. JT_ERR_INVALID. */
JT_MUST_USE enum jt_err jt_page_after(struct jt_admin_call *call, struct jt_buf *out_name);

/* Gives the page of `items` (taken) that ends with `last`; p NULL: there is no more. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_page_make(json_t *items, struct jt_span last, json_t **out_page);

/* Gives the page of the objects of call->route->kind that the call's parameters choose. */
JT_MUST_USE enum jt_err jt_page_objects(struct jt_admin_call *call, const struct jt_access *access,
                                        json_t **out_page);

#endif
