/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody gives what he does not hold: may a client make a change that gives rights on one resource,
 * the one that its own right to make changes is on? A right is given by a role or a product that newly
 * has it, by a client that newly holds it (by grant, role, product or subscription), by enabling a
 * client that holds it, and by a further secret of such a client, for who makes that knows it.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_ACCESS_BESTOW_H
#define JT_ACCESS_BESTOW_H

#include "issuer/access/access.h"

struct jt_bestow {
    const struct jt_access *now, *then; /* before the change, and with it */
    const struct jt_client *giver;      /* of `now` */
    struct jt_span resource;            /* the identifier */
    struct jt_span scope;               /* of it, what the giver may use now: words; else it is as
                                           if he did not hold it */
};

/* Has the giver all of `scopes` (words) of the resource? */
bool jt_bestow_holds(const struct jt_bestow *bestow, struct jt_span scopes);

/* May the giver make `after` of `before` (NULL: it is new)? JT_ERR_SCOPE with a sentence that names
 * what he lacks. */
JT_MUST_USE enum jt_err jt_bestow_check(const struct jt_bestow *bestow,
                                        const struct jt_object *before,
                                        const struct jt_object *after, struct jt_diag *diag);

#endif
