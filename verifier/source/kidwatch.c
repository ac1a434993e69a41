/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/kidwatch.h"

#include <stdatomic.h>

#include "verifier/crypto/keyeddigest.h"

#include "common/base/base.h"

enum jt_err jt_kidwatch_init(struct jt_kidwatch *watch, const struct jt_random *random)
{
    *watch = (struct jt_kidwatch){.oldest = 0};
    return jt_random_fill(random, watch->key, sizeof watch->key);
}

/* 0 when there is none. */
static uint64_t digest_of(const struct jt_kidwatch *watch, struct jt_span kid)
{
    uint64_t digest[2];
    if (!jt_keyeddigest(watch->key, kid, digest)) {
        return 0;
    }
    return digest[0] != 0 ? digest[0] : 1;
}

bool jt_kidwatch_note(struct jt_kidwatch *watch, struct jt_span kid)
{
    uint64_t digest = digest_of(watch, kid);
    if (digest == 0) {
        return false;
    }
    for (size_t i = 0; i < JT_KIDWATCH_NOTED; i++) {
        /* a flood of unknown kids reads, and writes no more once the places are taken */
        uint64_t there = atomic_load_explicit(&watch->noted[i], memory_order_relaxed);
        if (there == digest) {
            return false;
        }
        if (there == 0 && atomic_compare_exchange_strong(&watch->noted[i], &there, digest)) {
            return !atomic_exchange(&watch->news, true);
        }
    }
    if (!atomic_load_explicit(&watch->more, memory_order_relaxed)) {
        atomic_store(&watch->more, true);
    }
    return false;
}

bool jt_kidwatch_any(const struct jt_kidwatch *watch)
{
    return atomic_load(&watch->news);
}

static bool is_absent(const struct jt_kidwatch *watch, uint64_t kid, int64_t now_ms)
{
    for (size_t i = 0; i < JT_KIDWATCH_ABSENT; i++) {
        if (watch->absent[i].kid == kid && now_ms < watch->absent[i].until_ms) {
            return true;
        }
    }
    return false;
}

bool jt_kidwatch_worth(const struct jt_kidwatch *watch, int64_t now_ms)
{
    for (size_t i = 0; i < JT_KIDWATCH_NOTED; i++) {
        uint64_t kid = atomic_load(&watch->noted[i]);
        if (kid != 0 && !is_absent(watch, kid, now_ms)) {
            return true;
        }
    }
    return atomic_load(&watch->more);
}

void jt_kidwatch_ask(struct jt_kidwatch *watch)
{
    for (size_t i = 0; i < JT_KIDWATCH_NOTED; i++) {
        watch->asked[i] = atomic_load(&watch->noted[i]);
    }
}

static bool has(const struct jt_kidwatch *watch, const struct jt_keyset *set, uint64_t kid)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct jt_jwk *jwk = set->keys[i]->jwk;
        if (digest_of(watch, jt_span_of(jwk->kid, jwk->kid_len)) == kid) {
            return true;
        }
    }
    return false;
}

void jt_kidwatch_settle(struct jt_kidwatch *watch, const struct jt_keyset *set, int64_t now_ms)
{
    /* first, so that a kid noted from here on is news again */
    atomic_store(&watch->news, false);
    atomic_store(&watch->more, false);
    for (size_t i = 0; i < JT_KIDWATCH_NOTED; i++) {
        uint64_t kid = watch->asked[i]; /* one noted since may be younger than the answer */
        atomic_store(&watch->noted[i], 0);
        watch->asked[i] = 0;
        if (kid == 0 || set == NULL || has(watch, set, kid) || is_absent(watch, kid, now_ms)) {
            continue;
        }
        watch->absent[watch->oldest].kid = kid;
        watch->absent[watch->oldest].until_ms = now_ms + JT_KIDWATCH_ABSENT_MS;
        watch->oldest = (watch->oldest + 1) % JT_KIDWATCH_ABSENT;
    }
}
