/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to the access model that are made together: staged into the access part that would be,
 * checked there as a whole (so their order does not matter), then written. One edit is a batch of
 * one, an apply a batch of many.
 * Ownership: a batch owns a reference to each object that it puts; `old` objects are borrowed from
 * the root that the batch is made against.
 * Thread rule: inside a change (issuer.h).
 */
#ifndef JT_ISSUER_BATCH_H
#define JT_ISSUER_BATCH_H

#include "issuer/actor.h"
#include "issuer/issuer.h"

struct jt_batch_item {
    const struct jt_object *old; /* NULL: there was none */
    struct jt_object *object;    /* NULL: it is deleted */
    const char *action;          /* for the audit trail: "create" */
};

struct jt_batch {
    struct jt_batch_item *items;
    size_t n, cap;
    size_t failed; /* after a refusal: the item that it is about; n when about none of them */
};

#define JT_BATCH_INIT \
    {                 \
        NULL, 0, 0, 0 \
    }

/* Adds to the batch; at most one item of each object. `object` (not shared yet) is taken, also on
 * failure. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_batch_put(struct jt_batch *batch, const struct jt_object *old,
                                     struct jt_object *object, const char *action);
JT_MUST_USE enum jt_err jt_batch_delete(struct jt_batch *batch, const struct jt_object *old,
                                        const char *action);

/* Gives each subscription of `client` (not shared yet) that is without a status the one it has in
 * `old`, if it is there. jt_batch_check does it, too: for who compares the two before. */
void jt_batch_keep_statuses(struct jt_client *client, const struct jt_client *old);

/* Gives the access part that `now` would become, when nothing speaks against it: names are unique,
 * references hold, the algorithms of resources are kept. Subscriptions without a status get one: the
 * present one, else what the product's approval says. JT_ERR_INVALID, JT_ERR_EXISTS, JT_ERR_CONFLICT
 * with a sentence that names the member, and `failed`; JT_ERR_SCOPE when `actor` would give a right on
 * the admin API that he does not hold (issuer/access/bestow.h). Nothing is written. An empty batch
 * gives NULL: nothing becomes. */
JT_MUST_USE enum jt_err jt_batch_check(struct jt_batch *batch, struct jt_issuer *issuer,
                                       const struct jt_root *now, const struct jt_actor *actor,
                                       struct jt_access **out_access, struct jt_diag *diag);

/* Writes what jt_batch_check has let pass, with a line of the audit trail for each item. */
JT_MUST_USE enum jt_err jt_batch_write(struct jt_batch *batch, struct jt_issuer *issuer,
                                       const struct jt_actor *actor, struct jt_diag *diag);

void jt_batch_release(struct jt_batch *batch);

#endif
