/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of the token that a decision gives: put together here for the token endpoint, which
 * has them signed, and for explain, which shows them. It decides nothing and renders nothing
 * (keys/claims.h does).
 * Ownership: what is filled borrows from the root, the client, the decision and the caller.
 * Thread rule: any thread.
 * Source: RFC 9068 sec. 2.2.
 */
#ifndef JT_ISSUER_TOKEN_CLAIMS_H
#define JT_ISSUER_TOKEN_CLAIMS_H

#include "issuer/access/decide.h"
#include "issuer/root.h"
#include "keys/signer.h"

#define JT_TOKEN_CLAIMS_MAX_SCOPE (JT_DECIDE_MAX_SCOPES * (JT_NAMES_MAX + 1))

/* Held in place: `claims.aud` points to `aud`. */
struct jt_token_claims {
    struct jt_claims claims;
    struct jt_span aud[JT_DECIDE_MAX_RESOURCES];
};

/* What the decision does not know of a token. */
struct jt_token_claims_own {
    struct jt_span scope; /* of jt_token_claims_scope */
    struct jt_span jti;
    int64_t now_s;
};

/* Appends the decision's scopes, separated by spaces (RFC 6749 sec. 3.3). JT_ERR_LIMIT,
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_token_claims_scope(const struct jt_decision *decision,
                                              struct jt_buf *out);

void jt_token_claims_fill(const struct jt_root *root, const struct jt_client *client,
                          const struct jt_decision *decision, const struct jt_token_claims_own *own,
                          struct jt_token_claims *out_claims);

#endif
