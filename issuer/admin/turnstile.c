/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/admin/turnstile.h"

#include "common/base/clock.h"

#include "common/base/base.h"

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

bool jt_turnstile_enter(struct jt_turnstile *turnstile, unsigned wait_ms)
{
    struct timespec until = jt_clock_in_ms(wait_ms);
    (void)pthread_mutex_lock(&turnstile->lock); /* a plain mutex, never recursive: cannot fail */
    int waited = 0;
    while (waited == 0 && turnstile->room == 0) {
        waited = pthread_cond_timedwait(&turnstile->left, &turnstile->lock, &until);
    }
    bool in = turnstile->room > 0;
    turnstile->room -= in;
    (void)pthread_mutex_unlock(&turnstile->lock);
    return in;
}

void jt_turnstile_leave(struct jt_turnstile *turnstile)
{
    (void)pthread_mutex_lock(&turnstile->lock);
    turnstile->room++;
    (void)pthread_cond_signal(&turnstile->left);
    (void)pthread_mutex_unlock(&turnstile->lock);
}
