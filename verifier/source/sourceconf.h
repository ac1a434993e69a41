/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key source of one issuer works with: policy, clock, randomness, fetch, and who is told.
 * Ownership: all borrowed; it outlives the source.
 * Thread rule: immutable once made; tell is the driver's.
 */
#ifndef JT_VERIFIER_SOURCECONF_H
#define JT_VERIFIER_SOURCECONF_H

#include "common/base/clock.h"
#include "common/base/random.h"
#include "verifier/policy.h"

struct jt_fetch;

struct jt_sourceconf {
    const struct jt_policy *policy;
    size_t place; /* of the policy among the verifier's */
    const struct jt_clock *clock;
    const struct jt_random *random;
    jeton_fetch_fn fetch;
    void *fetch_ctx;
    const struct jt_fetch *own; /* `fetch_ctx` when the fetch is libjeton's, to ask for reasons */
    jeton_event_fn event;       /* NULL: none */
    void *event_ctx;
};

/* Makes the event, when somebody listens; `keys` and `skipped` are those of the set in use. */
void jt_sourceconf_tell(const struct jt_sourceconf *conf, jeton_event_kind kind, const char *text,
                        size_t keys, size_t skipped);

#endif
