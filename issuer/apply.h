/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apply: makes the access model what a stream of objects says, in one change. What a line does not
 * say is the default, but for a client's secrets (they are kept) and the status of a subscription
 * that is there. References are checked over the result, so the order of lines is of no meaning.
 * Whether an object is new, different or the same is found out inside the change, against what is
 * there then.
 * Ownership: new gives an apply.
 * Thread rule: new, take and run by one thread at a time; run may block.
 */
#ifndef JT_ISSUER_APPLY_H
#define JT_ISSUER_APPLY_H

#include "issuer/actor.h"
#include "issuer/issuer.h"

#define JT_APPLY_MAX_BYTES ((size_t)1024 * 1024 * 1024) /* of the stream */

struct jt_apply;

/* How an apply is made; all borrowed. */
struct jt_apply_how {
    const struct jt_actor *actor;
    bool dry_run;         /* find out and tell, change nothing */
    bool prune_all;       /* delete whatever the stream does not name */
    struct jt_span label; /* NAME=VALUE: delete what has this label and is not named; empty: none */
};

JT_MUST_USE enum jt_err jt_apply_new(struct jt_issuer *issuer, struct jt_apply **out_apply);
void jt_apply_free(struct jt_apply *apply); /* NULL is harmless */
JT_AUTOP_DEFINE(apply);

/* Takes the next bytes of the stream, JSON lines. False: a line was refused, more is of no use;
 * jt_apply_run tells why. */
bool jt_apply_take(struct jt_apply *apply, struct jt_span bytes);

/* Makes the change, once, and gives the report of docs/admin-api.md. JT_ERR_INVALID, JT_ERR_EXISTS,
 * JT_ERR_CONFLICT, JT_ERR_LIMIT with a sentence, `line N: KIND 'NAME': MEMBER: what; mend` where it
 * is about a line. On any error nothing has changed. */
JT_MUST_USE enum jt_err jt_apply_run(struct jt_apply *apply, const struct jt_apply_how *how,
                                     json_t **out_report, struct jt_diag *diag);

#endif
