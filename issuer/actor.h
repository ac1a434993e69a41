/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes a change: what the audit trail names, and what he may give away.
 * Ownership: borrowed by whom it is given to.
 * Thread rule: any thread.
 */
#ifndef JT_ISSUER_ACTOR_H
#define JT_ISSUER_ACTOR_H

#include "common/base/span.h"

struct jt_actor {
    const char *name;
    struct jt_span client_id; /* empty: may do everything */
    struct jt_span scope; /* of a client: what its token has, as words; it gives nothing beyond */
    struct jt_span needs; /* of a client: what it was let in by, words: still held at the change */
};

#endif
