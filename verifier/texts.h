/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An immutable copy of a NULL-ended array of strings, in one piece of memory.
 * Ownership: jt_texts_new gives it.
 * Thread rule: any thread.
 */
#ifndef JT_VERIFIER_TEXTS_H
#define JT_VERIFIER_TEXTS_H

#include "common/base/err.h"
#include "common/base/span.h"

struct jt_texts {
    size_t n;
    struct jt_span v[]; /* each is NUL-ended */
};

/* Gives a copy of `list`; NULL is the empty list. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_texts_new(const char *const *list, struct jt_texts **out_texts);

void jt_texts_free(struct jt_texts *texts);

#endif
