/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/claims.h"

#include "common/json/json.h"

#include "common/base/base.h"

/* RFC 9068 sec. 2.2: iss, exp, aud, sub, client_id, iat and jti are required.
 * RFC 7519 sec. 7.1: the claims set is UTF-8. */
enum jt_err jt_claims_check_fixed(const struct jt_claims *claims)
{
    if (claims->n_aud == 0 || claims->iss.n == 0 || claims->sub.n == 0 ||
        claims->client_id.n == 0) {
        return JT_ERR_ARGUMENT;
    }
    bool utf8 = jt_span_utf8(claims->iss) && jt_span_utf8(claims->sub) &&
                jt_span_utf8(claims->client_id) && jt_span_utf8(claims->scope);
    for (size_t i = 0; i < claims->n_aud; i++) {
        if (claims->aud[i].n == 0) {
            return JT_ERR_ARGUMENT;
        }
        utf8 = utf8 && jt_span_utf8(claims->aud[i]);
    }
    return utf8 ? JT_OK : JT_ERR_UTF8;
}

enum jt_err jt_claims_check_own(const struct jt_claims *claims, int64_t longest_s)
{
    if (claims->jti.n == 0 || claims->iat_s < 0) {
        return JT_ERR_ARGUMENT;
    }
    if (!jt_span_utf8(claims->jti) || !jt_span_utf8(claims->extra)) {
        return JT_ERR_UTF8;
    }
    /* iat is not negative, so the difference does not overflow */
    if (claims->exp_s <= claims->iat_s || claims->exp_s - claims->iat_s > longest_s) {
        return JT_ERR_LIFETIME;
    }
    return JT_OK;
}

enum jt_err jt_claims_check(const struct jt_claims *claims, int64_t longest_s)
{
    JT_TRY(jt_claims_check_fixed(claims));
    return jt_claims_check_own(claims, longest_s);
}

static enum jt_err put_text(struct jt_buf *out, struct jt_span before, struct jt_span value)
{
    JT_TRY(jt_buf_put(out, before));
    return jt_json_put_string(out, value);
}

static enum jt_err put_number(struct jt_buf *out, struct jt_span before, int64_t value)
{
    JT_TRY(jt_buf_put(out, before));
    return jt_buf_puti(out, value);
}

/* RFC 7519 sec. 4.1.3: a single audience may be a string, which every verifier understands. */
static enum jt_err put_aud(const struct jt_claims *claims, struct jt_buf *out)
{
    if (claims->n_aud == 1) {
        return put_text(out, JT_SPAN(",\"aud\":"), claims->aud[0]);
    }
    for (size_t i = 0; i < claims->n_aud; i++) {
        JT_TRY(put_text(out, i == 0 ? JT_SPAN(",\"aud\":[") : JT_SPAN(","), claims->aud[i]));
    }
    return jt_buf_putc(out, ']');
}

enum jt_err jt_claims_put_fixed(const struct jt_claims *claims, struct jt_buf *out)
{
    JT_TRY(put_text(out, JT_SPAN("{\"iss\":"), claims->iss));
    JT_TRY(put_text(out, JT_SPAN(",\"sub\":"), claims->sub));
    JT_TRY(put_aud(claims, out));
    JT_TRY(put_text(out, JT_SPAN(",\"client_id\":"), claims->client_id));
    if (claims->scope.n > 0) {
        JT_TRY(put_text(out, JT_SPAN(",\"scope\":"), claims->scope));
    }
    return JT_OK;
}

enum jt_err jt_claims_put_own(const struct jt_claims *claims, struct jt_buf *out)
{
    JT_TRY(put_number(out, JT_SPAN(",\"iat\":"), claims->iat_s));
    JT_TRY(put_number(out, JT_SPAN(",\"nbf\":"), claims->nbf_s));
    JT_TRY(put_number(out, JT_SPAN(",\"exp\":"), claims->exp_s));
    JT_TRY(put_text(out, JT_SPAN(",\"jti\":"), claims->jti));
    if (claims->extra.n > 0) {
        JT_TRY(jt_buf_putc(out, ','));
        JT_TRY(jt_buf_put(out, claims->extra));
    }
    return jt_buf_putc(out, '}');
}

enum jt_err jt_claims_put(const struct jt_claims *claims, struct jt_buf *out)
{
    JT_TRY(jt_claims_put_fixed(claims, out));
    return jt_claims_put_own(claims, out);
}
