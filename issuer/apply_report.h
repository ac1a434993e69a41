/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an apply has changed, or would: counts, and the first changes member by member.
 * Ownership: in place; release. Thread rule: one thread.
 */
#ifndef JT_ISSUER_APPLY_REPORT_H
#define JT_ISSUER_APPLY_REPORT_H

#include "issuer/access/object.h"

#define JT_APPLY_REPORT_CHANGES 1000                      /* listed at most */
#define JT_APPLY_REPORT_BYTES   ((size_t)4 * 1024 * 1024) /* of the listed ones together */

struct jt_apply_report {
    bool dry_run;
    size_t created, updated, deleted, unchanged;
    json_t *changes;
    size_t n_changes, n_bytes; /* of all; of the listed */
};

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_apply_report_init(struct jt_apply_report *report, bool dry_run);
void jt_apply_report_release(struct jt_apply_report *report);

/* Adds the change from `old` (NULL: it is created) to `object` (NULL: it is deleted). A client's
 * secrets are no part of it, nor the id that one is made under when that is not the one it gets
 * (`id_made`). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_apply_report_add(struct jt_apply_report *report,
                                            const struct jt_object *old,
                                            const struct jt_object *object, bool id_made);

/* Gives it as docs/admin-api.md shows it. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_apply_report_json(const struct jt_apply_report *report,
                                             json_t **out_json);

/* Is each member of `object` as it is in `old`, a client's id and secrets apart? JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_apply_report_same(const struct jt_object *old,
                                             const struct jt_object *object, bool *out_same);

#endif
