/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the key set has come: how many of the recent fetches of it carried what is the newest now.
 * An estimate: what is counted are answers of this process, and caches and NAT stand between it and
 * the verifiers.
 * Ownership: in place. Thread rule: said at each call.
 */
#ifndef JT_ISSUER_REACH_H
#define JT_ISSUER_REACH_H

#include "issuer/issuer.h"

/* With the write lock, before `part` is published in the place of `old` (NULL: it is the first of
 * this process): notes since when, and after how many fetches, the set and each key are out. */
void jt_reach_mark(struct jt_key_part *part, const struct jt_key_part *old,
                   const struct jt_issuer *issuer);

#define JT_REACH_WINDOWS 3
struct jt_reach_window {
    int64_t window_s; /* how far back from now; 0: since the set changed */
    uint64_t fetches; /* answers with the set that was the newest then */
    uint64_t newest;  /* of them, those with the set that is the newest now */
    uint64_t held;    /* of those, the ones whose asker had it already */
};

struct jt_reach {
    char etag[48];
    int64_t now_s, set_since_s; /* the start of this process, when it has not changed since */
    int64_t started_s;
    struct jt_reach_window windows[JT_REACH_WINDOWS]; /* 5 min, an hour, since the set changed */
};

/* The thread of `worker`. */
void jt_reach_look(struct jt_issuer_worker *worker, struct jt_reach *out_reach);

/* The fetches since `kid` came into the set of this process, and when that was. False: it is not in
 * the set. `keys` is a part that was published. Any thread that keeps `keys` alive. */
bool jt_reach_since(const struct jt_key_part *keys, const struct jt_issuer *issuer, const char *kid,
                    int64_t *out_since_s, uint64_t *out_fetches);

#endif
