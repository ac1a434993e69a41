/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/ring.h"

#include "common/base/base.h"

void jt_ring_init(struct jt_ring *ring, int64_t span_s)
{
    ring->span_s = span_s < 1 ? 1 : span_s;
    for (size_t i = 0; i < JT_RING_SPANS; i++) {
        atomic_init(&ring->cells[i], 0);
    }
}

static uint64_t span_of(const struct jt_ring *ring, int64_t at_s)
{
    int64_t span = at_s < 0 ? 0 : at_s / ring->span_s;
    return span > UINT32_MAX ? UINT32_MAX : (uint64_t)span;
}

/* A cell of a later span, after the clock was set back, takes the event too: it counts for longer,
 * never for less. */
void jt_ring_add(struct jt_ring *ring, int64_t at_s)
{
    uint64_t span = span_of(ring, at_s);
    _Atomic uint64_t *cell = &ring->cells[span % JT_RING_SPANS];
    uint64_t old = atomic_load_explicit(cell, memory_order_relaxed);
    uint64_t count = old & UINT32_MAX;
    if (old >> 32 < span) {
        atomic_store_explicit(cell, span << 32 | 1, memory_order_relaxed);
    } else if (count < UINT32_MAX) {
        atomic_store_explicit(cell, old + 1, memory_order_relaxed);
    }
}

uint64_t jt_ring_sum(const struct jt_ring *ring, int64_t from_s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < JT_RING_SPANS; i++) {
        uint64_t cell = atomic_load_explicit(&ring->cells[i], memory_order_relaxed);
        int64_t end_s = ((int64_t)(cell >> 32) + 1) * ring->span_s;
        sum += end_s > from_s ? cell & UINT32_MAX : 0;
    }
    return sum;
}
