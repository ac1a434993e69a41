/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the wall clock keep pace with the boot clock? A step of the wall clock (set by hand, a
 * broken RTC corrected) must not rotate or drop keys: after one, automatic steps wait until the
 * clocks have kept pace for as long as the ages that they judge by, which are then right whatever the
 * step was.
 * Ownership: in place.
 * Thread rule: one thread.
 */
#ifndef JT_ISSUER_CLOCKWATCH_H
#define JT_ISSUER_CLOCKWATCH_H

#include "common/base/clock.h"

#include <stdbool.h>

#define JT_CLOCKWATCH_STEP_S 60   /* a difference that is a step; slewing moves both clocks */
#define JT_CLOCKWATCH_PACE_S 3600 /* how long pace must have been kept */

struct jt_clockwatch {
    int64_t wall_s, boot_ms; /* where the present pace began */
    bool stepped;            /* it began with a step, not with the process */
    int64_t step_s;          /* of this many seconds; negative: back */
    bool ahead;              /* it, or one that was not outlived before it, was ahead */
    /* For how long after a step nothing rotates, nothing is dropped, at least; the owner sets them:
     * the wait before a key may sign, and the longest tail of a key. */
    int64_t rotate_wait_s, drop_wait_s;
};

void jt_clockwatch_init(struct jt_clockwatch *watch, const struct jt_clock *clock);

/* Looks at both clocks; the seconds of a step since the last look, 0 when there was none. */
int64_t jt_clockwatch_look(struct jt_clockwatch *watch, const struct jt_clock *clock);

/* May keys be rotated now (no step, or pace kept since, for the pace time and rotate_wait_s)? May they
 * be dropped (pace kept by this process for the pace time, and since a step for drop_wait_s)? */
bool jt_clockwatch_may_rotate(const struct jt_clockwatch *watch, const struct jt_clock *clock);
bool jt_clockwatch_may_drop(const struct jt_clockwatch *watch, const struct jt_clock *clock);

/* When keys may be rotated if the clocks keep pace (wall clock, seconds since 1970). */
int64_t jt_clockwatch_until(const struct jt_clockwatch *watch);

#endif
