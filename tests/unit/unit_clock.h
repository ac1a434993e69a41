/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that stands until the test moves it. */
#ifndef JT_TESTS_UNIT_UNIT_CLOCK_H
#define JT_TESTS_UNIT_UNIT_CLOCK_H

#include "common/base/clock.h"

struct fixed_clock {
    int64_t wall_s, boot_ms;
    struct jt_clock clock;
};

static inline int64_t fixed_wall_s(void *ctx)
{
    return ((struct fixed_clock *)ctx)->wall_s;
}

static inline int64_t fixed_boot_ms(void *ctx)
{
    return ((struct fixed_clock *)ctx)->boot_ms;
}

static inline const struct jt_clock *fixed_clock(struct fixed_clock *fixed, int64_t wall_s)
{
    *fixed = (struct fixed_clock){wall_s, 1000000, {fixed_wall_s, fixed_boot_ms, fixed}};
    return &fixed->clock;
}

/* Both clocks go on together, as they should. */
static inline void fixed_clock_pass(struct fixed_clock *fixed, int64_t seconds)
{
    fixed->wall_s += seconds;
    fixed->boot_ms += seconds * 1000;
}

#endif
