/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key set of one issuer that is in use: published to the slots, aged, and kept in files. A bad
 * or empty set never replaces it; one that is not renewed is stale past its time to live, and
 * dropped a day later. It does not fetch.
 * Ownership: in place; it borrows `conf` and owns the slots.
 * Thread rule: said at each call; the driver is one thread at a time.
 * Source: RFC 7517 sec. 5.
 */
#ifndef JT_VERIFIER_CURRENTSET_H
#define JT_VERIFIER_CURRENTSET_H

#include "common/base/slots.h"
#include "verifier/keyset.h"
#include "verifier/source/sourceconf.h"

#define JT_CURRENTSET_TTL_MIN_S    (5 * 60)
#define JT_CURRENTSET_TTL_MAX_S    (24 * 3600)
#define JT_CURRENTSET_TTL_ABSENT_S (15 * 60)   /* where Cache-Control says nothing */
#define JT_CURRENTSET_STALE_S      (24 * 3600) /* past its time to live a set is used on */
#define JT_CURRENTSET_TABLES       16          /* at 150 KB each */

struct jt_currentset {
    const struct jt_sourceconf *conf;
    struct jt_slots *slots; /* roots are struct jt_keyset; NULL while there is none */
    _Atomic uint64_t generation;
    _Atomic bool table_wanted;

    /* the driver's */
    uint64_t next_id;
    int64_t drop_ms;

    /* written by the driver, read by who asks for info */
    _Atomic uint64_t sets, keys, skipped;
    _Atomic int64_t confirmed_ms, stale_ms; /* on the boot clock; INT64_MAX: never */
    _Atomic bool stale;
};

/* JT_ERR_NOMEM. Release is harmless after a failure. */
JT_MUST_USE enum jt_err jt_currentset_init(struct jt_currentset *current,
                                           const struct jt_sourceconf *conf);

/* No thread may be inside. */
void jt_currentset_release(struct jt_currentset *current);

/* Any thread: a number that is another after each publishing. */
uint64_t jt_currentset_generation(const struct jt_currentset *current);

/* Driver: the set in use, NULL for none; until the next call of the driver's. */
const struct jt_keyset *jt_currentset_get(const struct jt_currentset *current);

/* Driver: makes the JWK Set `text`, got now and fresh for `max_age_s` of Cache-Control (-1: none,
 * clamped to the bounds above), the set in use, and keeps it in the policy's jwks_cache. `*out_ttl_s`
 * is how long it is fresh. The errors of jt_jwks_parse, JT_ERR_NOMEM: the one in use stays. */
JT_MUST_USE enum jt_err jt_currentset_renew(struct jt_currentset *current, struct jt_span text,
                                            int64_t max_age_s, int64_t *out_ttl_s);

/* Driver: uses the sets of the policy's files. That the file which the verifier keeps is not there
 * or not usable is no failure. JT_ERR_IO, JT_ERR_LIMIT, JT_ERR_JSON, JT_ERR_JWKS_EMPTY with a
 * sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_currentset_load(struct jt_currentset *current, struct jt_diag *diag);

/* Driver: does to a set that was not renewed what its age asks for; the moment (on the boot clock)
 * when to call again, INT64_MAX for never. */
int64_t jt_currentset_age(struct jt_currentset *current);

/* Any thread: a table for `key` would have been of use. True when that is news for the driver. */
bool jt_currentset_want_table(struct jt_currentset *current, struct jt_verkey *key);

/* Driver: may there be a table to make. */
bool jt_currentset_wants_table(const struct jt_currentset *current);

/* Driver: makes one of the tables that are wanted; false when none is. */
bool jt_currentset_make_table(struct jt_currentset *current);

/* Driver: makes an event about the set in use. */
void jt_currentset_tell(const struct jt_currentset *current, jeton_event_kind kind,
                        const char *text);

/* Any thread: fills what it knows of struct jeton_issuer_info. */
void jt_currentset_info(const struct jt_currentset *current, struct jeton_issuer_info *out);

#endif
