/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far one name is from another, for "did you mean": edits are one letter more, less or other,
 * or two neighbours swapped. It decides nothing.
 * Ownership: none.
 * Thread rule: any thread.
 */
#ifndef JT_BASE_EDITS_H
#define JT_BASE_EDITS_H

#include "common/base/span.h"

#define JT_EDITS_MAX 256 /* bytes; longer names are near to nothing */

/* The edits from `a` to `b`; SIZE_MAX when either is over JT_EDITS_MAX. */
size_t jt_edits_between(struct jt_span a, struct jt_span b);

#endif
