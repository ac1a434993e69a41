/* SPDX-License-Identifier: Apache-2.0 */
#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include "tests/unit/unit_signer.h"

#include "common/base/base.h"

static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_ES384, JT_ALG_ES512,
                                   JT_ALG_RS256, JT_ALG_PS256, JT_ALG_EDDSA};

/* libjwt's judgement, by the published JWK. */
static jwt_t *decode_by_libjwt(const struct jt_buf *token, const struct jt_sealed *sealed)
{
    JT_AUTOP(jwk) jwk = parse_public(sealed);
    BIO *bio = BIO_new(BIO_s_mem());
    uint8_t *pem = NULL;
    assert_int_equal(PEM_write_bio_PUBKEY(bio, jwk->pkey), 1);
    int n = (int)BIO_get_mem_data(bio, &pem);
    jwt_t *jwt = NULL;
    int failed = jwt_decode(&jwt, jt_buf_str(token), pem, n);
    BIO_free(bio);
    return failed == 0 ? jwt : NULL;
}

static void assert_payload(struct jt_span token, const char *want)
{
    struct jt_jws jws;
    uint8_t text[4096];
    size_t n = 0;
    assert_ok(jt_jws_split(token, &jws));
    assert_ok(jt_b64url_decode(jws.payload, text, &n));
    assert_span(jt_span_of(text, n), want);
}

static void sign_every_algorithm_verified_by_openssl(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(algs[i]);
        for (int k = 0; k < 20; k++) { /* the same contexts over and over */
            JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
            struct jt_claims claims = some_claims("at+jwt");
            claims.iat_s += k;
            assert_ok(sign(&sealed, &claims, &token));
            assert_true(verify_by_openssl(jt_buf_span(&token), &sealed));
            token.p[40] ^= 1;
            assert_false(verify_by_openssl(jt_buf_span(&token), &sealed));
        }
    }
}

static void sign_typ_jwt_verified_by_libjwt(void **state)
{
    (void)state;
    static const jwt_alg_t names[] = {JWT_ALG_ES256, JWT_ALG_ES384, JWT_ALG_ES512, JWT_ALG_RS256};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(algs[i]);
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        const struct jt_claims claims = some_claims("JWT");
        assert_ok(sign(&sealed, &claims, &token));
        jwt_t *jwt = decode_by_libjwt(&token, &sealed);
        assert_non_null(jwt);
        assert_int_equal(jwt_get_alg(jwt), names[i]);
        assert_string_equal(jwt_get_grant(jwt, "aud"), "https://payment.example.com/api");
        assert_int_equal(jwt_get_grant_int(jwt, "exp"), claims.exp_s);
        jwt_free(jwt);
        token.p[token.len - 20] ^= 1;
        assert_null(decode_by_libjwt(&token, &sealed));
    }
}

/* The other direction: what libjwt makes is taken apart by us as it should be. */
static void token_made_by_libjwt_parsed_by_our_rows(void **state)
{
    (void)state;
    static const struct {
        jwt_alg_t libjwt;
        enum jt_err want;
        enum jt_alg alg;
    } rows[] = {{JWT_ALG_HS256, JT_ERR_ALG, JT_ALG_NONE},
                {JWT_ALG_NONE, JT_ERR_JWS, JT_ALG_NONE},
                {JWT_ALG_ES256, JT_OK, JT_ALG_ES256}};
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    uint8_t *pem = NULL;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    int n = (int)BIO_get_mem_data(bio, &pem);
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        jwt_t *jwt = NULL;
        assert_int_equal(jwt_new(&jwt), 0);
        bool none = rows[i].libjwt == JWT_ALG_NONE;
        assert_int_equal(jwt_set_alg(jwt, rows[i].libjwt, none ? NULL : pem, none ? 0 : n), 0);
        char *text = jwt_encode_str(jwt);
        struct jt_jws jws;
        struct jt_jws_header header;
        enum jt_err err = jt_jws_split(jt_span_str(text), &jws);
        err = err == JT_OK ? jt_jws_parse_header(jws.header, &header) : err;
        assert_err(err, rows[i].want);
        assert_true(err != JT_OK || header.alg->id == rows[i].alg);
        free(text); /* given by libjwt, whose allocator is malloc */
        jwt_free(jwt);
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void sign_header_names_alg_kid_and_typ(void **state)
{
    (void)state;
    static const char *const typs[] = {"at+jwt", "JWT"};
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) sealed = generate_and_load(algs[i]);
        for (size_t t = 0; t < JT_COUNT(typs); t++) {
            JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
            const struct jt_claims claims = some_claims(typs[t]);
            struct jt_jws jws;
            struct jt_jws_header header;
            assert_ok(sign(&sealed, &claims, &token));
            assert_ok(jt_jws_split(jt_buf_span(&token), &jws));
            assert_ok(jt_jws_parse_header(jws.header, &header));
            assert_int_equal(header.alg->id, algs[i]);
            assert_string_equal(header.kid, jt_buf_str(&sealed.kid));
            assert_string_equal(header.typ, typs[t]);
        }
    }
}

static void sign_payload_is_the_claims(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_EDDSA);
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    struct jt_claims claims = some_claims("at+jwt");
    const char *want = "{\"iss\":\"https://issuer.example.com\",\"sub\":\"cart\","
                       "\"aud\":\"https://payment.example.com/api\",\"client_id\":\"cart\","
                       "\"scope\":\"payments:read payments:write\",\"iat\":1700000000,"
                       "\"nbf\":1700000000,\"exp\":1700003600,\"jti\":\"0123456789\"}";
    assert_ok(sign(&sealed, &claims, &token));
    assert_payload(jt_buf_span(&token), want);
    size_t before = token.len;
    assert_ok(sign(&sealed, &claims, &token)); /* appended */
    assert_payload(jt_span_of(token.p + before, token.len - before), want);
}

static void sign_wrong_claims_refused_out_as_it_was(void **state)
{
    (void)state;
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_EDDSA);
    JT_AUTO(buf) out = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    struct jt_claims claims = some_claims("at+jwt");
    assert_ok(jt_buf_puts(&out, "x"));
    claims.exp_s = claims.iat_s + LONGEST + 1;
    assert_err(sign(&sealed, &claims, &out), JT_ERR_LIFETIME);
    claims.exp_s--;
    claims.typ = JT_SPAN("jwt");
    assert_err(sign(&sealed, &claims, &out), JT_ERR_ARGUMENT);
    claims.typ = JT_SPAN("JWT");
    claims.n_aud = 0;
    assert_err(sign(&sealed, &claims, &out), JT_ERR_ARGUMENT);
    claims.n_aud = 1;
    claims.sub = jt_span_of("\xC3(", 2);
    assert_err(sign(&sealed, &claims, &out), JT_ERR_UTF8);
    assert_string_equal(jt_buf_str(&out), "x");
    claims.sub = JT_SPAN("cart");
    assert_ok(sign(&sealed, &claims, &out));
}

static void sign_longer_than_limit_refused(void **state)
{
    (void)state;
    static uint8_t text[JT_SIGNER_TOKEN_MAX];
    memset(text, 'a', sizeof text);
    JT_AUTO(sealed) sealed = generate_and_load(JT_ALG_ES256);
    struct jt_claims claims = some_claims("at+jwt");
    size_t longest = 0;
    for (size_t n = 11000; n < 13000; n++) {
        JT_AUTO(buf) out = JT_BUF_INIT((size_t)4 * JT_SIGNER_TOKEN_MAX);
        claims.scope = jt_span_of(text, n);
        enum jt_err err = sign(&sealed, &claims, &out);
        assert_true(err == JT_OK ? out.len <= JT_SIGNER_TOKEN_MAX : err == JT_ERR_LIMIT);
        if (err != JT_OK) {
            assert_int_equal(out.len, 0);
            break;
        }
        longest = out.len;
    }
    assert_in_range(longest, JT_SIGNER_TOKEN_MAX - 2, JT_SIGNER_TOKEN_MAX);
    JT_AUTO(buf) small = JT_BUF_INIT(300); /* the holder's own limit */
    claims = some_claims("at+jwt");
    assert_err(sign(&sealed, &claims, &small), JT_ERR_LIMIT);
    assert_int_equal(small.len, 0);
}

int main(int argc, char **argv)
{
    int ended = begin_signer_tests(argc, argv);
    if (ended >= 0) {
        return ended;
    }
    const struct CMUnitTest tests[] = {
        with_signer(sign_every_algorithm_verified_by_openssl),
        with_signer(sign_typ_jwt_verified_by_libjwt),
        with_signer(token_made_by_libjwt_parsed_by_our_rows),
        with_signer(sign_header_names_alg_kid_and_typ),
        with_signer(sign_payload_is_the_claims),
        with_signer(sign_wrong_claims_refused_out_as_it_was),
        with_signer(sign_longer_than_limit_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
