/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of one token that every policy asks about, read once and typed; what depends on the
 * time or on the route is judged later and anew (claimcheck.h). It does not judge.
 * Ownership: slices borrow from the payload, the policy and the caller's buffer.
 * Thread rule: one thread.
 * Sources: RFC 7519 sec. 4.1, RFC 9068 sec. 2.2.
 */
#ifndef JT_VERIFIER_TOKENCLAIMS_H
#define JT_VERIFIER_TOKENCLAIMS_H

#include "common/base/buf.h"
#include "verifier/judge/payload.h"
#include "verifier/policy.h"

struct jt_tokenclaims {
    struct jeton_slice issuer, subject, client_id, token_id, scope;
    int64_t exp_s, nbf_s, iat_s;                  /* -1 when absent */
    bool of_issuer;                               /* iss is the policy's issuer */
    bool complete;                                /* exp and what the policy requires are there */
    uint64_t audiences[JT_POLICY_AUDIENCES / 64]; /* bit i: aud holds the policy's audience i */
};

/* Reads them. An array of scopes is joined in `scopes`. JT_ERR_CLAIMS when a claim is of the wrong
 * type, JT_ERR_LIMIT, JT_ERR_NOMEM; `*out_claims` is undefined then. */
JT_MUST_USE enum jt_err jt_tokenclaims_read(const struct jt_policy *policy,
                                            const struct jt_payload *payload, struct jt_buf *scopes,
                                            struct jt_tokenclaims *out_claims);

#endif
