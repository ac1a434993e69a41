/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a token whose signature stands, against a policy, a requirement and the time. All
 * checks are made, so that `failures` tells every one that failed.
 * Ownership: slices borrow from the claims and the policy.
 * Thread rule: one thread.
 * Sources: RFC 7519 sec. 4.1, RFC 9068 sec. 4.
 */
#ifndef JT_VERIFIER_CLAIMCHECK_H
#define JT_VERIFIER_CLAIMCHECK_H

#include "verifier/judge/tokenclaims.h"

/* What the claims are held against; `require` may be NULL. */
struct jt_claimcheck {
    const struct jt_policy *policy;
    const struct jeton_require *require;
    int64_t now_s;
};

/* The bits of the checks that fail (JETON_FAIL_). Fills the claims of `result`. */
uint64_t jt_claimcheck_run(const struct jt_claimcheck *check, const struct jt_tokenclaims *claims,
                           struct jeton_result *result);

/* The first of `failures` in the order of the JETON_FAIL_ bits; JT_OK for none. */
JT_MUST_USE enum jt_err jt_claimcheck_first(uint64_t failures);

#endif
