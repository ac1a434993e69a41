/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs of the public header whose first member is their size: a program built with an older or
 * newer header than ours is read right, or refused. A new member goes at the end, never where an
 * older header had padding.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_VERIFIER_SIZED_H
#define JT_VERIFIER_SIZED_H

#include "common/base/err.h"

#include <stddef.h>

/* The size up to and with member `last`: what the oldest header that has the struct gives. */
#define JT_SIZED_UP_TO(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))

/* The oldest size of a struct jeton_require. */
#define JT_SIZED_REQUIRE JT_SIZED_UP_TO(struct jeton_require, audiences)

/* Copies the struct at `in` to the `known` bytes at `out`: members that `in` is too old to have are
 * zero. JT_ERR_ARGUMENT: smaller than `oldest`, or a member we do not know is not zero. */
JT_MUST_USE enum jt_err jt_sized_read(const void *in, size_t oldest, void *out, size_t known);

/* Copies the `known` bytes at `in` to the caller's struct `out` as far as its size goes; members
 * that we do not know become zero, the size stays. JT_ERR_ARGUMENT: smaller than `oldest`. */
JT_MUST_USE enum jt_err jt_sized_write(void *out, size_t oldest, const void *in, size_t known);

#endif
