/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/reaper.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/base.h"

struct jt_reaper_entry {
    struct jt_reaper_entry *next, **link; /* guarded by reaper->lock; *link is this entry */
    _Atomic(int64_t) deadline_ms;
    int64_t old_ms;   /* when its lifetime is over */
    atomic_bool idle; /* between two requests, or before the first */
    bool ended;       /* has been shut down; guarded by reaper->lock */
    void *kept;       /* the holder's */
    int fd;
};

enum jt_err jt_reaper_init(struct jt_reaper *reaper, const struct jt_reaper_times *times,
                           int64_t now_ms)
{
    *reaper = (struct jt_reaper){.times = *times};
    atomic_init(&reaper->n_entries, 0);
    atomic_init(&reaper->now_ms, now_ms);
    return pthread_mutex_init(&reaper->lock, NULL) == 0 ? JT_OK : JT_ERR_NOMEM;
}

void jt_reaper_release(struct jt_reaper *reaper)
{
    (void)pthread_mutex_destroy(&reaper->lock); /* not locked: no connection is left */
}

static int64_t now_of(const struct jt_reaper *reaper)
{
    return atomic_load_explicit(&reaper->now_ms, memory_order_relaxed);
}

/* The last sweep may lie one interval back: without adding it, deadlines would come early. */
static int64_t due(const struct jt_reaper *reaper, int64_t in_ms)
{
    return now_of(reaper) + in_ms + JT_REAPER_SWEEP_MS;
}

/* What a client may be slow with it gets the same time for. */
static int64_t patience(const struct jt_reaper *reaper)
{
    return reaper->times.idle_ms + reaper->times.request_ms;
}

static void set(struct jt_reaper_entry *entry, int64_t at_ms)
{
    atomic_store_explicit(&entry->deadline_ms, at_ms, memory_order_relaxed);
}

/* What the client has yet to send is waited for no longer than until the connection's hard end. */
static void set_awaited(const struct jt_reaper *reaper, struct jt_reaper_entry *entry,
                        int64_t in_ms)
{
    int64_t at = due(reaper, in_ms), end = entry->old_ms + patience(reaper) + JT_REAPER_SWEEP_MS;
    set(entry, at < end ? at : end);
}

struct jt_reaper_entry *jt_reaper_add(struct jt_reaper *reaper, int fd)
{
    struct jt_reaper_entry *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    *entry = (struct jt_reaper_entry){
        .fd = fd, .link = &reaper->entries, .old_ms = due(reaper, reaper->times.life_ms)};
    atomic_init(&entry->idle, true);
    atomic_init(&entry->deadline_ms, 0);
    jt_reaper_await(reaper, entry);
    (void)pthread_mutex_lock(&reaper->lock); /* a plain mutex, never recursive: cannot fail */
    entry->next = reaper->entries;
    if (entry->next != NULL) {
        entry->next->link = &entry->next;
    }
    reaper->entries = entry;
    (void)pthread_mutex_unlock(&reaper->lock);
    (void)atomic_fetch_add(&reaper->n_entries, 1);
    return entry;
}

void jt_reaper_remove(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&reaper->lock);
    *entry->link = entry->next;
    if (entry->next != NULL) {
        entry->next->link = entry->link;
    }
    (void)pthread_mutex_unlock(&reaper->lock);
    (void)atomic_fetch_sub(&reaper->n_entries, 1);
    free(entry);
}

void jt_reaper_keep(struct jt_reaper_entry *entry, void *kept)
{
    entry->kept = kept;
}

void *jt_reaper_kept(const struct jt_reaper_entry *entry)
{
    return entry->kept;
}

void jt_reaper_request(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    int64_t awaited = atomic_load_explicit(&entry->deadline_ms, memory_order_relaxed);
    int64_t at = due(reaper, reaper->times.request_ms);
    atomic_store_explicit(&entry->idle, false, memory_order_relaxed);
    /* the first line may itself have dribbled in: what was awaited still holds */
    set(entry, at < awaited ? at : awaited);
}

void jt_reaper_progress(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    set_awaited(reaper, entry, reaper->times.request_ms);
}

void jt_reaper_hold(struct jt_reaper_entry *entry)
{
    set(entry, INT64_MAX);
}

void jt_reaper_answer(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    set(entry, due(reaper, patience(reaper)));
}

void jt_reaper_await(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    set_awaited(reaper, entry, patience(reaper));
    atomic_store_explicit(&entry->idle, true, memory_order_relaxed);
}

bool jt_reaper_is_old(const struct jt_reaper *reaper, const struct jt_reaper_entry *entry)
{
    return now_of(reaper) >= entry->old_ms;
}

/* With the lock. */
static void end(struct jt_reaper_entry *entry)
{
    (void)shutdown(entry->fd, SHUT_RDWR); /* the peer may have closed it already */
    entry->ended = true;
}

size_t jt_reaper_sweep(struct jt_reaper *reaper, int64_t now_ms)
{
    size_t n = 0;
    atomic_store_explicit(&reaper->now_ms, now_ms, memory_order_relaxed);
    (void)pthread_mutex_lock(&reaper->lock);
    for (struct jt_reaper_entry *entry = reaper->entries; entry != NULL; entry = entry->next) {
        if (!entry->ended &&
            now_ms >= atomic_load_explicit(&entry->deadline_ms, memory_order_relaxed)) {
            end(entry);
            n++;
        }
    }
    (void)pthread_mutex_unlock(&reaper->lock);
    return n;
}

/* When it has to have been closed if it is idle; INT64_MAX: it is not. */
static int64_t idle_deadline(const struct jt_reaper_entry *entry)
{
    bool idle = !entry->ended && atomic_load_explicit(&entry->idle, memory_order_relaxed);
    return idle ? atomic_load_explicit(&entry->deadline_ms, memory_order_relaxed) : INT64_MAX;
}

/* Times are those of sweeps, so that the longest idle have the same one. */
size_t jt_reaper_relieve(struct jt_reaper *reaper, size_t n)
{
    /* what became idle since the sweep before the last may have a request on its way */
    int64_t first = due(reaper, patience(reaper)) - 2 * JT_REAPER_SWEEP_MS;
    size_t ended = 0;
    (void)pthread_mutex_lock(&reaper->lock);
    for (struct jt_reaper_entry *entry = reaper->entries; entry != NULL; entry = entry->next) {
        int64_t at = idle_deadline(entry);
        first = at < first ? at : first;
    }
    struct jt_reaper_entry *entry = reaper->entries;
    for (; entry != NULL && ended < n; entry = entry->next) {
        if (idle_deadline(entry) <= first) {
            end(entry);
            ended++;
        }
    }
    (void)pthread_mutex_unlock(&reaper->lock);
    return ended;
}

size_t jt_reaper_count(struct jt_reaper *reaper)
{
    return atomic_load(&reaper->n_entries);
}
