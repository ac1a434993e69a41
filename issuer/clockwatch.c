/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/clockwatch.h"

#include "common/base/base.h"

void jt_clockwatch_init(struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    *watch = (struct jt_clockwatch){.wall_s = jt_clock_wall_s(clock),
                                    .boot_ms = jt_clock_boot_ms(clock)};
}

static int64_t pace_s(const struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    return (jt_clock_boot_ms(clock) - watch->boot_ms) / 1000;
}

int64_t jt_clockwatch_look(struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    int64_t step_s = jt_clock_wall_s(clock) - (watch->wall_s + pace_s(watch, clock));
    if (step_s > -JT_CLOCKWATCH_STEP_S && step_s < JT_CLOCKWATCH_STEP_S) {
        return 0;
    }
    watch->ahead = step_s > 0 || (watch->ahead && !jt_clockwatch_may_rotate(watch, clock));
    watch->wall_s = jt_clock_wall_s(clock);
    watch->boot_ms = jt_clock_boot_ms(clock);
    watch->stepped = true;
    watch->step_s = step_s;
    return step_s;
}

/* How long pace must have been kept. */
static int64_t wait_s(const struct jt_clockwatch *watch, int64_t after_step_s)
{
    return watch->stepped && after_step_s > JT_CLOCKWATCH_PACE_S ? after_step_s
                                                                 : JT_CLOCKWATCH_PACE_S;
}

bool jt_clockwatch_may_rotate(const struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    return !watch->stepped || pace_s(watch, clock) >= wait_s(watch, watch->rotate_wait_s);
}

bool jt_clockwatch_may_drop(const struct jt_clockwatch *watch, const struct jt_clock *clock)
{
    return pace_s(watch, clock) >= wait_s(watch, watch->drop_wait_s);
}

int64_t jt_clockwatch_until(const struct jt_clockwatch *watch)
{
    return watch->wall_s + wait_s(watch, watch->rotate_wait_s);
}
