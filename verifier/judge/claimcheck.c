/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/claimcheck.h"

#include "verifier/judge/tokenscope.h"

#include "common/base/base.h"

static bool holds(const struct jt_tokenclaims *claims, size_t audience)
{
    return (claims->audiences[audience / 64] >> audience % 64 & 1) != 0;
}

/* The first of the policy's audiences that is held, and, if `name` is not NULL, is called so. */
static bool find_audience(const struct jt_policy *policy, const struct jt_tokenclaims *claims,
                          const char *name, struct jeton_slice *out)
{
    for (size_t i = 0; i < policy->audiences->n; i++) {
        struct jt_span audience = policy->audiences->v[i];
        if (holds(claims, i) && (name == NULL || jt_span_is(audience, name))) {
            *out = (struct jeton_slice){(const char *)audience.p, audience.n};
            return true;
        }
    }
    return false;
}

/* RFC 7519 sec. 4.1.3: one of the audiences must be us; absent is refused too */
static uint64_t check_audience(const struct jt_claimcheck *check,
                               const struct jt_tokenclaims *claims, struct jeton_slice *out)
{
    const char *const *names = check->require != NULL ? check->require->audiences : NULL;
    if (names == NULL) {
        return find_audience(check->policy, claims, NULL, out) ? 0 : JETON_FAIL_AUDIENCE;
    }
    for (; *names != NULL; names++) {
        if (find_audience(check->policy, claims, *names, out)) {
            return 0;
        }
    }
    return JETON_FAIL_AUDIENCE;
}

static uint64_t check_times(const struct jt_claimcheck *check, const struct jt_tokenclaims *claims)
{
    int64_t now_s = check->now_s, skew_s = check->policy->skew_s;
    int64_t max_age_s = check->policy->max_age_s;
    uint64_t failures = 0;
    /* RFC 7519 sec. 4.1.4: exp; reject at or after */
    if (claims->exp_s >= 0 && now_s >= claims->exp_s + skew_s) {
        failures |= JETON_FAIL_EXPIRED;
    }
    /* RFC 7519 sec. 4.1.5: nbf; reject before */
    if (claims->nbf_s > now_s + skew_s) {
        failures |= JETON_FAIL_NOT_YET;
    }
    /* RFC 7519 sec. 4.1.6: iat; a token from the future was made by a wrong clock */
    if (claims->iat_s > now_s + skew_s) {
        failures |= JETON_FAIL_NOT_YET;
    }
    if (max_age_s > 0 && claims->iat_s >= 0 && now_s > claims->iat_s + max_age_s + skew_s) {
        failures |= JETON_FAIL_TOO_OLD;
    }
    return failures;
}

static void fill(const struct jt_tokenclaims *claims, struct jeton_result *result)
{
    result->issuer = claims->issuer;
    result->subject = claims->subject;
    result->client_id = claims->client_id;
    result->token_id = claims->token_id;
    result->scope = claims->scope;
    result->expires_s = claims->exp_s < 0 ? 0 : claims->exp_s;
    result->issued_s = claims->iat_s;
}

uint64_t jt_claimcheck_run(const struct jt_claimcheck *check, const struct jt_tokenclaims *claims,
                           struct jeton_result *result)
{
    uint64_t failures = check_times(check, claims);
    fill(claims, result);
    failures |= check_audience(check, claims, &result->audience);
    failures |= claims->of_issuer ? 0 : JETON_FAIL_ISSUER;
    failures |= claims->complete ? 0 : JETON_FAIL_MISSING;
    if (check->require != NULL &&
        !jt_tokenscope_allows(jt_span_of(claims->scope.p, claims->scope.n), check->require)) {
        failures |= JETON_FAIL_SCOPE;
    }
    return failures;
}

enum jt_err jt_claimcheck_first(uint64_t failures)
{
    static const struct {
        uint64_t bit;
        enum jt_err err;
    } order[] = {
        {JETON_FAIL_ISSUER, JT_ERR_ISS},      {JETON_FAIL_AUDIENCE, JT_ERR_AUD},
        {JETON_FAIL_EXPIRED, JT_ERR_EXPIRED}, {JETON_FAIL_NOT_YET, JT_ERR_NOT_YET},
        {JETON_FAIL_TOO_OLD, JT_ERR_TOO_OLD}, {JETON_FAIL_MISSING, JT_ERR_CLAIM_MISSING},
        {JETON_FAIL_SCOPE, JT_ERR_SCOPE},
    };
    for (size_t i = 0; i < JT_COUNT(order); i++) {
        if ((failures & order[i].bit) != 0) {
            return order[i].err;
        }
    }
    return JT_OK;
}
