/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule as pure functions over rows: what a tick, a rotation by hand or a revocation
 * does to the keys of one issuer. Times are empty (0) until the step that writes them; nothing is
 * written ahead except drop_at, which stop writes. The caller runs each plan in one store
 * transaction. It touches no key, no clock and no store.
 * Ownership: rows and plans are the caller's.
 * Thread rule: any thread.
 * Sources: docs/architecture.md; NIST SP 800-57 part 1 sec. 5.3, 7.
 */
#ifndef JT_KEYS_SCHEDULE_H
#define JT_KEYS_SCHEDULE_H

#include "common/base/diag.h"
#include "common/jose/alg.h"

enum jt_key_state {
    JT_KEY_NEXT,     /* published, does not sign yet */
    JT_KEY_ACTIVE,   /* signs */
    JT_KEY_RETIRING, /* published, signs no more */
    JT_KEY_DROPPED,  /* gone from the set */
    JT_KEY_REVOKED,  /* gone from the set, at once */
};

#define JT_KEY_KID_MAX 64

/* The times of one key; 0 means not yet. */
struct jt_key_times {
    char kid[JT_KEY_KID_MAX];
    enum jt_alg alg;
    int64_t published_at_s, sign_from_s, sign_until_s, drop_at_s, dropped_at_s, revoked_at_s;
    int64_t longest_s; /* the longest lifetime this key may have signed; only grows */
};

struct jt_schedule_conf {
    int64_t lead_s, period_s;
    int64_t skew_s, max_age_s, staleness_s; /* the parts of a key's tail beside longest_s */
    int64_t jitter_s;          /* a rotation comes up to this much after the period, by the key */
    bool named[JT_ALG_COUNT_]; /* the algorithms that keys.algorithms names */
    int64_t
        late_s; /* how late another issuer may show a key, and its clock be: 0 with one issuer */
};

enum jt_schedule_step {
    JT_STEP_PUBLISH, /* generate a key of `alg` and publish it as next: published_at = now */
    JT_STEP_SIGN,    /* the key begins to sign: sign_from = now. kid "" is the key that the PUBLISH
                        of the same alg just before it in the plan makes */
    JT_STEP_STOP,    /* sign_until = now, drop_at = at_s, the private half is erased */
    JT_STEP_DROP,    /* dropped_at = now */
    JT_STEP_REVOKE,  /* revoked_at = now, the private half is erased */
};

struct jt_schedule_change {
    enum jt_schedule_step step;
    enum jt_alg alg;
    char kid[JT_KEY_KID_MAX];
    int64_t at_s; /* drop_at for JT_STEP_STOP */
};

#define JT_SCHEDULE_MAX 256
struct jt_schedule_plan {
    size_t n;
    struct jt_schedule_change changes[JT_SCHEDULE_MAX];
};

enum jt_key_state jt_schedule_state(const struct jt_key_times *key, const struct jt_key_times *keys,
                                    size_t n_keys);

/* In the JWKS? */
bool jt_schedule_published(const struct jt_key_times *key);

/* The signing key of `alg`: the newest unrevoked, undropped one whose sign_from is written and
 * sign_until is not. NULL if none. Order decides, not the clock. */
const struct jt_key_times *jt_schedule_active(const struct jt_key_times *keys, size_t n_keys,
                                              enum jt_alg alg);

/* The standing next key of `alg`; NULL if none. */
const struct jt_key_times *jt_schedule_next(const struct jt_key_times *keys, size_t n_keys,
                                            enum jt_alg alg);

/* Are keys of `alg` kept: is it named, or has it a live next or active key? */
bool jt_schedule_kept(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                      size_t n_keys, enum jt_alg alg);

/* How long after its publication a key may sign: the lead, and late_s, for a verifier may have its
 * copy from the latest of the issuers. 0 without a lead. */
int64_t jt_schedule_wait(const struct jt_schedule_conf *conf);

/* The longest that any key that retires stays in the set after it signed last (seconds): its tail.
 * 0: none retires. */
int64_t jt_schedule_tail(const struct jt_key_times *keys, size_t n_keys);

/* How long `key` stays in the set after it signed last, if it stopped now: its tail. */
int64_t jt_schedule_tail_of(const struct jt_schedule_conf *conf, const struct jt_key_times *key);

/* How much after its period the active key `key` is followed by the next: 0 to conf->jitter_s, a
 * function of its kid, so the same on every replica. */
int64_t jt_schedule_jitter(const struct jt_schedule_conf *conf, const struct jt_key_times *key);

/* Plans what is due at `now_s` for `alg`: the first key of an issuer that has never published any
 * key signs at once (`fresh`); a first key of a further algorithm is published and signs after the
 * lead; a missing next is published; rotation when both active.sign_from + period + jitter and
 * next.published_at + jt_schedule_wait have passed (a time that is later than `now_s` counts as
 * now); drops when drop_at has passed and `may_drop`. Of an algorithm that is not kept only drops are
 * due. An empty plan: nothing due. Appends to `plan`; on failure it is as it was. JT_ERR_LIMIT. Several algorithms of a fresh issuer are planned from the same
 * rows, so that each of their first keys signs at once. */
JT_MUST_USE enum jt_err jt_schedule_tick(const struct jt_schedule_conf *conf,
                                         const struct jt_key_times *keys, size_t n_keys,
                                         enum jt_alg alg, int64_t now_s, bool may_drop,
                                         struct jt_schedule_plan *plan);

/* Plans a rotation by hand: next signs, active stops, a new next is published. When next is younger
 * than the lead the consequence is told, with JT_ERR_WITHIN_LEAD or, by `force`, with JT_OK.
 * JT_ERR_NOT_FOUND when `alg` has neither an active nor a next key. Without a next key one is
 * published and signs at once only by `force` or without a lead; else it must age first: JT_OK, and
 * `diag` says so. */
JT_MUST_USE enum jt_err jt_schedule_rotate(const struct jt_schedule_conf *conf,
                                           const struct jt_key_times *keys, size_t n_keys,
                                           enum jt_alg alg, int64_t now_s, bool force,
                                           struct jt_schedule_plan *plan, struct jt_diag *diag);

/* Plans the revocation of `kid`. An active key: the next signs (younger than the lead: only with
 * `force`, else JT_ERR_WITHIN_LEAD) and a new next is published. A next key: another is published,
 * and its own lead postpones rotation. The set is never left empty. JT_ERR_NOT_FOUND;
 * JT_ERR_CONFLICT when already revoked or dropped. */
JT_MUST_USE enum jt_err jt_schedule_revoke(const struct jt_schedule_conf *conf,
                                           const struct jt_key_times *keys, size_t n_keys,
                                           const char *kid, int64_t now_s, bool force,
                                           struct jt_schedule_plan *plan, struct jt_diag *diag);

/* Plans the emergency: every published key of every algorithm is revoked, and for each algorithm
 * that is kept a fresh key signs at once, with a next published beside it. Never empties the set.
 * `diag` tells the consequence, with JT_OK. JT_ERR_NOT_FOUND when no key is published. */
JT_MUST_USE enum jt_err jt_schedule_revoke_all(const struct jt_schedule_conf *conf,
                                               const struct jt_key_times *keys, size_t n_keys,
                                               int64_t now_s, struct jt_schedule_plan *plan,
                                               struct jt_diag *diag);

/* Plans the first keys of an algorithm that is not kept yet: one is published and signs after the
 * lead (a tick sees to it); without a lead it signs at once. JT_ERR_EXISTS when `alg` is kept. */
JT_MUST_USE enum jt_err jt_schedule_add(const struct jt_schedule_conf *conf,
                                        const struct jt_key_times *keys, size_t n_keys,
                                        enum jt_alg alg, int64_t now_s,
                                        struct jt_schedule_plan *plan, struct jt_diag *diag);

/* Plans the end of an algorithm: its signing key stops (and stays in the set until its drop_at), its
 * next key, which never signed, is dropped. JT_ERR_NOT_FOUND when `alg` is not kept;
 * JT_ERR_CONFLICT when keys.algorithms names it, or when no other algorithm is kept: the set would
 * become empty. That no resource uses it is the caller's to have checked. */
JT_MUST_USE enum jt_err jt_schedule_retire(const struct jt_schedule_conf *conf,
                                           const struct jt_key_times *keys, size_t n_keys,
                                           enum jt_alg alg, int64_t now_s,
                                           struct jt_schedule_plan *plan, struct jt_diag *diag);

/* The time from which a tick lets the next key of `alg` sign, when all stays as it is (seconds since
 * 1970); 0: at once; INT64_MAX: never, there is no next key. */
int64_t jt_schedule_turn(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                         size_t n_keys, enum jt_alg alg);

/* The time from which a tick of `alg` has something to do, dropping allowed (seconds since 1970);
 * 0: at once; INT64_MAX: never. */
int64_t jt_schedule_due(const struct jt_schedule_conf *conf, const struct jt_key_times *keys,
                        size_t n_keys, enum jt_alg alg);

#endif
