/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes in small portions from a source that is asked for many at once: a call of libcrypto's
 * generator costs the same for 16 bytes as for 512. For what is unique, not for secrets: bytes lie
 * here for a while before they are used. Each is handed out once and wiped here.
 * Ownership: in place; `source` is borrowed until release.
 * Thread rule: one thread. After a fork the child must not go on with its parent's.
 */
#ifndef JT_BASE_RANDOMPOOL_H
#define JT_BASE_RANDOMPOOL_H

#include "common/base/random.h"

#define JT_RANDOMPOOL_SIZE 512

struct jt_randompool {
    const struct jt_random *source;
    size_t left; /* the last ones of `bytes` */
    uint8_t bytes[JT_RANDOMPOOL_SIZE];
};

void jt_randompool_init(struct jt_randompool *pool, const struct jt_random *source);

/* Fills `out` with `n` random bytes, at most JT_RANDOMPOOL_SIZE. JT_ERR_RANDOM: nothing of `out`
 * may be used. */
JT_MUST_USE enum jt_err jt_randompool_take(struct jt_randompool *pool, void *out, size_t n);

/* Wipes what is left. */
void jt_randompool_release(struct jt_randompool *pool);

#endif
