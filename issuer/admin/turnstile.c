/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/turnstile.h"

#include "common/base/clock.h"

#include "common/base/base.h"

#define WAIT_MS 1000

enum jt_err jt_turnstile_init(struct jt_turnstile *turnstile, unsigned room)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return JT_ERR_NOMEM;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* a clock it knows */
    int failed = pthread_cond_init(&turnstile->left, &monotonic);
    (void)pthread_condattr_destroy(&monotonic); /* was initialised */
    if (failed != 0) {
        return JT_ERR_NOMEM;
    }
    (void)pthread_mutex_init(&turnstile->lock, NULL); /* a plain mutex: cannot fail on Linux */
    turnstile->room = room;
    turnstile->made = true;
    return JT_OK;
}

void jt_turnstile_release(struct jt_turnstile *turnstile)
{
    if (turnstile->made) {
        (void)pthread_mutex_destroy(&turnstile->lock); /* nobody is inside; nor below */
        (void)pthread_cond_destroy(&turnstile->left);
    }
}

/* True when nobody came in or left meanwhile. */
static bool wait_in_vain(struct jt_turnstile *turnstile)
{
    const struct timespec until = turnstile->until;
    return pthread_cond_timedwait(&turnstile->left, &turnstile->lock, &until) != 0 &&
           until.tv_sec == turnstile->until.tv_sec && until.tv_nsec == turnstile->until.tv_nsec;
}

bool jt_turnstile_enter(struct jt_turnstile *turnstile, bool impatient)
{
    bool away = false;
    (void)pthread_mutex_lock(&turnstile->lock); /* a plain mutex, never recursive: cannot fail */
    while (turnstile->room == 0 && !away) {
        away = impatient || wait_in_vain(turnstile);
    }
    bool in = turnstile->room > 0;
    if (in) {
        turnstile->room--;
        turnstile->until = jt_clock_in_ms(WAIT_MS);
    }
    (void)pthread_mutex_unlock(&turnstile->lock);
    return in;
}

void jt_turnstile_leave(struct jt_turnstile *turnstile)
{
    (void)pthread_mutex_lock(&turnstile->lock);
    turnstile->room++;
    turnstile->until = jt_clock_in_ms(WAIT_MS);
    (void)pthread_cond_signal(&turnstile->left);
    (void)pthread_mutex_unlock(&turnstile->lock);
}
