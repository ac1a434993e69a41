/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts by time, in a ring of equal spans: how many events fall after a moment. It forgets what is
 * 64 spans old. What it answers is never too few (a span counts as a whole), as long as no event is
 * added that lies further than 64 spans from those that still matter.
 * Ownership: in place.
 * Thread rule: one thread adds; any thread sums meanwhile. No lock, no contended write.
 */
#ifndef JT_ISSUER_RING_H
#define JT_ISSUER_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define JT_RING_SPANS 64

struct jt_ring {
    int64_t span_s;
    _Atomic uint64_t cells[JT_RING_SPANS]; /* number of the span, count: 32 bits each */
};

/* Empty, with spans of `span_s` seconds (at least 1). */
void jt_ring_init(struct jt_ring *ring, int64_t span_s);

void jt_ring_add(struct jt_ring *ring, int64_t at_s);

/* The events whose span ends after `from_s`. */
uint64_t jt_ring_sum(const struct jt_ring *ring, int64_t from_s);

#endif
