/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/refresher.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/clock.h"

#include "common/base/base.h"

#define LOOK_MS 60000 /* so often at least it looks what is due */

struct jt_refresher {
    struct jt_keysources *sources;
    pthread_t thread;
    sem_t wake; /* a semaphore, because posting needs no lock */
    atomic_bool stop;
    /* of the first attempts: written before `first_ended`, read after it */
    enum jt_err failure;
    struct jt_diag diag;
    atomic_bool first_ended;
    sem_t ended;
};

static void tell_first_end(struct jt_refresher *refresher)
{
    if (atomic_load(&refresher->first_ended) || jt_keysources_await(refresher->sources)) {
        return;
    }
    refresher->failure = jt_keysources_failure(refresher->sources, &refresher->diag);
    atomic_store(&refresher->first_ended, true);
    (void)sem_post(&refresher->ended); /* once: far from its limit */
}

static void *run(void *ctx)
{
    struct jt_refresher *refresher = ctx;
    while (!atomic_load(&refresher->stop)) {
        int64_t next_ms = jt_keysources_step(refresher->sources);
        tell_first_end(refresher);
        if (next_ms > 0) {
            /* the sleep's clock stands still while the machine sleeps, that of the schedule goes on */
            struct timespec until = jt_clock_in_ms(next_ms < LOOK_MS ? next_ms : LOOK_MS);
            /* woken, timed out or interrupted: the next step finds out what is due */
            (void)sem_clockwait(&refresher->wake, CLOCK_MONOTONIC, &until);
        }
    }
    return NULL;
}

/* The program's signals are for its own threads. */
static int start(struct jt_refresher *refresher)
{
    sigset_t all, before;
    (void)sigfillset(&all); /* cannot fail */
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return -1;
    }
    int failed = pthread_create(&refresher->thread, NULL, run, refresher);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* as it was */
    return failed;
}

enum jt_err jt_refresher_new(struct jt_keysources *sources, struct jt_refresher **out_refresher)
{
    struct jt_refresher *refresher = calloc(1, sizeof *refresher);
    if (refresher == NULL) {
        return JT_ERR_NOMEM;
    }
    refresher->sources = sources;
    atomic_init(&refresher->stop, false);
    atomic_init(&refresher->first_ended, false);
    (void)sem_init(&refresher->wake, 0, 0); /* within a process, from 0: cannot fail */
    (void)sem_init(&refresher->ended, 0, 0);
    if (start(refresher) != 0) {
        free(refresher);
        return JT_ERR_NOMEM;
    }
    *out_refresher = refresher;
    return JT_OK;
}

enum jt_err jt_refresher_wait(struct jt_refresher *refresher, int64_t wait_ms, struct jt_diag *diag)
{
    struct timespec until = jt_clock_in_ms(wait_ms);
    while (sem_clockwait(&refresher->ended, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR) {
    }
    if (!atomic_load(&refresher->first_ended) || refresher->failure == JT_OK) {
        return JT_OK;
    }
    *diag = refresher->diag;
    return refresher->failure;
}

void jt_refresher_wake(struct jt_refresher *refresher)
{
    (void)sem_post(&refresher->wake); /* at its limit it is awake anyway */
}

void jt_refresher_free(struct jt_refresher *refresher)
{
    if (refresher == NULL) {
        return;
    }
    atomic_store(&refresher->stop, true);
    jt_refresher_wake(refresher);
    (void)pthread_join(refresher->thread, NULL); /* it was started, and is joined once */
    (void)sem_destroy(&refresher->wake);         /* nobody waits */
    (void)sem_destroy(&refresher->ended);
    free(refresher);
}
