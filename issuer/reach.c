/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/reach.h"

#include "common/base/base.h"

#define TELL_MS 60000

void jt_reach_confirm(struct jt_reach *reach, const struct jt_clock *clock, struct jt_log *log)
{
    if (reach->away) {
        jt_log(log, JT_EV_STORE_BACK, jt_log_int("after_s", jt_reach_age_s(reach, clock)));
    }
    reach->away = false;
    reach->stale_told = false;
    atomic_store_explicit(&reach->confirmed_ms, jt_clock_boot_ms(clock), memory_order_relaxed);
}

void jt_reach_fail(struct jt_reach *reach, const struct jt_clock *clock, struct jt_log *log,
                   const char *why, int64_t limit_s)
{
    int64_t now_ms = jt_clock_boot_ms(clock);
    if (!reach->away || now_ms - reach->told_ms >= TELL_MS) {
        jt_log(log, JT_EV_STORE_AWAY, jt_log_int("for_s", jt_reach_age_s(reach, clock)),
               jt_log_int("limit_s", limit_s), jt_log_str("why", why));
        reach->away = true;
        reach->told_ms = now_ms;
    }
    if (!reach->stale_told && jt_reach_is_stale(reach, clock, limit_s)) {
        jt_log(log, JT_EV_STORE_STALE, jt_log_int("for_s", jt_reach_age_s(reach, clock)),
               jt_log_int("limit_s", limit_s),
               jt_log_str("fix", "bring the database back: no tokens are issued until then"));
        reach->stale_told = true;
    }
}

int64_t jt_reach_age_s(const struct jt_reach *reach, const struct jt_clock *clock)
{
    int64_t age_ms =
        jt_clock_boot_ms(clock) - atomic_load_explicit(&reach->confirmed_ms, memory_order_relaxed);
    return age_ms < 0 ? 0 : age_ms / 1000;
}
