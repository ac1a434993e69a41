/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one issuer's tokens must be: a checked deep copy of a struct jeton_policy.
 * Ownership: jt_policy_new gives it.
 * Thread rule: immutable once made, any thread.
 * Sources: RFC 8725 sec. 3.1, 3.11; RFC 9068 sec. 4.
 */
#ifndef JT_VERIFIER_POLICY_H
#define JT_VERIFIER_POLICY_H

#include "common/base/diag.h"
#include "common/jose/alg.h"
#include "verifier/texts.h"

#include <jeton/verifier.h>

#define JT_POLICY_AUDIENCES 256 /* at most, a multiple of 64 */

struct jt_policy {
    char *issuer;
    size_t issuer_len;
    struct jt_texts *audiences, *types, *required_claims, *scope_claims;
    char *jwks_uri;   /* NULL: by discovery, if it fetches at all */
    char *jwks_file;  /* NULL: none */
    char *jwks_cache; /* NULL: none */
    bool fetches;
    uint32_t algorithms; /* bits of JETON_*, which are the numbers of enum jt_alg */
    int64_t skew_s, max_age_s;
    size_t max_token;
};

/* Gives a checked copy of `given`. JT_ERR_ARGUMENT with a sentence in `diag`; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_policy_new(const struct jeton_policy *given, struct jt_diag *diag,
                                      struct jt_policy **out_policy);

void jt_policy_free(struct jt_policy *policy);

/* Is `alg` one that the policy accepts. */
bool jt_policy_allows(const struct jt_policy *policy, const struct jt_alg_row *alg);

/* Is the header's `typ` (empty when absent) one that the policy accepts. */
bool jt_policy_accepts_type(const struct jt_policy *policy, struct jt_span typ);

#endif
