/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of kids, of the 43 characters that a thumbprint has. Some hundreds of them at most: it is
 * searched from end to end. Internal to keys/.
 * Ownership: in place, released.
 * Thread rule: one thread.
 */
#ifndef JT_KEYS_KIDSET_H
#define JT_KEYS_KIDSET_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/jose/jwk.h"

struct jt_kidset {
    char (*kids)[JT_JWK_THUMBPRINT_LEN];
    size_t n, cap;
};

#define JT_KIDSET_INIT \
    {                  \
        NULL, 0, 0     \
    }

bool jt_kidset_has(const struct jt_kidset *set, struct jt_span kid);

/* Adds `kid` unless it is there. JT_ERR_ARGUMENT when it has another length; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_kidset_add(struct jt_kidset *set, struct jt_span kid);

/* Takes `kid` out; harmless when it is not there. */
void jt_kidset_remove(struct jt_kidset *set, struct jt_span kid);

void jt_kidset_release(struct jt_kidset *set);

#endif
