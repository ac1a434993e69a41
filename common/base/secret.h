/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct jt_secret holds what must not leak: passwords, client secrets, private keys. Wiped on
 * release; compared only in constant time; accepted by no logging call. Keys lie in locked pages
 * where the process has some (keys/memory_guard.h); it does not make them.
 * Ownership: the holder's.
 * Thread rule: one thread, or read-only by many.
 */
#ifndef JT_BASE_SECRET_H
#define JT_BASE_SECRET_H

#include "common/base/err.h"
#include "common/base/span.h"

struct jt_secret {
    uint8_t *p;
    size_t n;
};

#define JT_SECRET_INIT \
    {                  \
        NULL, 0        \
    }

/* Makes `s` hold `n` zero bytes, wiping what it held. JT_ERR_NOMEM leaves it empty. */
JT_MUST_USE enum jt_err jt_secret_alloc(struct jt_secret *s, size_t n);

/* Makes `s` hold a copy of `bytes` (which may be a part of `s`), wiping what it held. JT_ERR_NOMEM
 * leaves it empty. */
JT_MUST_USE enum jt_err jt_secret_copy(struct jt_secret *s, struct jt_span bytes);

/* The same two in locked pages that no core dump holds, for what is kept: keys. Threads share a lock
 * and few MiB there, so what a request brings does not belong in it. In a process without such pages
 * they are as above; when the pages are full, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_secret_alloc_locked(struct jt_secret *s, size_t n);
JT_MUST_USE enum jt_err jt_secret_copy_locked(struct jt_secret *s, struct jt_span bytes);

/* Wipes and frees; harmless when repeated. */
void jt_secret_release(struct jt_secret *s);

static inline struct jt_span jt_secret_span(const struct jt_secret *s)
{
    return (struct jt_span){s->p, s->n};
}

/* Same length and bytes, in a time that depends on the length of `a` alone. */
bool jt_secret_eq(struct jt_span a, struct jt_span b);

/* Wipes `n` bytes at `p` in a way the compiler keeps. */
void jt_secret_wipe(void *p, size_t n);

#endif
