/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the daemon and its signer share: a slot for each lane, where claims are put and a
 * token is found, a bit for each lane whose claims wait, and a word for each of the signer's workers
 * that says whether it sleeps. Nobody makes a system call but to sleep and to wake one who does: a
 * signer that is busy finds what was put meanwhile by itself. It knows neither claims nor tokens.
 * Either side takes every byte of it for hostile: what was put is copied before it is looked at, and
 * nothing there is an index, a length or a pointer before it was checked.
 * Ownership: jt_ring_new and jt_ring_map give a mapping, jt_ring_free ends it.
 * Thread rule: a slot is used by one thread of the daemon at a time; a worker number by one thread
 * of the signer. The one at the other end is any.
 */
#ifndef JT_KEYS_SIGNER_RING_H
#define JT_KEYS_SIGNER_RING_H

#include <stdalign.h>
#include <stdatomic.h>

#include "keys/signer.h"

#define JT_RING_LINE        64
#define JT_RING_IN_MAX      (JT_SIGNER_TOKEN_MAX + 1024) /* claims as in signer_wire.h */
#define JT_RING_WORKERS_MAX 16

struct jt_ring_slot {
    /* the daemon's. `request` is even when `in` is whole; `waiting`: it sleeps on `answer` */
    alignas(JT_RING_LINE) _Atomic uint32_t request;
    _Atomic uint32_t n_in;
    _Atomic uint32_t waiting;
    /* the signer's. `answer` is the `request` that `err` and `out` are of */
    alignas(JT_RING_LINE) _Atomic uint32_t answer;
    _Atomic uint32_t err;
    _Atomic uint32_t n_out;
    alignas(JT_RING_LINE) uint8_t in[JT_RING_IN_MAX];
    uint8_t out[JT_SIGNER_TOKEN_MAX];
};

struct jt_ring {
    alignas(JT_RING_LINE) _Atomic uint64_t pending[JT_SIGNER_LANES_MAX / 64];
    alignas(JT_RING_LINE) _Atomic uint32_t asleep[JT_RING_WORKERS_MAX];
    _Atomic uint32_t n_workers;
    struct jt_ring_slot slots[JT_SIGNER_LANES_MAX];
};

/* Gives the shared memory, of a size that can never change, and its descriptor. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_ring_new(struct jt_ring **out_ring, int *out_fd);

/* Maps what jt_ring_new made in another process. JT_ERR_ARGUMENT when it is not that: then a
 * mapping could vanish under who reads it. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_ring_map(int fd, struct jt_ring **out_ring);

/* Makes the calling thread one that, when it is woken, waits for a core instead of taking that of who
 * woke it: who wakes it has more to do, and would be put off and taken up again for each token (half
 * of what passing it between processes costs). For each thread of either side. */
void jt_ring_be_patient(void);

void jt_ring_free(struct jt_ring *ring);
JT_AUTOP_DEFINE(ring);

/* --- the daemon's side --- */

/* Begins a request of `lane`: its number. From here on `in` is the caller's to write. */
uint32_t jt_ring_begin(struct jt_ring *ring, size_t lane);

/* Puts what was written, `n` bytes, and wakes a worker if none is awake. */
void jt_ring_put(struct jt_ring *ring, size_t lane, uint32_t request, size_t n);

/* Waits for the answer to `request`; false when `*epoch` is no longer `was`: nobody will answer. */
JT_MUST_USE bool jt_ring_await(struct jt_ring *ring, size_t lane, uint32_t request,
                               _Atomic uint32_t *epoch, uint32_t was);

/* When no signer is left: wakes who waits, so that he looks at the epoch, which changed before. */
void jt_ring_shake(struct jt_ring *ring);

/* Before another signer begins: none of its workers sleeps. jt_ring_shake does it too. */
void jt_ring_reset_workers(struct jt_ring *ring);

/* When another signer takes over: what is not answered is put again. */
void jt_ring_put_again(struct jt_ring *ring);

/* --- the signer's side --- */

/* Takes a lane whose claims wait, in turns from `*cursor` on; false when there is none. */
JT_MUST_USE bool jt_ring_take(struct jt_ring *ring, size_t *cursor, size_t *out_lane);

/* Copies what waits in `lane` to `out` (JT_RING_IN_MAX bytes); its request and its length. false
 * when it is being written, was answered, or is too long to be any: there is nothing to do. */
JT_MUST_USE bool jt_ring_copy(struct jt_ring *ring, size_t lane, uint8_t *out,
                              uint32_t *out_request, size_t *out_n);

/* Answers; true when the lane's thread sleeps and must be woken (jt_ring_wake). */
JT_MUST_USE bool jt_ring_answer(struct jt_ring *ring, size_t lane, uint32_t request,
                                enum jt_err err, struct jt_span token);
void jt_ring_wake(struct jt_ring *ring, size_t lane);

/* Sleeps until something is put, unless something is there. */
void jt_ring_sleep(struct jt_ring *ring, size_t worker);

/* Wakes one more worker if one sleeps and more than a few lanes wait. */
void jt_ring_share(struct jt_ring *ring);

#endif
