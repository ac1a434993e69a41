/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a token whose signature stands, against a policy, a requirement and the time. All
 * checks are made, so that `failures` tells every one that failed.
 * Ownership: slices borrow from the claims, the policy and the caller's buffer.
 * Thread rule: one thread.
 * Sources: RFC 7519 sec. 4.1, RFC 9068 sec. 4.
 */
#ifndef JT_VERIFIER_CLAIMCHECK_H
#define JT_VERIFIER_CLAIMCHECK_H

#include "common/base/buf.h"
#include "verifier/payload.h"
#include "verifier/policy.h"

/* What the claims are held against; `require` may be NULL. */
struct jt_claimcheck {
    const struct jt_policy *policy;
    const struct jeton_require *require;
    int64_t now_s;
};

/* Fills the claims of `result` and sets the bit of each check that failed in its `failures`.
 * JT_ERR_CLAIMS when a claim is of the wrong type, JT_ERR_LIMIT, JT_ERR_NOMEM: then `result` may be
 * half filled. */
JT_MUST_USE enum jt_err jt_claimcheck_run(const struct jt_claimcheck *check,
                                          const struct jt_payload *claims, struct jt_buf *scopes,
                                          struct jeton_result *result);

/* The first of `failures` in the order of the JETON_FAIL_ bits; JT_OK for none. */
JT_MUST_USE enum jt_err jt_claimcheck_first(uint64_t failures);

#endif
