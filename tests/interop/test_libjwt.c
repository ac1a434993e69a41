/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjwt, an implementation that is not ours: tokens of our signer verify by it, and tokens that it
 * makes are judged by libjeton as they should be.
 */
#include "tests/unit/unit_keys.h"

#include <jwt.h>
#include <openssl/pem.h>

#include "common/jose/jwk.h"
#include "common/json/json.h"
#include "tests/support/verify_desk.h"

#define KID "k1"

struct pem {
    char *text;
    int n;
};

static struct pem take_pem(BIO *bio)
{
    char *at = NULL;
    long n = BIO_get_mem_data(bio, &at);
    assert_true(n > 0);
    struct pem pem = {malloc((size_t)n + 1), (int)n};
    assert_non_null(pem.text);
    memcpy(pem.text, at, (size_t)n);
    pem.text[n] = 0;
    BIO_free(bio);
    return pem;
}

static struct pem public_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    return take_pem(bio);
}

static struct pem private_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    return take_pem(bio);
}

static const struct {
    enum jt_alg alg;
    jwt_alg_t libjwt;
    const char *name;
} algs[] = {
    {JT_ALG_RS256, JWT_ALG_RS256, "RS256"},
    {JT_ALG_ES256, JWT_ALG_ES256, "ES256"},
    {JT_ALG_ES384, JWT_ALG_ES384, "ES384"},
    {JT_ALG_ES512, JWT_ALG_ES512, "ES512"},
};

/* --- ours, judged by libjwt --- */

static void sign_ours(enum jt_alg alg, struct jt_buf *out_token, struct pem *out_pem)
{
    struct jt_signer *signer = fixed_signer(7, &jt_random_system);
    struct jt_signer_lane *lane = NULL;
    struct jt_sealed sealed = JT_SEALED_INIT;
    struct jt_claims claims = some_claims("JWT"); /* libjwt 1.10 refuses any other typ */
    assert_ok(jt_signer_generate(signer, JT_SEALED_KEY, alg, &sealed, NULL));
    assert_ok(jt_signer_load(signer, &sealed, 3600, NULL, NULL));
    assert_ok(jt_signer_lane_new(signer, &lane));
    assert_ok(jt_signer_sign(lane, jt_buf_span(&sealed.kid), &claims, out_token));
    json_t *json = NULL;
    struct jt_jwk *jwk = NULL;
    assert_ok(jt_json_load_object(jt_buf_span(&sealed.public_jwk), JT_JSON_DEPTH, &json));
    assert_ok(jt_jwk_parse(json, &jwk));
    *out_pem = public_pem(jwk->pkey);
    jt_jwk_free(jwk);
    json_decref(json);
    jt_signer_lane_free(lane);
    jt_sealed_release(&sealed);
    jt_signer_free(signer);
}

static void our_tokens_verify_by_libjwt(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
        struct pem pem;
        jwt_t *jwt = NULL;
        sign_ours(algs[i].alg, &token, &pem);
        assert_int_equal(jwt_decode(&jwt, jt_buf_str(&token), (uint8_t *)pem.text, pem.n), 0);
        assert_int_equal(jwt_get_alg(jwt), algs[i].libjwt);
        assert_string_equal(jwt_get_grant(jwt, "iss"), "https://issuer.example.com");
        assert_string_equal(jwt_get_grant(jwt, "aud"), "https://payment.example.com/api");
        assert_string_equal(jwt_get_grant(jwt, "scope"), "payments:read payments:write");
        assert_int_equal(jwt_get_grant_int(jwt, "exp"), 1700003600);
        jwt_free(jwt);
        /* one character of the claims changed */
        jwt = NULL;
        uint8_t *middle = memchr(token.p, '.', token.len);
        assert_non_null(middle);
        middle[20] = middle[20] == 'A' ? 'B' : 'A';
        assert_int_not_equal(jwt_decode(&jwt, jt_buf_str(&token), (uint8_t *)pem.text, pem.n), 0);
        jwt_free(jwt);
        free(pem.text);
    }
}

/* --- libjwt's, judged by ours --- */

static const char *const jwt_types[] = {"JWT", NULL};

/* A token of libjwt with the good claims, of which `changes` are put over. */
static const char *sign_theirs(jwt_alg_t alg, const struct pem *key, const char *changes)
{
    jwt_t *jwt = NULL;
    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(jwt_add_header(jwt, "kid", KID), 0);
    assert_int_equal(jwt_add_grants_json(jwt, desk_claims(changes)), 0);
    assert_int_equal(jwt_set_alg(jwt, alg, key == NULL ? NULL : (const uint8_t *)key->text,
                                 key == NULL ? 0 : key->n),
                     0);
    char *text = jwt_encode_str(jwt);
    assert_non_null(text);
    const char *kept = token_maker_text("%s", text);
    free(text);
    jwt_free(jwt);
    return kept;
}

static void their_tokens_are_judged_as_they_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        const struct token_key *key = token_maker_key(algs[i].name);
        struct pem pem = private_pem(key->pkey);
        struct desk desk;
        struct jeton_policy policy = desk_policy();
        const char *good = sign_theirs(algs[i].libjwt, &pem, "{}");

        /* libjwt writes typ JWT, which only a policy that says so accepts */
        desk_open(&desk, NULL, desk_jwks(key));
        assert_status(desk_judge(&desk, good), JETON_TYP_REFUSED);
        desk_close(&desk);

        policy.types = jwt_types;
        desk_open(&desk, &policy, desk_jwks(key));
        assert_status(desk_judge(&desk, good), JETON_OK);
        assert_pair(&desk, sign_theirs(algs[i].libjwt, &pem, "{\"exp\":1}"), JETON_EXPIRED, good);
        assert_pair(&desk, sign_theirs(algs[i].libjwt, &pem, "{\"exp\":null}"), JETON_MISSING_CLAIM,
                    good);
        assert_pair(&desk, sign_theirs(algs[i].libjwt, &pem, "{\"aud\":\"https://other\"}"),
                    JETON_WRONG_AUDIENCE, good);
        assert_pair(&desk, sign_theirs(algs[i].libjwt, &pem, "{\"iss\":\"https://other\"}"),
                    JETON_WRONG_ISSUER, good);

        /* another key of the same algorithm, under the same kid */
        struct pem other = private_pem(token_maker_key(algs[i].name)->pkey);
        assert_pair(&desk, sign_theirs(algs[i].libjwt, &other, "{}"), JETON_BAD_SIGNATURE, good);
        desk_close(&desk);
        free(other.text);
        free(pem.text);
    }
    token_maker_release();
}

/* What libjwt 1.10 itself takes: a token HMACed with the published PEM, or with no key at all. */
static void their_forgeries_are_refused(void **state)
{
    (void)state;
    const struct token_key *key = token_maker_key("RS256");
    struct pem shown = public_pem(key->pkey), pem = private_pem(key->pkey);
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    policy.types = jwt_types;
    desk_open(&desk, &policy, desk_jwks(key));
    const char *good = sign_theirs(JWT_ALG_RS256, &pem, "{}");
    assert_pair(&desk, sign_theirs(JWT_ALG_HS256, &shown, "{}"), JETON_ALG_REFUSED, good);
    assert_pair(&desk, sign_theirs(JWT_ALG_HS512, &shown, "{}"), JETON_ALG_REFUSED, good);
    jeton_status none = desk_judge(&desk, sign_theirs(JWT_ALG_NONE, NULL, "{}"));
    assert_int_equal(jeton_status_class(none), 401);
    desk_close(&desk);
    free(shown.text);
    free(pem.text);
    token_maker_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_tokens_verify_by_libjwt),
        cmocka_unit_test(their_tokens_are_judged_as_they_should_be),
        cmocka_unit_test(their_forgeries_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
