/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/reaper.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/base.h"

struct jt_reaper_entry {
    struct jt_reaper_entry *next, **link; /* guarded by reaper->lock; *link is this entry */
    _Atomic(int64_t) deadline_ms;
    void *kept; /* the holder's */
    int fd;
};

enum jt_err jt_reaper_init(struct jt_reaper *reaper, int64_t idle_ms, int64_t request_ms,
                           int64_t now_ms)
{
    *reaper = (struct jt_reaper){.idle_ms = idle_ms, .request_ms = request_ms};
    atomic_init(&reaper->n_entries, 0);
    atomic_init(&reaper->now_ms, now_ms);
    return pthread_mutex_init(&reaper->lock, NULL) == 0 ? JT_OK : JT_ERR_NOMEM;
}

void jt_reaper_release(struct jt_reaper *reaper)
{
    (void)pthread_mutex_destroy(&reaper->lock); /* not locked: no connection is left */
}

/* The last sweep may lie one interval back: without adding it, deadlines would come early. */
static void set(struct jt_reaper *reaper, struct jt_reaper_entry *entry, int64_t in_ms)
{
    int64_t now = atomic_load_explicit(&reaper->now_ms, memory_order_relaxed);
    atomic_store_explicit(&entry->deadline_ms, now + in_ms + JT_REAPER_SWEEP_MS,
                          memory_order_relaxed);
}

struct jt_reaper_entry *jt_reaper_add(struct jt_reaper *reaper, int fd)
{
    struct jt_reaper_entry *entry = malloc(sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    *entry = (struct jt_reaper_entry){.fd = fd, .link = &reaper->entries};
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
    set(reaper, entry, reaper->request_ms);
    /* the first line may itself have dribbled in: what was awaited still holds */
    if (atomic_load_explicit(&entry->deadline_ms, memory_order_relaxed) > awaited) {
        atomic_store_explicit(&entry->deadline_ms, awaited, memory_order_relaxed);
    }
}

void jt_reaper_progress(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    set(reaper, entry, reaper->request_ms);
}

void jt_reaper_hold(struct jt_reaper_entry *entry)
{
    atomic_store_explicit(&entry->deadline_ms, INT64_MAX, memory_order_relaxed);
}

void jt_reaper_await(struct jt_reaper *reaper, struct jt_reaper_entry *entry)
{
    set(reaper, entry, reaper->idle_ms + reaper->request_ms);
}

void jt_reaper_sweep(struct jt_reaper *reaper, int64_t now_ms)
{
    atomic_store_explicit(&reaper->now_ms, now_ms, memory_order_relaxed);
    (void)pthread_mutex_lock(&reaper->lock);
    for (struct jt_reaper_entry *entry = reaper->entries; entry != NULL; entry = entry->next) {
        if (now_ms >= atomic_load_explicit(&entry->deadline_ms, memory_order_relaxed)) {
            (void)shutdown(entry->fd, SHUT_RDWR); /* the peer may have closed it already */
        }
    }
    (void)pthread_mutex_unlock(&reaper->lock);
}

size_t jt_reaper_count(struct jt_reaper *reaper)
{
    return atomic_load(&reaper->n_entries);
}
