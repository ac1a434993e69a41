/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish and read: one writer at a time publishes an immutable root; any number of reader threads,
 * each with a slot of its own, read it without a lock and without writing to a shared cache line. A
 * root is freed by the writer once no slot announces it. It does not order writers: the header of
 * what is published names their lock.
 * Ownership: jt_slots owns every root from publish until it calls `free_root`; a slot is its
 * thread's until jt_slots_leave.
 * Thread rule: said at each call.
 *
 *     struct jt_slot *slot; jt_slots_join(slots, &slot);           once per thread
 *     const struct root *root = jt_slots_enter(slot);              per request
 *     ... root stays valid, whatever is published meanwhile ...
 *     jt_slots_exit(slot);
 */
#ifndef JT_BASE_SLOTS_H
#define JT_BASE_SLOTS_H

#include "common/base/err.h"

#include <stddef.h>

struct jt_slots;
struct jt_slot;

/* Gives a holder with no root (enter returns NULL until the first publish). `free_root` is called
 * with each root that is no longer read, from the thread that publishes, reclaims or frees.
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_slots_new(void (*free_root)(void *root), struct jt_slots **out_slots);

/* Frees the holder and every root. No thread may be inside; slots not yet left become invalid. */
void jt_slots_free(struct jt_slots *slots);
JT_AUTOP_DEFINE(slots);

/* Any thread: gives a slot for the calling thread. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_slots_join(struct jt_slots *slots, struct jt_slot **out_slot);

/* Any thread: returns the slot for others to use. It must not be entered. NULL is harmless. */
void jt_slots_leave(struct jt_slots *slots, struct jt_slot *slot);

/* The slot's thread: announces and returns the newest root, valid until jt_slots_exit. Not nested.
 */
const void *jt_slots_enter(struct jt_slot *slot);
void jt_slots_exit(struct jt_slot *slot);

/* Writer: takes `root` (NULL: from here on there is none) and makes it the newest; the old one is
 * freed now or, if a slot announces it, by a later publish or reclaim. JT_ERR_NOMEM: nothing
 * changed, `root` is still the caller's. */
JT_MUST_USE enum jt_err jt_slots_publish(struct jt_slots *slots, void *root);

/* Writer: the newest root, NULL if none. Valid until the same writer publishes. */
void *jt_slots_current(struct jt_slots *slots);

/* Any thread: frees the old roots that no slot announces; how many remain, those included that
 * another thread is freeing. A thread that must know an old root gone (it held a secret) calls this
 * until it is 0. */
size_t jt_slots_reclaim(struct jt_slots *slots);

#endif
