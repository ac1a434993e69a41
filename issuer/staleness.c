/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/staleness.h"

#include "common/base/base.h"

#define TELL_MS 60000

void jt_staleness_limit(struct jt_staleness *staleness, int64_t limit_s)
{
    if (limit_s < atomic_load_explicit(&staleness->limit_s, memory_order_relaxed)) {
        atomic_store_explicit(&staleness->limit_s, limit_s, memory_order_relaxed);
    }
}

void jt_staleness_confirm(struct jt_staleness *staleness, const struct jt_clock *clock,
                          struct jt_log *log, int64_t asked_ms, int64_t limit_s)
{
    if (staleness->away) {
        jt_log(log, JT_EV_STORE_BACK, jt_log_int("after_s", jt_staleness_age_s(staleness, clock)));
    }
    staleness->away = false;
    staleness->stale_told = false;
    atomic_store_explicit(&staleness->limit_s, limit_s, memory_order_relaxed);
    atomic_store_explicit(&staleness->confirmed_ms, asked_ms, memory_order_relaxed);
}

void jt_staleness_fail(struct jt_staleness *staleness, const struct jt_clock *clock,
                       struct jt_log *log, const char *why, int64_t limit_s)
{
    int64_t now_ms = jt_clock_boot_ms(clock);
    if (!staleness->away || now_ms - staleness->told_ms >= TELL_MS) {
        jt_log(log, JT_EV_STORE_AWAY, jt_log_int("for_s", jt_staleness_age_s(staleness, clock)),
               jt_log_int("limit_s", limit_s), jt_log_str("why", why));
        staleness->away = true;
        staleness->told_ms = now_ms;
    }
    if (!staleness->stale_told && jt_staleness_is_stale(staleness, clock, limit_s)) {
        jt_log(log, JT_EV_STORE_STALE, jt_log_int("for_s", jt_staleness_age_s(staleness, clock)),
               jt_log_int("limit_s", limit_s),
               jt_log_str("fix", "bring the database back: no tokens are issued until then"));
        staleness->stale_told = true;
    }
}

int64_t jt_staleness_age_s(const struct jt_staleness *staleness, const struct jt_clock *clock)
{
    int64_t age_ms = jt_clock_boot_ms(clock) -
                     atomic_load_explicit(&staleness->confirmed_ms, memory_order_relaxed);
    return age_ms < 0 ? 0 : age_ms / 1000;
}
