/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/claims.h"

#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

#define LONGEST 3600

/* One change to claims that are right otherwise. */
struct change {
    enum jt_err want;
    void (*make)(struct jt_claims *claims);
};

static const struct jt_span bad_auds[] = {{(const uint8_t *)"urn:a", 5}, {(const uint8_t *)"", 0}};
static const struct jt_span bad_text = {(const uint8_t *)"\xC3(", 2};

static void no_aud(struct jt_claims *c)
{
    c->n_aud = 0;
}
static void empty_aud(struct jt_claims *c)
{
    c->aud = bad_auds;
    c->n_aud = 2;
}
static void wrong_aud(struct jt_claims *c)
{
    c->aud = &bad_text;
}
static void no_iss(struct jt_claims *c)
{
    c->iss = JT_SPAN_NONE;
}
static void no_sub(struct jt_claims *c)
{
    c->sub = JT_SPAN_NONE;
}
static void no_client(struct jt_claims *c)
{
    c->client_id = JT_SPAN_NONE;
}
static void no_jti(struct jt_claims *c)
{
    c->jti = JT_SPAN_NONE;
}
static void before_1970(struct jt_claims *c)
{
    c->iat_s = -1;
}
static void wrong_iss(struct jt_claims *c)
{
    c->iss = bad_text;
}
static void wrong_sub(struct jt_claims *c)
{
    c->sub = bad_text;
}
static void wrong_client(struct jt_claims *c)
{
    c->client_id = bad_text;
}
static void wrong_jti(struct jt_claims *c)
{
    c->jti = bad_text;
}
static void wrong_scope(struct jt_claims *c)
{
    c->scope = bad_text;
}
static void wrong_extra(struct jt_claims *c)
{
    c->extra = JT_SPAN("\"a\":\"\xFF\"");
}
static void too_long(struct jt_claims *c)
{
    c->exp_s = c->iat_s + LONGEST + 1;
}
static void for_ever(struct jt_claims *c)
{
    c->exp_s = INT64_MAX;
}
static void no_time(struct jt_claims *c)
{
    c->exp_s = c->iat_s;
}
static void negative_time(struct jt_claims *c)
{
    c->exp_s = INT64_MIN;
}
static void as_long_as_allowed(struct jt_claims *c)
{
    c->exp_s = c->iat_s + LONGEST;
}
static void one_second(struct jt_claims *c)
{
    c->exp_s = c->iat_s + 1;
}

static void check_one_wrong_claim_refused_repaired_accepted(void **state)
{
    (void)state;
    static const struct change rows[] = {
        {JT_ERR_ARGUMENT, no_aud},
        {JT_ERR_ARGUMENT, empty_aud},
        {JT_ERR_UTF8, wrong_aud},
        {JT_ERR_ARGUMENT, no_iss},
        {JT_ERR_ARGUMENT, no_sub},
        {JT_ERR_ARGUMENT, no_client},
        {JT_ERR_ARGUMENT, no_jti},

        {JT_ERR_ARGUMENT, before_1970},
        {JT_ERR_UTF8, wrong_iss},
        {JT_ERR_UTF8, wrong_sub},
        {JT_ERR_UTF8, wrong_client},
        {JT_ERR_UTF8, wrong_jti},
        {JT_ERR_UTF8, wrong_scope},
        {JT_ERR_UTF8, wrong_extra},
        {JT_ERR_LIFETIME, too_long},
        {JT_ERR_LIFETIME, for_ever},
        {JT_ERR_LIFETIME, no_time},
        {JT_ERR_LIFETIME, negative_time},
        {JT_OK, as_long_as_allowed},
        {JT_OK, one_second},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_claims claims = some_claims("at+jwt");
        rows[i].make(&claims);
        assert_err(jt_claims_check(&claims, LONGEST), rows[i].want);
        claims = some_claims("at+jwt");
        assert_ok(jt_claims_check(&claims, LONGEST));
    }
}

static void check_scope_and_extra_may_be_absent(void **state)
{
    (void)state;
    struct jt_claims claims = some_claims("at+jwt");
    claims.scope = claims.extra = JT_SPAN_NONE;
    assert_ok(jt_claims_check(&claims, LONGEST));
}

static void put_in_fixed_order(void **state)
{
    (void)state;
    JT_AUTO(buf) text = JT_BUF_INIT(1024);
    const struct jt_claims claims = some_claims("at+jwt");
    assert_ok(jt_claims_put(&claims, &text));
    assert_string_equal(jt_buf_str(&text),
                        "{\"iss\":\"https://issuer.example.com\",\"sub\":\"cart\","
                        "\"aud\":\"https://payment.example.com/api\",\"client_id\":\"cart\","
                        "\"scope\":\"payments:read payments:write\",\"iat\":1700000000,"
                        "\"nbf\":1700000000,\"exp\":1700003600,\"jti\":\"0123456789\"}");
}

static void put_several_audiences_no_scope_and_extra(void **state)
{
    (void)state;
    const struct jt_span two[] = {JT_SPAN("urn:a"), JT_SPAN("urn:\"b\"\n\xC3\xA4")};
    JT_AUTO(buf) text = JT_BUF_INIT(1024);
    struct jt_claims claims = some_claims("at+jwt");
    claims.aud = two;
    claims.n_aud = 2;
    claims.scope = JT_SPAN_NONE;
    claims.nbf_s = 5;
    claims.extra = JT_SPAN("\"tenant\":\"t1\",\"n\":[1]");
    assert_ok(jt_claims_put(&claims, &text));
    assert_string_equal(jt_buf_str(&text),
                        "{\"iss\":\"https://issuer.example.com\",\"sub\":\"cart\","
                        "\"aud\":[\"urn:a\",\"urn:\\\"b\\\"\\n\xC3\xA4\"],"
                        "\"client_id\":\"cart\",\"iat\":1700000000,\"nbf\":5,"
                        "\"exp\":1700003600,\"jti\":\"0123456789\","
                        "\"tenant\":\"t1\",\"n\":[1]}");
}

static void put_past_any_limit_refused(void **state)
{
    (void)state;
    JT_AUTO(buf) whole = JT_BUF_INIT(1024);
    struct jt_claims claims = some_claims("at+jwt");
    claims.extra = JT_SPAN("\"a\":1");
    assert_ok(jt_claims_put(&claims, &whole));
    for (size_t max = 0; max < whole.len; max++) {
        JT_AUTO(buf) text = JT_BUF_INIT(max);
        assert_err(jt_claims_put(&claims, &text), JT_ERR_LIMIT);
    }
    JT_AUTO(buf) text = JT_BUF_INIT(whole.len);
    assert_ok(jt_claims_put(&claims, &text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_one_wrong_claim_refused_repaired_accepted),
        cmocka_unit_test(check_scope_and_extra_may_be_absent),
        cmocka_unit_test(put_in_fixed_order),
        cmocka_unit_test(put_several_audiences_no_scope_and_extra),
        cmocka_unit_test(put_past_any_limit_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
