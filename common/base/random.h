/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness as an input: who needs random bytes is handed a struct jt_random, so that tests fix it
 * and make it fail.
 * Thread rule: the calls work from any thread.
 */
#ifndef JT_BASE_RANDOM_H
#define JT_BASE_RANDOM_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct jt_random {
    enum jt_err (*fill)(void *ctx, uint8_t *out, size_t n);
    void *ctx;
};

/* OpenSSL's generator, seeded by the kernel. */
extern const struct jt_random jt_random_system;

/* Fills `out` with `n` random bytes. JT_ERR_RANDOM: nothing of `out` may be used. */
JT_MUST_USE static inline enum jt_err jt_random_fill(const struct jt_random *r, void *out, size_t n)
{
    return r->fill(r->ctx, (uint8_t *)out, n);
}

/* Appends `digits` random characters of [0-9A-Za-z], each drawn without bias (5.95 bits).
 * JT_ERR_RANDOM, JT_ERR_LIMIT, JT_ERR_NOMEM; on failure `out` is as it was. */
JT_MUST_USE enum jt_err jt_random_base62(const struct jt_random *r, size_t digits,
                                         struct jt_buf *out);

/* The 62 characters, in the order of their values. */
extern const char jt_random_alphabet[63];

#endif
