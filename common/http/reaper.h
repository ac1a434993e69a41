/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines for connections. libmicrohttpd only has a time-out for silence, which a byte now and
 * then renews; here the whole of a step has to be done in time. A connection past its deadline is
 * shut down, not closed: its own thread then sees the end and closes it. It keeps no time of its
 * own: who sweeps says what time it is, and requests use the last sweep's, so that deadlines come
 * up to one sweep late and cost no clock call.
 * Ownership: in place; an entry is the connection's from add to remove.
 * Thread rule: sweep by one thread; the rest any thread, each entry by its connection's thread.
 * `lock` guards the list, and so that a descriptor is not closed while it is shut down.
 */
#ifndef JT_HTTP_REAPER_H
#define JT_HTTP_REAPER_H

#include "common/base/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JT_REAPER_SWEEP_MS 1000 /* how often to sweep */

struct jt_reaper_entry;

/* A request must be whole `request_ms` after its first line, and `idle_ms` + `request_ms` after the
 * connection began or its last answer ended; an answer must be taken in `idle_ms` + `request_ms`. A
 * connection is old after `life_ms`; from `idle_ms` + `request_ms` later nothing more is awaited on it. */
struct jt_reaper_times {
    int64_t idle_ms, request_ms, life_ms;
};

struct jt_reaper {
    pthread_mutex_t lock;
    struct jt_reaper_entry *entries;
    atomic_size_t n_entries;
    _Atomic(int64_t) now_ms;
    struct jt_reaper_times times;
};

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_reaper_init(struct jt_reaper *reaper,
                                       const struct jt_reaper_times *times, int64_t now_ms);

/* No entry may be left. */
void jt_reaper_release(struct jt_reaper *reaper);

/* Gives an entry for a new connection; NULL when out of memory. */
struct jt_reaper_entry *jt_reaper_add(struct jt_reaper *reaper, int fd);

/* Takes the entry back; call before `fd` is closed. NULL is harmless. */
void jt_reaper_remove(struct jt_reaper *reaper, struct jt_reaper_entry *entry);

/* Something that is the connection's, for its holder to keep; it is neither read nor freed here. */
void jt_reaper_keep(struct jt_reaper_entry *entry, void *kept);
void *jt_reaper_kept(const struct jt_reaper_entry *entry);

/* A request's first line is there: the rest is due. */
void jt_reaper_request(struct jt_reaper *reaper, struct jt_reaper_entry *entry);

/* A part of a request that may take its time has come: the next one is due. */
void jt_reaper_progress(struct jt_reaper *reaper, struct jt_reaper_entry *entry);

/* The answer is being made: nothing is due from the client until jt_reaper_answer. */
void jt_reaper_hold(struct jt_reaper_entry *entry);

/* The answer is to be taken. */
void jt_reaper_answer(struct jt_reaper *reaper, struct jt_reaper_entry *entry);

/* It has been, or will never be: the next request is awaited. */
void jt_reaper_await(struct jt_reaper *reaper, struct jt_reaper_entry *entry);

/* Is its lifetime over? The answer then says that it is the last one. */
bool jt_reaper_is_old(const struct jt_reaper *reaper, const struct jt_reaper_entry *entry);

/* Shuts down every connection whose deadline has come; how many. */
size_t jt_reaper_sweep(struct jt_reaper *reaper, int64_t now_ms);

/* Shuts down up to `n` of the connections without a request that have been so for the longest time,
 * the time between two sweeps at least; how many. Their places are free in a moment. */
size_t jt_reaper_relieve(struct jt_reaper *reaper, size_t n);

/* How many connections there are. */
size_t jt_reaper_count(struct jt_reaper *reaper);

#endif
