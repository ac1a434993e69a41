/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kids that tokens named and no key has. Workers note them without a lock; the driver of the
 * key source asks whether one is worth a fetch, and settles them after it. A kid that a fetch did
 * not bring is known to be absent for a while, and asks for no other. It holds keyed digests of
 * kids, never kids, so that a peer cannot choose two that look the same.
 * Ownership: in place; nothing to release.
 * Thread rule: note from any thread; the rest by the driver.
 */
#ifndef JT_VERIFIER_KIDWATCH_H
#define JT_VERIFIER_KIDWATCH_H

#include "common/base/random.h"
#include "verifier/keyset.h"

#define JT_KIDWATCH_NOTED     16 /* kids that can wait to be settled; more are passed over */
#define JT_KIDWATCH_ABSENT    128
#define JT_KIDWATCH_ABSENT_MS (300 * 1000)

struct jt_kidwatch {
    uint8_t key[16];
    _Atomic bool news;                         /* something was noted since the last settling */
    _Atomic uint64_t noted[JT_KIDWATCH_NOTED]; /* 0: free */
    _Atomic bool more;                         /* one was passed over */
    uint64_t asked[JT_KIDWATCH_NOTED];         /* noted before the request was made */
    struct {
        uint64_t kid; /* 0: free */
        int64_t until_ms;
    } absent[JT_KIDWATCH_ABSENT];
    size_t oldest; /* place of `absent` to be used next */
};

/* JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_kidwatch_init(struct jt_kidwatch *watch, const struct jt_random *random);

/* Notes `kid`. True when that is news for the driver, who is then to be woken. Never blocks. */
bool jt_kidwatch_note(struct jt_kidwatch *watch, struct jt_span kid);

/* Is anything noted. */
bool jt_kidwatch_any(const struct jt_kidwatch *watch);

/* Is a kid noted that is not known to be absent at `now_ms` (of the boot clock), or was one passed
 * over. */
bool jt_kidwatch_worth(const struct jt_kidwatch *watch, int64_t now_ms);

/* A request begins: its answer is one to the kids that are noted now. */
void jt_kidwatch_ask(struct jt_kidwatch *watch);

/* Forgets what is noted. Kids that were asked for and that `set` lacks are absent from now on; with
 * NULL, for a fetch that failed, nothing is known of them. */
void jt_kidwatch_settle(struct jt_kidwatch *watch, const struct jt_keyset *set, int64_t now_ms);

#endif
