/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hazard pointers with one hazard per thread. Reader: announce, then look again; the announcement
 * counts only if the root is still the newest after it. Writer: replace, then look at the slots.
 * With both pairs sequentially consistent, either the reader sees the new root and announces again,
 * or the writer sees the announcement and keeps the old root.
 */
#include "common/base/slots.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/base.h"

#define CACHE_LINE 64

struct jt_slot {
    alignas(CACHE_LINE) _Atomic(void *) held;
    struct jt_slots *owner;
    struct jt_slot *next; /* every slot ever made, guarded by owner->lock */
    bool in_use;          /* guarded by owner->lock */
};

struct jt_slots {
    alignas(CACHE_LINE) _Atomic(void *) root;
    alignas(CACHE_LINE) pthread_mutex_t lock; /* guards what follows; no reader takes it */
    void (*free_root)(void *root);
    struct jt_slot *slots;
    void **retired;
    size_t n_retired, cap_retired;
    size_t n_freeing; /* taken off the list by a thread that is still freeing them */
};

enum jt_err jt_slots_new(void (*free_root)(void *root), struct jt_slots **out_slots)
{
    struct jt_slots *slots = aligned_alloc(CACHE_LINE, sizeof *slots);
    if (slots == NULL) {
        return JT_ERR_NOMEM;
    }
    *slots = (struct jt_slots){.free_root = free_root};
    atomic_init(&slots->root, NULL);
    if (pthread_mutex_init(&slots->lock, NULL) != 0) {
        free(slots);
        return JT_ERR_NOMEM;
    }
    *out_slots = slots;
    return JT_OK;
}

void jt_slots_free(struct jt_slots *slots)
{
    if (slots == NULL) {
        return;
    }
    for (size_t i = 0; i < slots->n_retired; i++) {
        slots->free_root(slots->retired[i]);
    }
    void *root = atomic_load(&slots->root);
    if (root != NULL) {
        slots->free_root(root);
    }
    while (slots->slots != NULL) {
        struct jt_slot *next = slots->slots->next;
        free(slots->slots);
        slots->slots = next;
    }
    free(slots->retired);
    (void)pthread_mutex_destroy(&slots->lock); /* not locked: no thread is inside */
    free(slots);
}

enum jt_err jt_slots_join(struct jt_slots *slots, struct jt_slot **out_slot)
{
    enum jt_err err = JT_OK;
    (void)pthread_mutex_lock(&slots->lock); /* a plain mutex, never recursive: cannot fail */
    struct jt_slot *slot = slots->slots;
    while (slot != NULL && slot->in_use) {
        slot = slot->next;
    }
    if (slot == NULL) {
        slot = aligned_alloc(CACHE_LINE, sizeof *slot);
        if (slot == NULL) {
            err = JT_ERR_NOMEM;
            goto done;
        }
        *slot = (struct jt_slot){.owner = slots, .next = slots->slots};
        atomic_init(&slot->held, NULL);
        slots->slots = slot;
    }
    slot->in_use = true;
    *out_slot = slot;
done:
    (void)pthread_mutex_unlock(&slots->lock);
    return err;
}

void jt_slots_leave(struct jt_slots *slots, struct jt_slot *slot)
{
    if (slot == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&slots->lock);
    atomic_store(&slot->held, NULL);
    slot->in_use = false;
    (void)pthread_mutex_unlock(&slots->lock);
}

const void *jt_slots_enter(struct jt_slot *slot)
{
    void *root = atomic_load(&slot->owner->root);
    for (;;) {
        atomic_store(&slot->held, root);
        void *newest = atomic_load(&slot->owner->root);
        if (newest == root) {
            return root;
        }
        root = newest;
    }
}

void jt_slots_exit(struct jt_slot *slot)
{
    atomic_store_explicit(&slot->held, NULL, memory_order_release);
}

static bool is_held(const struct jt_slots *slots, const void *root)
{
    for (const struct jt_slot *slot = slots->slots; slot != NULL; slot = slot->next) {
        if (atomic_load(&slot->held) == root) {
            return true;
        }
    }
    return false;
}

/* With slots->lock: takes an old root that no slot announces off the list; NULL for none. */
static void *take_unread(struct jt_slots *slots)
{
    for (size_t i = 0; i < slots->n_retired; i++) {
        void *root = slots->retired[i];
        if (!is_held(slots, root)) {
            slots->retired[i] = slots->retired[--slots->n_retired];
            return root;
        }
    }
    return NULL;
}

/* With slots->lock, but not while a root is freed: that may take long, and threads want to join. */
static void sweep(struct jt_slots *slots)
{
    for (void *root = take_unread(slots); root != NULL; root = take_unread(slots)) {
        slots->n_freeing++;
        (void)pthread_mutex_unlock(&slots->lock);
        slots->free_root(root);
        (void)pthread_mutex_lock(&slots->lock);
        slots->n_freeing--;
    }
}

static enum jt_err make_room(struct jt_slots *slots)
{
    if (slots->n_retired < slots->cap_retired) {
        return JT_OK;
    }
    size_t cap = slots->cap_retired == 0 ? 8 : slots->cap_retired * 2;
    void **retired = realloc(slots->retired, cap * sizeof *retired);
    if (retired == NULL) {
        return JT_ERR_NOMEM;
    }
    slots->retired = retired;
    slots->cap_retired = cap;
    return JT_OK;
}

enum jt_err jt_slots_publish(struct jt_slots *slots, void *root)
{
    (void)pthread_mutex_lock(&slots->lock);
    enum jt_err err = make_room(slots);
    if (err == JT_OK) {
        void *old = atomic_exchange(&slots->root, root);
        if (old != NULL) {
            slots->retired[slots->n_retired++] = old;
        }
        sweep(slots);
    }
    (void)pthread_mutex_unlock(&slots->lock);
    return err;
}

void *jt_slots_current(struct jt_slots *slots)
{
    return atomic_load(&slots->root);
}

size_t jt_slots_reclaim(struct jt_slots *slots)
{
    (void)pthread_mutex_lock(&slots->lock);
    sweep(slots);
    size_t left = slots->n_retired + slots->n_freeing;
    (void)pthread_mutex_unlock(&slots->lock);
    return left;
}
