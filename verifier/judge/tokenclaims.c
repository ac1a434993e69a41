/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/judge/tokenclaims.h"

#include "verifier/judge/tokenscope.h"

#include "common/base/base.h"

static enum jt_err read_text(const struct jt_payload *payload, const char *name,
                             struct jeton_slice *out)
{
    struct jt_span text;
    JT_TRY(jt_payload_text(payload, name, &text));
    *out = (struct jeton_slice){(const char *)text.p, text.n};
    return JT_OK;
}

static enum jt_err read_texts(const struct jt_payload *payload, struct jt_tokenclaims *claims)
{
    JT_TRY(read_text(payload, "iss", &claims->issuer));
    JT_TRY(read_text(payload, "sub", &claims->subject));
    JT_TRY(read_text(payload, "client_id", &claims->client_id));
    return read_text(payload, "jti", &claims->token_id);
}

static enum jt_err read_times(const struct jt_payload *payload, struct jt_tokenclaims *claims)
{
    JT_TRY(jt_payload_date(payload, "exp", &claims->exp_s));
    JT_TRY(jt_payload_date(payload, "nbf", &claims->nbf_s));
    return jt_payload_date(payload, "iat", &claims->iat_s);
}

/* RFC 7519 sec. 4.1.3: aud is one string or an array of them */
static enum jt_err read_audiences(const struct jt_policy *policy, const struct jt_payload *payload,
                                  struct jt_tokenclaims *claims)
{
    size_t n = 0;
    JT_TRY(jt_payload_count(payload, "aud", &n));
    for (size_t i = 0; i < n; i++) {
        struct jt_span held = jt_payload_element(payload, "aud", i);
        for (size_t a = 0; a < policy->audiences->n; a++) {
            if (jt_span_eq(policy->audiences->v[a], held)) {
                claims->audiences[a / 64] |= UINT64_C(1) << a % 64;
            }
        }
    }
    return JT_OK;
}

static bool is_complete(const struct jt_policy *policy, const struct jt_payload *payload,
                        const struct jt_tokenclaims *claims)
{
    /* RFC 9068 sec. 2.2: exp is required; the age of a token is counted from iat */
    if (claims->exp_s < 0 || (policy->max_age_s > 0 && claims->iat_s < 0)) {
        return false;
    }
    for (size_t i = 0; i < policy->required_claims->n; i++) {
        if (!jt_payload_has(payload, (const char *)policy->required_claims->v[i].p)) {
            return false;
        }
    }
    return true;
}

enum jt_err jt_tokenclaims_read(const struct jt_policy *policy, const struct jt_payload *payload,
                                struct jt_buf *scopes, struct jt_tokenclaims *out_claims)
{
    struct jt_span scope;
    *out_claims = (struct jt_tokenclaims){.exp_s = -1};
    JT_TRY(read_texts(payload, out_claims));
    JT_TRY(read_audiences(policy, payload, out_claims));
    JT_TRY(read_times(payload, out_claims));
    JT_TRY(jt_tokenscope_read(payload, policy->scope_claims, scopes, &scope));
    out_claims->scope = (struct jeton_slice){(const char *)scope.p, scope.n};
    out_claims->complete = is_complete(policy, payload, out_claims);
    /* RFC 7519 sec. 4.1.1, RFC 9068 sec. 4: iss is exactly the issuer, byte by byte */
    out_claims->of_issuer = jt_span_eq(jt_span_of(out_claims->issuer.p, out_claims->issuer.n),
                                       jt_span_of(policy->issuer, policy->issuer_len));
    return JT_OK;
}
