/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/key_told.h"

#include <inttypes.h>

#include "issuer/reach.h"
#include "issuer/told.h"

#include "common/base/lasting.h"

#include "common/base/base.h"

bool jt_key_told_unexpired(const struct jt_issuer *issuer, const struct jt_key_times *key,
                           uint64_t *out_tokens)
{
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    bool whole = jt_counters_tokens(issuer->counters, key->kid, now_s, out_tokens);
    /* it signed nothing before this start, or all of that has expired */
    bool seen = issuer->counts_all || key->sign_from_s == 0 ||
                key->sign_from_s > issuer->started_s || now_s - issuer->started_s >= key->longest_s;
    return whole && seen;
}

/* A short time ago is a part of it only: the count began with this process. */
static void tell_fetches(const struct jt_issuer *issuer, const struct jt_key_times *next,
                         const struct jt_root *root, struct jt_diag *diag)
{
    int64_t since_s = 0, now_s = jt_clock_wall_s(issuer->clock);
    int64_t recent_s = root->settings->config.max_age_s;
    uint64_t fetches = 0;
    if (!jt_reach_since(root->keys, issuer, next->kid, &since_s, &fetches)) {
        return;
    }
    recent_s = recent_s < JT_COUNTER_BACK_S ? recent_s : JT_COUNTER_BACK_S;
    uint64_t recent = jt_counters_recent(issuer->counters, now_s - recent_s).all;
    recent = recent < fetches ? recent : fetches;
    char since[JT_TOLD_TIME], recently[JT_LASTING];
    bool partial = since_s > next->published_at_s;
    jt_told_add(diag,
                "Since %s%s this issuer has given out the set with it %" PRIu64 " times, %" PRIu64
                " of them in the last %s",
                partial ? "its start at " : "then", partial ? jt_told_time(since_s, since) : "",
                fetches, recent, jt_lasting(recent_s, recently));
}

void jt_key_told_young(const struct jt_issuer *issuer, const struct jt_keyring *keyring,
                       enum jt_alg alg, struct jt_diag *diag)
{
    const struct jt_root *root = jt_slots_current(issuer->roots);
    const struct jt_key_times *next = jt_schedule_next(keyring->times, keyring->n, alg);
    int64_t now_s = jt_clock_wall_s(issuer->clock);
    struct jt_schedule_conf conf = jt_config_schedule(&root->settings->config);
    if (next != NULL && now_s - next->published_at_s < jt_schedule_wait(&conf)) {
        tell_fetches(issuer, next, root, diag);
    }
}

void jt_key_told_dying(const struct jt_issuer *issuer, const struct jt_keyring *keyring,
                       const char *kid, struct jt_diag *diag)
{
    uint64_t sum = 0;
    bool known = true;
    for (size_t i = 0; i < keyring->n; i++) {
        const struct jt_key_times *key = &keyring->times[i];
        uint64_t tokens = 0;
        if (kid == NULL ? jt_schedule_published(key) : strcmp(key->kid, kid) == 0) {
            known = jt_key_told_unexpired(issuer, key, &tokens) && known;
            sum += tokens;
        }
    }
    if (known) {
        jt_told_add(diag,
                    "At most %" PRIu64 " unexpired tokens signed by this issuer die: a verifier "
                    "refuses them once it has fetched the set again",
                    sum);
        return;
    }
    char since[JT_TOLD_TIME];
    jt_told_add(diag,
                "How many unexpired tokens die is not known: this issuer counted %" PRIu64
                " since its start at %s, older ones may live",
                sum, jt_told_time(issuer->started_s, since));
}

void jt_key_told_pause(const struct jt_issuer *issuer, struct jt_diag *diag)
{
    char until[JT_TOLD_TIME];
    if (!jt_clockwatch_may_rotate(&issuer->watch, issuer->clock)) {
        jt_told_add(diag,
                    "The clock jumped by %" PRId64 " s: automatic key steps wait until it has kept "
                    "pace for as long as a key waits to sign, until %s",
                    issuer->watch.step_s, jt_told_time(jt_clockwatch_until(&issuer->watch), until));
    }
}
