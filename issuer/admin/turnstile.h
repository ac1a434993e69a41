/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets so many threads in at once, and those that come after as soon as one leaves; when for a second
 * none did, something hangs, and they are sent away at once. What waits for the database, which may
 * hang, waits inside; so one thread of a listener is left for what needs no database: /readyz above
 * all.
 * Ownership: in place, zeroed before init; release when nobody is inside, harmless without init.
 * Thread rule: any thread.
 */
#ifndef JT_ADMIN_TURNSTILE_H
#define JT_ADMIN_TURNSTILE_H

#include "common/base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

struct jt_turnstile {
    pthread_mutex_t lock; /* guards what is below */
    pthread_cond_t left;
    unsigned room;         /* threads that may come in */
    struct timespec until; /* a second after the last one came in or left (CLOCK_MONOTONIC) */
    bool made;
};

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_turnstile_init(struct jt_turnstile *turnstile, unsigned room);
void jt_turnstile_release(struct jt_turnstile *turnstile);

/* False when there is no room, and none is made soon; the `impatient` does not even wait for that.
 * Else the caller leaves. */
bool jt_turnstile_enter(struct jt_turnstile *turnstile, bool impatient);
void jt_turnstile_leave(struct jt_turnstile *turnstile);

#endif
