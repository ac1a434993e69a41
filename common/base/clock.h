/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as an input: everything that asks for the time is handed a struct jt_clock, so that tests
 * set it. Wall time decides about claims and key steps, boot time about ages and jumps.
 * Ownership: borrowed by those who are handed it.
 * Thread rule: the calls work from any thread.
 */
#ifndef JT_BASE_CLOCK_H
#define JT_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

struct jt_clock {
    int64_t (*wall_s)(void *ctx);  /* seconds since 1970 UTC */
    int64_t (*boot_ms)(void *ctx); /* milliseconds since boot, suspend included, never backward */
    void *ctx;
};

/* CLOCK_REALTIME and CLOCK_BOOTTIME. */
extern const struct jt_clock jt_clock_system;

/* The point on CLOCK_MONOTONIC that is `ms` milliseconds from now, for calls that wait until one. */
struct timespec jt_clock_in_ms(int64_t ms);

static inline int64_t jt_clock_wall_s(const struct jt_clock *clock)
{
    return clock->wall_s(clock->ctx);
}

static inline int64_t jt_clock_boot_ms(const struct jt_clock *clock)
{
    return clock->boot_ms(clock->ctx);
}

#endif
