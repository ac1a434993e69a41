/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the keys of one issuer come from and when: the schedule of fetches. It has no thread: who
 * drives it (refresher.c or jeton_verifier_poll) calls jt_keysource_step.
 * Ownership: jt_keysource_new gives it; it copies `conf`, and borrows what stands in there.
 * Thread rule: said at each call.
 * Source: RFC 9111 sec. 5.2.2.
 */
#ifndef JT_VERIFIER_KEYSOURCE_H
#define JT_VERIFIER_KEYSOURCE_H

#include "verifier/source/currentset.h"

#define JT_KEYSOURCE_COOLDOWN_MS  30000              /* between fetches that unknown kids ask for */
#define JT_KEYSOURCE_PACE_MS      1000               /* between looks at kids worth no fetch */
#define JT_KEYSOURCE_RETRY_MIN_MS 1000               /* after a failure; doubles ... */
#define JT_KEYSOURCE_RETRY_MAX_MS 60000              /* ... up to this */
#define JT_KEYSOURCE_IDLE_MS      (24 * 3600 * 1000) /* what step returns when nothing will be due */

struct jt_keysource;

/* Gives a source without a set. JT_ERR_NOMEM, JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_keysource_new(const struct jt_sourceconf *conf,
                                         struct jt_keysource **out_source);

/* No thread may be inside. NULL is harmless. */
void jt_keysource_free(struct jt_keysource *source);

/* The set in use. Borrowed. */
struct jt_currentset *jt_keysource_current(struct jt_keysource *source);

/* The sources of a verifier, borrowed; `turn` is the driver's. */
struct jt_keysources {
    struct jt_keysource **v;
    size_t n, turn;
};

/* Driver: does what is due, at most one request or one table, the sources taking turns; returns in
 * how many milliseconds the next is due. */
int64_t jt_keysources_step(struct jt_keysources *sources);

/* Driver: does any await its first set still: it has none, and no attempt to get one has ended. And
 * why an attempt of one that has no set failed last (JT_OK when none did, or none was made), with a
 * sentence. */
bool jt_keysources_await(const struct jt_keysources *sources);
enum jt_err jt_keysources_failure(const struct jt_keysources *sources, struct jt_diag *diag);

/* Any thread: a token named a `kid` that no key has. True when that is news for the driver, who is
 * then to be woken. Never blocks. */
bool jt_keysource_want(struct jt_keysource *source, struct jt_span kid);

/* Any thread: is a set there. */
bool jt_keysource_ready(struct jt_keysource *source);

/* Any thread: fills what the source knows of struct jeton_issuer_info. */
void jt_keysource_info(const struct jt_keysource *source, struct jeton_issuer_info *out);

#endif
