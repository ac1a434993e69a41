/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the keys of one issuer come from and when: it decides what to fetch next and publishes each
 * usable set to the slots. A bad or empty set never replaces a good one. It has no thread: who
 * drives it (refresher.c or jeton_verifier_poll) calls jt_keysource_step.
 * Ownership: jt_keysource_new gives it; it borrows policy, clock and fetch, which outlive it, and
 * owns the slots.
 * Thread rule: said at each call.
 * Sources: RFC 7517 sec. 5, RFC 8414 sec. 3, RFC 9111 sec. 5.2.2.
 */
#ifndef JT_VERIFIER_KEYSOURCE_H
#define JT_VERIFIER_KEYSOURCE_H

#include "common/base/clock.h"
#include "common/base/slots.h"
#include "verifier/keyset.h"
#include "verifier/policy.h"

#define JT_KEYSOURCE_TTL_MIN_S    (5 * 60)
#define JT_KEYSOURCE_TTL_MAX_S    (24 * 3600)
#define JT_KEYSOURCE_TTL_ABSENT_S (15 * 60)
#define JT_KEYSOURCE_COOLDOWN_MS  30000              /* between fetches that unknown kids ask for */
#define JT_KEYSOURCE_RETRY_MIN_MS 1000               /* after a failure; doubles ... */
#define JT_KEYSOURCE_RETRY_MAX_MS 60000              /* ... up to this */
#define JT_KEYSOURCE_IDLE_MS      (24 * 3600 * 1000) /* what step returns when nothing will be due */

struct jt_fetch;
struct jt_keysource;

/* How sets are fetched. `own` is `ctx` when the fetch is libjeton's, to ask it for reasons. */
struct jt_keysource_fetch {
    jeton_fetch_fn get;
    void *ctx;
    const struct jt_fetch *own;
};

/* Gives a source without a set. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keysource_new(const struct jt_policy *policy,
                                         const struct jt_clock *clock,
                                         const struct jt_keysource_fetch *fetch,
                                         struct jt_keysource **out_source);

/* No thread may be inside. NULL is harmless. */
void jt_keysource_free(struct jt_keysource *source);

/* The slots that sets are published to; any thread joins them. Roots are struct jt_keyset. */
struct jt_slots *jt_keysource_slots(struct jt_keysource *source);

/* Driver: publishes the set in the file `path`. JT_ERR_IO, JT_ERR_LIMIT, JT_ERR_JSON,
 * JT_ERR_JWKS_EMPTY with a sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keysource_load(struct jt_keysource *source, const char *path,
                                          struct jt_diag *diag);

/* Driver: makes the one request that is due, if any; returns in how many milliseconds the next is.
 */
int64_t jt_keysource_step(struct jt_keysource *source);

/* Driver: how many attempts to get a set have ended, well or not, and why the last one failed
 * (JT_OK when it did not, or none was made); `diag` may be NULL. */
uint64_t jt_keysource_attempts(const struct jt_keysource *source);
enum jt_err jt_keysource_failure(const struct jt_keysource *source, struct jt_diag *diag);

/* Any thread: a token named a kid that no key has. True when that is news for the driver, who is
 * then to be woken. Never blocks. */
bool jt_keysource_want(struct jt_keysource *source);

/* Any thread: is a set there. */
bool jt_keysource_ready(struct jt_keysource *source);

#endif
