/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/tally.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base.h"

#define CACHE_LINE 64

struct jt_tally {
    struct jt_tally *next;
    bool in_use; /* by a worker; what a former one counted stays */
    _Atomic uint64_t counts[];
};

struct jt_tallies {
    size_t n_places;
    pthread_mutex_t lock; /* guards the list, in_use included */
    struct jt_tally *list;
};

enum jt_err jt_tallies_new(size_t n_places, struct jt_tallies **out_tallies)
{
    struct jt_tallies *tallies = calloc(1, sizeof *tallies);
    if (tallies == NULL) {
        return JT_ERR_NOMEM;
    }
    tallies->n_places = n_places;
    (void)pthread_mutex_init(&tallies->lock, NULL); /* a plain one: cannot fail */
    *out_tallies = tallies;
    return JT_OK;
}

void jt_tallies_free(struct jt_tallies *tallies)
{
    if (tallies == NULL) {
        return;
    }
    while (tallies->list != NULL) {
        struct jt_tally *next = tallies->list->next;
        free(tallies->list);
        tallies->list = next;
    }
    (void)pthread_mutex_destroy(&tallies->lock); /* not locked: nobody else is there */
    free(tallies);
}

/* On cache lines that no other thread writes to. */
static struct jt_tally *make(size_t n_places)
{
    size_t size = sizeof(struct jt_tally) + n_places * JT_TALLY_N * sizeof(_Atomic uint64_t);
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    struct jt_tally *tally = aligned_alloc(CACHE_LINE, size);
    if (tally != NULL) {
        memset(tally, 0, size);
    }
    return tally;
}

enum jt_err jt_tallies_join(struct jt_tallies *tallies, struct jt_tally **out_tally)
{
    (void)pthread_mutex_lock(&tallies->lock); /* a plain mutex, never recursive: cannot fail */
    struct jt_tally *tally = tallies->list;
    while (tally != NULL && tally->in_use) {
        tally = tally->next;
    }
    if (tally == NULL) {
        tally = make(tallies->n_places);
        if (tally != NULL) {
            tally->next = tallies->list;
            tallies->list = tally;
        }
    }
    if (tally != NULL) {
        tally->in_use = true;
        *out_tally = tally;
    }
    (void)pthread_mutex_unlock(&tallies->lock);
    return tally == NULL ? JT_ERR_NOMEM : JT_OK;
}

void jt_tallies_leave(struct jt_tallies *tallies, struct jt_tally *tally)
{
    if (tally == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&tallies->lock);
    tally->in_use = false;
    (void)pthread_mutex_unlock(&tallies->lock);
}

void jt_tally_count(struct jt_tally *tally, size_t place, unsigned what)
{
    _Atomic uint64_t *count = &tally->counts[place * JT_TALLY_N + what];
    /* one writer: a load and a store are enough, and cost no lock */
    uint64_t n = atomic_load_explicit(count, memory_order_relaxed);
    atomic_store_explicit(count, n + 1, memory_order_relaxed);
}

uint64_t jt_tallies_sum(struct jt_tallies *tallies, size_t place, unsigned what)
{
    uint64_t sum = 0;
    if (place >= tallies->n_places || what >= JT_TALLY_N) {
        return 0;
    }
    (void)pthread_mutex_lock(&tallies->lock);
    for (const struct jt_tally *tally = tallies->list; tally != NULL; tally = tally->next) {
        sum +=
            atomic_load_explicit(&tally->counts[place * JT_TALLY_N + what], memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&tallies->lock);
    return sum;
}
