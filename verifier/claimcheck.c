/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/claimcheck.h"

#include "verifier/tokenscope.h"

#include "common/base/base.h"

static struct jeton_slice slice(struct jt_span s)
{
    return (struct jeton_slice){(const char *)s.p, s.n};
}

static enum jt_err read_text(const struct jt_payload *claims, const char *name,
                             struct jeton_slice *out)
{
    struct jt_span text;
    JT_TRY(jt_payload_text(claims, name, &text));
    *out = slice(text);
    return JT_OK;
}

static enum jt_err read_texts(const struct jt_payload *claims, struct jeton_result *result)
{
    JT_TRY(read_text(claims, "iss", &result->issuer));
    JT_TRY(read_text(claims, "sub", &result->subject));
    JT_TRY(read_text(claims, "client_id", &result->client_id));
    return read_text(claims, "jti", &result->token_id);
}

static uint64_t check_issuer(const struct jt_policy *policy, const struct jeton_result *result)
{
    /* RFC 7519 sec. 4.1.1, RFC 9068 sec. 4: iss is exactly the issuer, byte by byte */
    return jt_span_eq(jt_span_of(result->issuer.p, result->issuer.n),
                      jt_span_of(policy->issuer, policy->issuer_len))
               ? 0
               : JETON_FAIL_ISSUER;
}

static enum jt_err check_audience(const struct jt_policy *policy, const struct jt_payload *claims,
                                  struct jeton_result *result)
{
    size_t n = 0;
    JT_TRY(jt_payload_count(claims, "aud", &n));
    /* RFC 7519 sec. 4.1.3: one of the audiences must be us; absent is refused too */
    for (size_t a = 0; a < policy->audiences->n; a++) {
        for (size_t i = 0; i < n; i++) {
            if (jt_span_eq(policy->audiences->v[a], jt_payload_element(claims, "aud", i))) {
                result->audience = slice(policy->audiences->v[a]);
                return JT_OK;
            }
        }
    }
    result->failures |= JETON_FAIL_AUDIENCE;
    return JT_OK;
}

static uint64_t check_age(const struct jt_claimcheck *check, int64_t iat)
{
    int64_t skew_s = check->policy->skew_s, max_age_s = check->policy->max_age_s;
    if (max_age_s > 0 && iat < 0) {
        return JETON_FAIL_MISSING;
    }
    if (max_age_s > 0 && check->now_s > iat + max_age_s + skew_s) {
        return JETON_FAIL_TOO_OLD;
    }
    /* RFC 7519 sec. 4.1.6: iat; a token from the future was made by a wrong clock */
    return iat > check->now_s + skew_s ? JETON_FAIL_NOT_YET : 0;
}

static enum jt_err check_times(const struct jt_claimcheck *check, const struct jt_payload *claims,
                               struct jeton_result *result)
{
    int64_t exp = -1, nbf = -1, iat = -1, skew_s = check->policy->skew_s;
    JT_TRY(jt_payload_date(claims, "exp", &exp));
    JT_TRY(jt_payload_date(claims, "nbf", &nbf));
    JT_TRY(jt_payload_date(claims, "iat", &iat));
    /* RFC 9068 sec. 2.2: exp is required */
    if (exp < 0) {
        result->failures |= JETON_FAIL_MISSING;
    } else if (check->now_s >= exp + skew_s) {
        /* RFC 7519 sec. 4.1.4: exp; reject at or after */
        result->failures |= JETON_FAIL_EXPIRED;
    }
    /* RFC 7519 sec. 4.1.5: nbf; reject before */
    if (nbf > check->now_s + skew_s) {
        result->failures |= JETON_FAIL_NOT_YET;
    }
    result->failures |= check_age(check, iat);
    result->expires_s = exp < 0 ? 0 : exp;
    result->issued_s = iat;
    return JT_OK;
}

static uint64_t check_required(const struct jt_policy *policy, const struct jt_payload *claims)
{
    for (size_t i = 0; i < policy->required_claims->n; i++) {
        if (!jt_payload_has(claims, (const char *)policy->required_claims->v[i].p)) {
            return JETON_FAIL_MISSING;
        }
    }
    return 0;
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

enum jt_err jt_claimcheck_run(const struct jt_claimcheck *check, const struct jt_payload *claims,
                              struct jt_buf *scopes, struct jeton_result *result)
{
    struct jt_span scope;
    JT_TRY(read_texts(claims, result));
    JT_TRY(check_audience(check->policy, claims, result));
    JT_TRY(check_times(check, claims, result));
    JT_TRY(jt_tokenscope_read(claims, check->policy->scope_claims, scopes, &scope));
    result->scope = slice(scope);
    result->failures |= check_issuer(check->policy, result);
    result->failures |= check_required(check->policy, claims);
    if (check->require != NULL && !jt_tokenscope_allows(scope, check->require)) {
        result->failures |= JETON_FAIL_SCOPE;
    }
    return JT_OK;
}
