/* SPDX-License-Identifier: Apache-2.0 */
/* What jeton_verify checks of a token, by pairs: refused, and with that one thing mended accepted.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"
#include "verifier/worker.h"

#include <string.h>

static const struct token_key *key; /* ES256: the checks below do not depend on the algorithm */

static int make_key(void **state)
{
    (void)state;
    key = token_maker_key("ES256");
    return 0;
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

static void verify_each_algorithm_and_a_changed_byte_refused(void **state)
{
    (void)state;
    static const char *const algs[] = {"ES256", "ES384", "ES512", "RS256", "RS384",  "RS512",
                                       "PS256", "PS384", "PS512", "EdDSA", "Ed25519"};
    const struct token_key *rsa = token_maker_key("RS256");
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        const struct token_key as = {algs[i], rsa->pkey};
        const struct token_key *signer =
            algs[i][0] == 'R' || algs[i][0] == 'P' ? &as : token_maker_key(algs[i]);
        struct jeton_policy policy = desk_policy();
        policy.algorithms = JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_RS384 |
                            JETON_RS512 | JETON_PS256 | JETON_PS384 | JETON_PS512 | JETON_EDDSA;
        struct desk desk;
        desk_open(&desk, &policy, desk_jwks(signer));
        const char *good = desk_token(signer, "{}");
        char *bad = strdup(good);
        char *at = strchr(bad, '.') + 10;
        *at = *at == 'A' ? 'B' : 'A';
        assert_pair(&desk, bad, JETON_BAD_SIGNATURE, good);
        free(bad);
        desk_close(&desk);
    }
}

static void verify_algorithm_outside_policy_refused(void **state)
{
    (void)state;
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    policy.algorithms = JETON_RS256;
    desk_open(&desk, &policy, desk_jwks(key));
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_ALG_REFUSED);
    desk_close(&desk);
    policy.algorithms = JETON_RS256 | JETON_ES256;
    desk_open(&desk, &policy, desk_jwks(key));
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_OK);
    desk_close(&desk);
}

/* `bad` and `good` are what is put over the claims. */
static const struct claim_row {
    const char *bad;
    jeton_status want;
    const char *good;
} claim_rows[] = {
    {"{\"iss\":null}", JETON_WRONG_ISSUER, "{}"},
    {"{\"iss\":\"https://id.example.com/\"}", JETON_WRONG_ISSUER, "{}"},
    {"{\"iss\":\"https://id.example.co\"}", JETON_WRONG_ISSUER, "{}"},
    {"{\"iss\":[\"https://id.example.com\"]}", JETON_BAD_CLAIMS, "{}"},
    {"{\"aud\":null}", JETON_WRONG_AUDIENCE, "{}"},
    {"{\"aud\":\"https://payment.example.com/ap\"}", JETON_WRONG_AUDIENCE, "{}"},
    {"{\"aud\":\"https://payment.example.com/api/\"}", JETON_WRONG_AUDIENCE, "{}"},
    {"{\"aud\":[]}", JETON_WRONG_AUDIENCE, "{\"aud\":[\"https://payment.example.com/api\"]}"},
    {"{\"aud\":[\"x\",\"y\"]}", JETON_WRONG_AUDIENCE,
     "{\"aud\":[\"x\",\"https://payment.example.com/api\"]}"},
    {"{\"aud\":[\"https://payment.example.com/api\",1]}", JETON_BAD_CLAIMS,
     "{\"aud\":[\"https://payment.example.com/api\",\"1\"]}"},
    {"{\"aud\":{\"https://payment.example.com/api\":1}}", JETON_BAD_CLAIMS, "{}"},
    {"{\"sub\":7}", JETON_BAD_CLAIMS, "{\"sub\":\"7\"}"},
    {"{\"client_id\":7}", JETON_BAD_CLAIMS, "{\"client_id\":\"7\"}"},
    {"{\"jti\":7}", JETON_BAD_CLAIMS, "{\"jti\":\"7\"}"},
    {"{\"scope\":7}", JETON_BAD_CLAIMS, "{\"scope\":\"7\"}"},
    {"{\"scope\":[\"a\",7]}", JETON_BAD_CLAIMS, "{\"scope\":[\"a\",\"7\"]}"},
    {"{\"exp\":null}", JETON_MISSING_CLAIM, "{}"},
    {"{\"exp\":1700000000}", JETON_EXPIRED, "{\"exp\":1700000001}"},
    {"{\"exp\":1700000000.9}", JETON_EXPIRED, "{\"exp\":1700000001.1}"},
    {"{\"exp\":0}", JETON_EXPIRED, "{\"exp\":1700000001}"},
    {"{\"exp\":-1}", JETON_BAD_CLAIMS, "{\"exp\":1700000001}"},
    {"{\"exp\":\"1700000001\"}", JETON_BAD_CLAIMS, "{\"exp\":1700000001}"},
    {"{\"exp\":true}", JETON_BAD_CLAIMS, "{\"exp\":1700000001}"},
    {"{\"exp\":1700003600000}", JETON_BAD_CLAIMS, "{\"exp\":253402300799}"},
    {"{\"exp\":1e300}", JETON_BAD_CLAIMS, "{\"exp\":1.8e9}"},
    {"{\"nbf\":1700000001}", JETON_NOT_YET_VALID, "{\"nbf\":1700000000}"},
    {"{\"nbf\":1700000001.5}", JETON_NOT_YET_VALID, "{\"nbf\":1700000000.5}"},
    {"{\"nbf\":\"1\"}", JETON_BAD_CLAIMS, "{\"nbf\":1}"},
    {"{\"iat\":1700000001}", JETON_NOT_YET_VALID, "{\"iat\":1700000000}"},
    {"{\"iat\":{}}", JETON_BAD_CLAIMS, "{\"iat\":1}"},
};

static void verify_claims_by_pairs(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    for (size_t i = 0; i < sizeof claim_rows / sizeof claim_rows[0]; i++) {
        const struct claim_row *row = &claim_rows[i];
        print_message("    %s\n", row->bad);
        assert_pair(&desk, desk_token(key, row->bad), row->want, desk_token(key, row->good));
    }
    desk_close(&desk);
}

static void verify_payload_that_is_no_object_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"[]", "7", "\"x\"", "null", "{", "{}x", "{'a':1}"};
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_pair(&desk, token_maker_sign(key, desk_header("ES256"), bad[i]), JETON_BAD_CLAIMS,
                    desk_token(key, "{}"));
    }
    desk_close(&desk);
}

static void verify_skew_moves_every_edge_and_no_further(void **state)
{
    (void)state;
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    policy.skew_s = 30;
    desk_open(&desk, &policy, desk_jwks(key));
    assert_pair(&desk, desk_token(key, "{\"exp\":1699999970}"), JETON_EXPIRED,
                desk_token(key, "{\"exp\":1699999971}"));
    assert_pair(&desk, desk_token(key, "{\"nbf\":1700000031}"), JETON_NOT_YET_VALID,
                desk_token(key, "{\"nbf\":1700000030}"));
    assert_pair(&desk, desk_token(key, "{\"iat\":1700000031}"), JETON_NOT_YET_VALID,
                desk_token(key, "{\"iat\":1700000030}"));
    desk_close(&desk);
}

static void verify_max_age_needs_a_young_iat(void **state)
{
    (void)state;
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    policy.max_age_s = 600;
    desk_open(&desk, &policy, desk_jwks(key));
    assert_pair(&desk, desk_token(key, "{\"iat\":1699999399}"), JETON_TOO_OLD,
                desk_token(key, "{\"iat\":1699999400}"));
    assert_pair(&desk, desk_token(key, "{\"iat\":null}"), JETON_MISSING_CLAIM,
                desk_token(key, "{}"));
    desk_close(&desk);
}

static void verify_required_claim_missing_or_null_refused(void **state)
{
    (void)state;
    static const char *const required[] = {"tenant", "jti", NULL};
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    policy.required_claims = required;
    desk_open(&desk, &policy, desk_jwks(key));
    const char *good = desk_token(key, "{\"tenant\":{\"a\":1}}");
    assert_pair(&desk, desk_token(key, "{}"), JETON_MISSING_CLAIM, good);
    assert_pair(&desk, desk_token(key, "{\"tenant\":1,\"jti\":null}"), JETON_MISSING_CLAIM, good);
    char *null_claim = strdup(desk_claims("{\"tenant\":1234}"));
    memcpy(strstr(null_claim, "1234"), "null", 4);
    assert_pair(&desk, token_maker_sign(key, desk_header("ES256"), null_claim), JETON_MISSING_CLAIM,
                good);
    free(null_claim);
    desk_close(&desk);
}

static void verify_typ_by_policy(void **state)
{
    (void)state;
    static const char *const open[] = {"JWT", "", NULL};
    static const struct {
        const char *typ;
        jeton_status strict, open;
    } rows[] = {
        {",\"typ\":\"at+jwt\"", JETON_OK, JETON_TYP_REFUSED},
        {",\"typ\":\"AT+JWT\"", JETON_OK, JETON_TYP_REFUSED},
        {",\"typ\":\"application/at+jwt\"", JETON_OK, JETON_TYP_REFUSED},
        {",\"typ\":\"JWT\"", JETON_TYP_REFUSED, JETON_OK},
        {",\"typ\":\"dpop+jwt\"", JETON_TYP_REFUSED, JETON_TYP_REFUSED},
        {",\"typ\":\"at+jwtx\"", JETON_TYP_REFUSED, JETON_TYP_REFUSED},
        {",\"typ\":7", JETON_MALFORMED, JETON_MALFORMED},
        {"", JETON_TYP_REFUSED, JETON_OK},
    };
    struct desk strict, lax;
    struct jeton_policy policy = desk_policy();
    desk_open(&strict, &policy, desk_jwks(key));
    policy.types = open;
    desk_open(&lax, &policy, desk_jwks(key));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = token_maker_sign(
            key, token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\"%s}", rows[i].typ),
            desk_claims("{}"));
        assert_status(desk_judge(&strict, token), rows[i].strict);
        assert_status(desk_judge(&lax, token), rows[i].open);
    }
    desk_close(&lax);
    desk_close(&strict);
}

static void verify_all_failures_told_and_first_is_status(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *token = desk_token(
        key, "{\"iss\":\"x\",\"aud\":\"y\",\"exp\":1,\"nbf\":1800000000,\"scope\":\"z\"}");
    static const char *const all_of[] = {"payments:write", NULL};
    struct jeton_require require = JETON_INIT(jeton_require);
    require.all_of = all_of;
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(desk.worker, token, strlen(token), &require, &result),
                  JETON_WRONG_ISSUER);
    assert_int_equal(result.failures, JETON_FAIL_ISSUER | JETON_FAIL_AUDIENCE | JETON_FAIL_EXPIRED |
                                          JETON_FAIL_NOT_YET | JETON_FAIL_SCOPE);
    assert_memory_equal(result.issuer.p, "x", 1);
    desk_close(&desk);
}

static void verify_good_token_gives_its_claims(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *token = desk_token(key, "{\"tenant\":\"blue\",\"n\":1}");
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result), JETON_OK);
    assert_int_equal(result.failures, 0);
    assert_slice(result.issuer, DESK_ISSUER);
    assert_slice(result.subject, "cart");
    assert_slice(result.client_id, "cart");
    assert_slice(result.token_id, "t1");
    assert_slice(result.key_id, "k1");
    assert_slice(result.scope, "payments:read payments:write");
    assert_slice(result.audience, DESK_AUDIENCE);
    assert_int_equal(result.expires_s, DESK_NOW + 3600);
    assert_int_equal(result.issued_s, DESK_NOW);
    assert_slice(jeton_worker_claim(desk.worker, "tenant"), "blue");
    assert_null(jeton_worker_claim(desk.worker, "n").p);
    assert_null(jeton_worker_claim(desk.worker, "absent").p);
    desk_close(&desk);
}

static void verify_bad_token_gives_no_claims(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *good = desk_token(key, "{}");
    const char *bad[] = {token_maker_text("%.*s", (int)strlen(good) - 4, good),
                         desk_token(key, "{\"aud\":\"x\",\"exp\":\"x\"}")};
    for (size_t i = 0; i < 2; i++) {
        struct jeton_result result = JETON_INIT(jeton_result);
        assert_status(jeton_verify(desk.worker, good, strlen(good), NULL, &result), JETON_OK);
        assert_true(jeton_verify(desk.worker, bad[i], strlen(bad[i]), NULL, &result) != JETON_OK);
        assert_null(result.issuer.p);
        assert_null(result.subject.p);
        assert_null(result.key_id.p);
        assert_int_equal(result.failures, 0);
        assert_int_equal(result.issued_s, -1);
        assert_null(jeton_worker_claim(desk.worker, "sub").p);
    }
    desk_close(&desk);
}

static void verify_issued_absent_told_as_minus_one(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *token = desk_token(key, "{\"iat\":null,\"scope\":null}");
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result), JETON_OK);
    assert_int_equal(result.issued_s, -1);
    assert_null(result.scope.p);
    desk_close(&desk);
}

static jeton_status judge_scope(struct desk *desk, const char *token, const char *const *any_of,
                                const char *const *all_of)
{
    struct jeton_require require = JETON_INIT(jeton_require);
    require.any_of = any_of;
    require.all_of = all_of;
    return jeton_verify(desk->worker, token, strlen(token), &require, NULL);
}

static void verify_scope_any_of_and_all_of(void **state)
{
    (void)state;
    static const char *const read_write[] = {"payments:read", "payments:write", NULL};
    static const char *const write[] = {"payments:write", NULL};
    static const char *const none[] = {NULL};
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    static const struct {
        const char *claims;
        const char *const *any_of, *const *all_of;
        jeton_status want;
    } rows[] = {
        {"{\"scope\":\"payments:read\"}", read_write, NULL, JETON_OK},
        {"{\"scope\":\"payments:readx\"}", read_write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":\"xpayments:read\"}", read_write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":\"payments:read\"}", NULL, read_write, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":\"payments:write payments:read\"}", NULL, read_write, JETON_OK},
        {"{\"scope\":\"payments:read\"}", read_write, write, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":\"PAYMENTS:WRITE\"}", write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":\"\"}", write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":null}", write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":null}", none, none, JETON_OK},
        {"{\"scope\":null,\"scp\":\"payments:write\"}", write, NULL, JETON_OK},
        {"{\"scope\":\"x\",\"scp\":\"payments:write\"}", write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":null,\"scp\":[\"a\",\"payments:write\"]}", write, NULL, JETON_OK},
        {"{\"scope\":[\"a payments:write\"]}", write, NULL, JETON_INSUFFICIENT_SCOPE},
        {"{\"scope\":[\"a\",\"payments:write\"]}", NULL, write, JETON_OK},
        {"{\"scope\":null,\"roles\":[\"payments:write\"]}", write, NULL, JETON_INSUFFICIENT_SCOPE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("    %s\n", rows[i].claims);
        assert_status(
            judge_scope(&desk, desk_token(key, rows[i].claims), rows[i].any_of, rows[i].all_of),
            rows[i].want);
    }
    desk_close(&desk);
}

static void verify_scope_array_joined_and_claim_named_by_policy(void **state)
{
    (void)state;
    static const char *const names[] = {"permissions", NULL};
    struct jeton_policy policy = desk_policy();
    policy.scope_claims = names;
    struct desk desk;
    desk_open(&desk, &policy, desk_jwks(key));
    const char *token = desk_token(key, "{\"permissions\":[\"a\",\"b c\",\"\",\"d\"]}");
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result), JETON_OK);
    assert_slice(result.scope, "a d");
    desk_close(&desk);
}

static void verify_header_finds_the_token(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *token = desk_token(key, "{}");
    static const struct {
        const char *format;
        jeton_status want;
    } rows[] = {
        {"Bearer %s", JETON_OK},           {"bEARER   %s", JETON_OK},
        {"Basic %s", JETON_MISSING_TOKEN}, {"Bearer%s", JETON_MISSING_TOKEN},
        {"%s", JETON_MISSING_TOKEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *parts = strstr(rows[i].format, "%s");
        const char *value = token_maker_text("%.*s%s%s", (int)(parts - rows[i].format),
                                             rows[i].format, token, parts + 2);
        assert_status(jeton_verify_header(desk.worker, value, NULL, NULL), rows[i].want);
    }
    const char *trailing = token_maker_text("Bearer %s x", token);
    assert_status(jeton_verify_header(desk.worker, trailing, NULL, NULL), JETON_MALFORMED);
    assert_status(jeton_verify_header(desk.worker, "Bearer ", NULL, NULL), JETON_MISSING_TOKEN);
    assert_status(jeton_verify_header(desk.worker, NULL, NULL, NULL), JETON_MISSING_TOKEN);
    assert_status(jeton_verify(desk.worker, NULL, 7, NULL, NULL), JETON_MISSING_TOKEN);
    assert_status(jeton_verify(desk.worker, "", 0, NULL, NULL), JETON_MISSING_TOKEN);
    desk_close(&desk);
}

static const char *padded(size_t pad)
{
    char *spaces = malloc(pad + 1);
    memset(spaces, 'x', pad);
    spaces[pad] = 0;
    const char *token = desk_token(key, token_maker_text("{\"pad\":\"%s\"}", spaces));
    free(spaces);
    return token;
}

/* As many audiences as a policy may have: none stands for another. */
static void verify_each_of_many_audiences_told_apart(void **state)
{
    (void)state;
    const char *audiences[JT_POLICY_AUDIENCES + 1] = {NULL};
    for (size_t i = 0; i < JT_POLICY_AUDIENCES; i++) {
        audiences[i] = token_maker_text("urn:%zu", i);
    }
    struct jeton_policy policy = desk_policy();
    policy.audiences = audiences;
    struct desk desk;
    desk_open(&desk, &policy, desk_jwks(key));
    for (size_t i = 0; i < JT_POLICY_AUDIENCES; i++) {
        const char *token = desk_token(key, token_maker_text("{\"aud\":\"urn:%zu\"}", i));
        struct jeton_result result = JETON_INIT(jeton_result);
        assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &result), JETON_OK);
        assert_int_equal(result.audience.n, strlen(audiences[i]));
        assert_memory_equal(result.audience.p, audiences[i], result.audience.n);
        for (size_t bit = 1; bit < JT_POLICY_AUDIENCES; bit *= 2) {
            const char *other[] = {audiences[i ^ bit], NULL};
            struct jeton_require require = JETON_INIT(jeton_require);
            require.audiences = other;
            assert_status(jeton_verify(desk.worker, token, strlen(token), &require, NULL),
                          JETON_WRONG_AUDIENCE);
        }
    }
    desk_close(&desk);
}

static void verify_too_long_refused_at_the_limit(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    size_t pad = 11700;
    while (strlen(padded(pad + 1)) <= 16384) {
        pad++;
        assert_true(pad < 13000);
    }
    assert_pair(&desk, padded(pad + 1), JETON_TOO_LONG, padded(pad));
    /* before anything in it is looked at */
    assert_status(desk_judge(&desk, token_maker_text("%016385d", 0)), JETON_TOO_LONG);
    assert_status(desk_judge(&desk, token_maker_text("%016384d", 0)), JETON_MALFORMED);
    desk_close(&desk);
    struct jeton_policy policy = desk_policy();
    policy.max_token = 20000;
    desk_open(&desk, &policy, desk_jwks(key));
    assert_status(desk_judge(&desk, padded(pad + 1)), JETON_OK);
    desk_close(&desk);
    /* the limit of another issuer is not this one's */
    struct jeton_policy policies[2] = {desk_policy(), desk_policy()};
    policies[0].issuer = "https://other.example.com";
    policies[0].max_token = 1024;
    desk_open_with(&desk, NULL, policies, 2, desk_jwks(key));
    assert_pair(&desk, padded(pad + 1), JETON_TOO_LONG, padded(pad));
    desk_close(&desk);
}

static void verify_remembers_only_headers_that_a_signature_covered(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *good = desk_token(key, "{}");
    const char *other = token_maker_sign(
        token_maker_key("ES256"), "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",\"x\":1}",
        desk_claims("{}"));
    const char *refused = token_maker_sign(
        key, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}", desk_claims("{}"));
    const struct jt_worker_memo *memo = &desk.worker->desks[0].memo;
    assert_status(desk_judge(&desk, other), JETON_BAD_SIGNATURE);
    assert_status(desk_judge(&desk, refused), JETON_TYP_REFUSED);
    assert_int_equal(memo->n, 0);
    for (int i = 0; i < 3; i++) {
        assert_pair(&desk, other, JETON_BAD_SIGNATURE, good);
        assert_pair(&desk, refused, JETON_TYP_REFUSED, good);
    }
    assert_int_equal(memo->n, strcspn(good, "."));
    assert_status(desk_judge(&desk, other), JETON_BAD_SIGNATURE);
    assert_memory_equal(memo->text, good, memo->n);
    desk_close(&desk);
}

static void worker_of_no_verifier_is_usage(void **state)
{
    (void)state;
    jeton_worker *worker = NULL;
    assert_status(jeton_worker_new(NULL, &worker), JETON_USAGE);
    assert_null(worker);
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(NULL, "a.b.c", 5, NULL, &result), JETON_USAGE);
    assert_status(result.status, JETON_USAGE);
    jeton_worker_free(NULL);
    assert_null(jeton_worker_claim(NULL, "sub").p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_each_algorithm_and_a_changed_byte_refused),
        cmocka_unit_test(verify_algorithm_outside_policy_refused),
        cmocka_unit_test(verify_claims_by_pairs),
        cmocka_unit_test(verify_payload_that_is_no_object_refused),
        cmocka_unit_test(verify_skew_moves_every_edge_and_no_further),
        cmocka_unit_test(verify_max_age_needs_a_young_iat),
        cmocka_unit_test(verify_required_claim_missing_or_null_refused),
        cmocka_unit_test(verify_typ_by_policy),
        cmocka_unit_test(verify_all_failures_told_and_first_is_status),
        cmocka_unit_test(verify_good_token_gives_its_claims),
        cmocka_unit_test(verify_bad_token_gives_no_claims),
        cmocka_unit_test(verify_issued_absent_told_as_minus_one),
        cmocka_unit_test(verify_scope_any_of_and_all_of),
        cmocka_unit_test(verify_scope_array_joined_and_claim_named_by_policy),
        cmocka_unit_test(verify_header_finds_the_token),
        cmocka_unit_test(verify_each_of_many_audiences_told_apart),
        cmocka_unit_test(verify_too_long_refused_at_the_limit),
        cmocka_unit_test(verify_remembers_only_headers_that_a_signature_covered),
        cmocka_unit_test(worker_of_no_verifier_is_usage),
    };
    return cmocka_run_group_tests(tests, make_key, release);
}
