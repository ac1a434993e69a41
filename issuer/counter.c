/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread reads its own table of keys without its lock, for nobody else writes it; it takes the
 * lock to change the table, which happens when a key is new to it, and who adds up holds the lock.
 * What is counted over and over stands in cells that one thread writes and others only read.
 */
#include "issuer/counter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "issuer/ring.h"
#include "keys/schedule.h"

#include "common/base/base.h"

#define KEYS_MAX     64 /* keys whose tokens one thread can tell apart */
#define LIFE_SPANS   62 /* spans that a lifetime may cover: the ring has one more at each end */
#define MIN_SPAN_S   16
#define FETCH_SPAN_S 60

/* The tokens of a key of lifetimes up to LIFE_SPANS spans. */
struct of_key {
    char kid[JT_KEY_KID_MAX];
    int64_t last_exp_s; /* of them all; read and written by the thread alone */
    struct jt_ring expiring;
};

struct jt_counter {
    struct jt_counter *next;
    bool used; /* by a thread; guarded by counters->lock */
    pthread_mutex_t lock;
    struct of_key *keys[KEYS_MAX]; /* newest first; guarded by lock, but for the thread's reading */
    size_t n_keys;
    _Atomic int64_t lost_until_s; /* until then tokens may live that were not counted */
    _Atomic uint64_t fetches, held;
    struct jt_ring fetched, found; /* fetches, and those of them that held it, by the minute */
};

struct jt_counters {
    pthread_mutex_t lock; /* guards the list */
    struct jt_counter *first;
};

enum jt_err jt_counters_new(struct jt_counters **out_counters)
{
    struct jt_counters *counters = calloc(1, sizeof *counters);
    if (counters == NULL) {
        return JT_ERR_NOMEM;
    }
    (void)pthread_mutex_init(&counters->lock, NULL); /* a plain mutex: cannot fail on Linux */
    *out_counters = counters;
    return JT_OK;
}

void jt_counters_free(struct jt_counters *counters)
{
    if (counters == NULL) {
        return;
    }
    while (counters->first != NULL) {
        struct jt_counter *counter = counters->first;
        counters->first = counter->next;
        for (size_t i = 0; i < counter->n_keys; i++) {
            free(counter->keys[i]);
        }
        (void)pthread_mutex_destroy(&counter->lock); /* nobody holds it; nor the one below */
        free(counter);
    }
    (void)pthread_mutex_destroy(&counters->lock);
    free(counters);
}

/* On cache lines of its own: no other thread's writes slow this one's. */
static enum jt_err counter_new(struct jt_counter **out_counter)
{
    size_t size = (sizeof(struct jt_counter) + 63) / 64 * 64;
    struct jt_counter *counter = aligned_alloc(64, size);
    if (counter == NULL) {
        return JT_ERR_NOMEM;
    }
    memset(counter, 0, size);
    (void)pthread_mutex_init(&counter->lock, NULL);
    jt_ring_init(&counter->fetched, FETCH_SPAN_S);
    jt_ring_init(&counter->found, FETCH_SPAN_S);
    *out_counter = counter;
    return JT_OK;
}

enum jt_err jt_counter_join(struct jt_counters *counters, struct jt_counter **out_counter)
{
    enum jt_err err = JT_OK;
    (void)pthread_mutex_lock(&counters->lock);
    struct jt_counter *counter = counters->first;
    while (counter != NULL && counter->used) {
        counter = counter->next;
    }
    if (counter == NULL) {
        err = counter_new(&counter);
        if (err == JT_OK) {
            counter->next = counters->first;
            counters->first = counter;
        }
    }
    if (err == JT_OK) {
        counter->used = true;
        *out_counter = counter;
    }
    (void)pthread_mutex_unlock(&counters->lock);
    return err;
}

void jt_counter_leave(struct jt_counters *counters, struct jt_counter *counter)
{
    if (counter != NULL) {
        (void)pthread_mutex_lock(&counters->lock);
        counter->used = false;
        (void)pthread_mutex_unlock(&counters->lock);
    }
}

/* --- counting --- */

/* A power of two, so that resources of many lifetimes need few rings. */
static int64_t span_for(int64_t lifetime_s)
{
    int64_t span_s = MIN_SPAN_S;
    while (span_s < INT32_MAX && span_s * LIFE_SPANS < lifetime_s) {
        span_s *= 2;
    }
    return span_s;
}

static struct of_key *find_key(const struct jt_counter *counter, const char *kid,
                               int64_t lifetime_s)
{
    for (size_t i = 0; i < counter->n_keys; i++) {
        struct of_key *key = counter->keys[i];
        if (key->expiring.span_s * LIFE_SPANS >= lifetime_s && strcmp(key->kid, kid) == 0) {
            return key;
        }
    }
    return NULL;
}

/* Takes away the keys whose last token has expired. */
static void forget_dead(struct jt_counter *counter, int64_t now_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < counter->n_keys; i++) {
        if (counter->keys[i]->last_exp_s <= now_s) {
            free(counter->keys[i]);
        } else {
            counter->keys[kept++] = counter->keys[i];
        }
    }
    counter->n_keys = kept;
}

static struct of_key *of_key_new(const char *kid, int64_t lifetime_s)
{
    struct of_key *key = calloc(1, sizeof *key);
    if (key != NULL) {
        (void)snprintf(key->kid, sizeof key->kid, "%s", kid); /* a key's: it fits */
        jt_ring_init(&key->expiring, span_for(lifetime_s));
    }
    return key;
}

static struct of_key *add_key(struct jt_counter *counter, const char *kid, int64_t now_s,
                              int64_t lifetime_s)
{
    struct of_key *key = NULL;
    (void)pthread_mutex_lock(&counter->lock);
    forget_dead(counter, now_s);
    if (counter->n_keys < KEYS_MAX) {
        key = of_key_new(kid, lifetime_s);
    }
    if (key != NULL) {
        memmove(&counter->keys[1], &counter->keys[0], counter->n_keys * sizeof counter->keys[0]);
        counter->keys[0] = key;
        counter->n_keys++;
    }
    (void)pthread_mutex_unlock(&counter->lock);
    return key;
}

void jt_counter_token(struct jt_counter *counter, const char *kid, int64_t now_s, int64_t exp_s)
{
    int64_t lifetime_s = exp_s - now_s;
    struct of_key *key = find_key(counter, kid, lifetime_s);
    if (key == NULL) {
        key = add_key(counter, kid, now_s, lifetime_s);
    }
    if (key == NULL) {
        int64_t lost_s = atomic_load_explicit(&counter->lost_until_s, memory_order_relaxed);
        atomic_store_explicit(&counter->lost_until_s, lost_s > exp_s ? lost_s : exp_s,
                              memory_order_relaxed);
        return;
    }
    key->last_exp_s = key->last_exp_s > exp_s ? key->last_exp_s : exp_s;
    jt_ring_add(&key->expiring, exp_s);
}

/* Its thread alone writes it: no locked instruction. */
static void count(_Atomic uint64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

void jt_counter_fetch(struct jt_counter *counter, int64_t now_s, bool held)
{
    count(&counter->fetches);
    jt_ring_add(&counter->fetched, now_s);
    if (held) {
        count(&counter->held);
        jt_ring_add(&counter->found, now_s);
    }
}

/* --- adding up --- */

bool jt_counters_tokens(struct jt_counters *counters, const char *kid, int64_t now_s,
                        uint64_t *out_tokens)
{
    bool whole = true;
    uint64_t sum = 0;
    (void)pthread_mutex_lock(&counters->lock);
    for (struct jt_counter *counter = counters->first; counter != NULL; counter = counter->next) {
        (void)pthread_mutex_lock(&counter->lock);
        for (size_t i = 0; i < counter->n_keys; i++) {
            if (strcmp(counter->keys[i]->kid, kid) == 0) {
                sum += jt_ring_sum(&counter->keys[i]->expiring, now_s);
            }
        }
        (void)pthread_mutex_unlock(&counter->lock);
        whole =
            whole && atomic_load_explicit(&counter->lost_until_s, memory_order_relaxed) <= now_s;
    }
    (void)pthread_mutex_unlock(&counters->lock);
    *out_tokens = sum;
    return whole;
}

struct jt_counter_fetches jt_counters_fetches(struct jt_counters *counters)
{
    struct jt_counter_fetches sum = {0};
    (void)pthread_mutex_lock(&counters->lock);
    for (struct jt_counter *counter = counters->first; counter != NULL; counter = counter->next) {
        sum.all += atomic_load_explicit(&counter->fetches, memory_order_relaxed);
        sum.held += atomic_load_explicit(&counter->held, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&counters->lock);
    return sum;
}

struct jt_counter_fetches jt_counters_recent(struct jt_counters *counters, int64_t from_s)
{
    struct jt_counter_fetches sum = {0};
    (void)pthread_mutex_lock(&counters->lock);
    for (struct jt_counter *counter = counters->first; counter != NULL; counter = counter->next) {
        sum.all += jt_ring_sum(&counter->fetched, from_s);
        sum.held += jt_ring_sum(&counter->found, from_s);
    }
    (void)pthread_mutex_unlock(&counters->lock);
    return sum;
}
