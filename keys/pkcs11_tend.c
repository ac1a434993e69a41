/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/pkcs11_tend.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "keys/kidset.h"
#include "keys/pkcs11_key.h"

#include "common/base/base.h"

#define PERIOD_S 1

struct jt_pkcs11_tend {
    struct jt_pkcs11 *token;
    bool started;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows; never held while the token is asked */
    pthread_cond_t stopping;
    bool stop;
    struct jt_kidset destroyed; /* are not in the token */
    struct jt_kidset leftover;  /* are to be destroyed, but could not be yet */
};

static bool init_locks(struct jt_pkcs11_tend *tend)
{
    pthread_condattr_t attr;
    /* glibc's take no memory and cannot fail with these arguments */
    return pthread_mutex_init(&tend->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0 &&
           pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
           pthread_cond_init(&tend->stopping, &attr) == 0 && pthread_condattr_destroy(&attr) == 0;
}

enum jt_err jt_pkcs11_tend_new(struct jt_pkcs11 *token, struct jt_pkcs11_tend **out_tend)
{
    struct jt_pkcs11_tend *tend = calloc(1, sizeof *tend);
    if (tend == NULL || !init_locks(tend)) {
        free(tend);
        return JT_ERR_NOMEM;
    }
    tend->token = jt_pkcs11_ref(token);
    *out_tend = tend;
    return JT_OK;
}

void jt_pkcs11_tend_free(struct jt_pkcs11_tend *tend)
{
    if (tend == NULL) {
        return;
    }
    if (tend->started) {
        (void)pthread_mutex_lock(&tend->lock); /* a plain mutex, never recursive: cannot fail */
        tend->stop = true;
        (void)pthread_cond_signal(&tend->stopping);
        (void)pthread_mutex_unlock(&tend->lock);
        (void)pthread_join(tend->thread, NULL); /* ours, joined here alone */
    }
    (void)pthread_mutex_destroy(&tend->lock); /* not locked: the thread has ended */
    (void)pthread_cond_destroy(&tend->stopping);
    jt_kidset_release(&tend->destroyed);
    jt_kidset_release(&tend->leftover);
    jt_pkcs11_free(tend->token);
    free(tend);
}

struct jt_pkcs11 *jt_pkcs11_tend_token(const struct jt_pkcs11_tend *tend)
{
    return tend->token;
}

/* --- what is left over --- */

static bool is_destroyed(struct jt_pkcs11_tend *tend, struct jt_span kid)
{
    (void)pthread_mutex_lock(&tend->lock);
    bool destroyed = jt_kidset_has(&tend->destroyed, kid);
    (void)pthread_mutex_unlock(&tend->lock);
    return destroyed;
}

static void note(struct jt_pkcs11_tend *tend, struct jt_span kid, enum jt_err err)
{
    (void)pthread_mutex_lock(&tend->lock);
    if (err == JT_OK) {
        JT_IGNORE(jt_kidset_add(&tend->destroyed, kid)); /* no memory: it is asked for again */
        jt_kidset_remove(&tend->leftover, kid);
    } else if (err != JT_ERR_ARGUMENT) { /* no thumbprint: no pair in a token is called so */
        JT_IGNORE(jt_kidset_add(&tend->leftover, kid)); /* no memory: it is not counted */
    }
    (void)pthread_mutex_unlock(&tend->lock);
}

void jt_pkcs11_tend_end(struct jt_pkcs11_tend *tend, struct jt_span kid)
{
    if (!is_destroyed(tend, kid)) {
        note(tend, kid, jt_pkcs11_key_destroy(tend->token, kid, NULL));
    }
}

size_t jt_pkcs11_tend_leftover(struct jt_pkcs11_tend *tend)
{
    (void)pthread_mutex_lock(&tend->lock);
    size_t n = tend->leftover.n;
    (void)pthread_mutex_unlock(&tend->lock);
    return n;
}

/* One of them, by its number; false when there are not so many. */
static bool copy_leftover(struct jt_pkcs11_tend *tend, size_t i, char out[JT_JWK_THUMBPRINT_LEN])
{
    (void)pthread_mutex_lock(&tend->lock);
    bool there = i < tend->leftover.n;
    if (there) {
        memcpy(out, tend->leftover.kids[i], JT_JWK_THUMBPRINT_LEN);
    }
    (void)pthread_mutex_unlock(&tend->lock);
    return there;
}

/* From the last: those that go are replaced from behind. */
static void end_leftovers(struct jt_pkcs11_tend *tend)
{
    char kid[JT_JWK_THUMBPRINT_LEN];
    for (size_t i = jt_pkcs11_tend_leftover(tend); i-- > 0;) {
        if (copy_leftover(tend, i, kid)) {
            jt_pkcs11_tend_end(tend, jt_span_of(kid, sizeof kid));
        }
    }
}

/* --- the thread --- */

/* False when it is to stop. */
static bool wait_period(struct jt_pkcs11_tend *tend)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* never fails on Linux */
    until.tv_sec += PERIOD_S;
    (void)pthread_mutex_lock(&tend->lock);
    int err = 0;
    while (!tend->stop && err == 0) {
        err = pthread_cond_timedwait(&tend->stopping, &tend->lock, &until);
    }
    bool go_on = !tend->stop;
    (void)pthread_mutex_unlock(&tend->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct jt_pkcs11_tend *tend = arg;
    while (wait_period(tend)) {
        if (jt_pkcs11_ping(tend->token, NULL) == JT_OK) {
            end_leftovers(tend);
        }
    }
    return NULL;
}

enum jt_err jt_pkcs11_tend_start(struct jt_pkcs11_tend *tend)
{
    if (pthread_create(&tend->thread, NULL, run, tend) != 0) {
        return JT_ERR_NOMEM;
    }
    tend->started = true;
    return JT_OK;
}
