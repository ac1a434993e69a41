/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a response may be kept, from its Cache-Control header. It knows max-age, no-cache and
 * no-store; the caller clamps.
 * Ownership: none.
 * Thread rule: any thread.
 * Source: RFC 9111 sec. 5.2.2, 1.2.2.
 */
#ifndef JT_VERIFIER_MAX_AGE_H
#define JT_VERIFIER_MAX_AGE_H

#include "common/base/span.h"

/* Seconds of the first max-age in `value`; 0 for no-cache and no-store; -1 when it names none. A
 * number that is none counts as 0, one above 2^31 as 2^31. */
int64_t jt_max_age_parse(struct jt_span value);

#endif
