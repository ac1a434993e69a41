/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the store was last reached, and what follows: an issuer cut off from its database goes on with
 * what it knows for the staleness limit, and then issues no more tokens, for a client or a key may
 * have been revoked meanwhile. Says so in the log, at the beginning, once a minute, and at the end.
 * Ownership: in place.
 * Thread rule: confirm and fail with the issuer's write lock; the rest any thread.
 */
#ifndef JT_ISSUER_STALENESS_H
#define JT_ISSUER_STALENESS_H

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/log/log.h"

#include <stdatomic.h>
#include <stdbool.h>

struct jt_staleness {
    _Atomic int64_t confirmed_ms; /* on the boot clock */
    _Atomic int64_t limit_s;      /* the least that was in force since */
    atomic_bool away;             /* the last try failed */
    int64_t told_ms;              /* when the log last said so */
    bool stale_told;
};

/* What is in memory is what the store held at `asked_ms` (boot clock), before it was asked: who is
 * stopped amid its answer does not know what came after. `limit_s` is the staleness limit in force. */
void jt_staleness_confirm(struct jt_staleness *staleness, const struct jt_clock *clock,
                          struct jt_log *log, int64_t asked_ms, int64_t limit_s);

/* The limit is `limit_s` now. A lower one counts at once, a higher one when the store was read
 * again: the other issuers may have dropped keys since by the lower. */
void jt_staleness_limit(struct jt_staleness *staleness, int64_t limit_s);

/* The store could not be asked; `why` is the sentence. */
void jt_staleness_fail(struct jt_staleness *staleness, const struct jt_clock *clock,
                       struct jt_log *log, const char *why, int64_t limit_s);

/* How long ago it was last confirmed, in seconds. */
int64_t jt_staleness_age_s(const struct jt_staleness *staleness, const struct jt_clock *clock);

/* May no more tokens be issued? By the lower of `limit_s` and what was in force since the store was
 * read. */
static inline bool jt_staleness_is_stale(const struct jt_staleness *staleness,
                                         const struct jt_clock *clock, int64_t limit_s)
{
    int64_t age_ms = jt_clock_boot_ms(clock) -
                     atomic_load_explicit(&staleness->confirmed_ms, memory_order_relaxed);
    int64_t least_s = atomic_load_explicit(&staleness->limit_s, memory_order_relaxed);
    return age_ms > (least_s < limit_s ? least_s : limit_s) * 1000;
}

#endif
