/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through what they remember and what they give away: a verdict that
 * outlives its reason, a message that helps to forge, claims that nobody vouched for. Each as a
 * pair: refused, and with only that cause mended accepted.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <stdlib.h>
#include <string.h>

#define TTL_MS (INT64_C(900) * 1000)

/* A desk whose worker remembers accepted tokens, and has `token` accepted twice. */
static void open_remembering(struct desk *desk, const struct jeton_policy *given, const char *token)
{
    *desk = (struct desk){
        .now_s = DESK_NOW, .boot_ms = 5000, .body = desk_jwks(attack_es256), .max_age_s = -1};
    struct jeton_options options = desk_options(desk);
    struct jeton_policy usual = desk_policy();
    options.cache_tokens = 100;
    assert_status(jeton_verifier_new(&options, given != NULL ? given : &usual, 1, &desk->verifier),
                  JETON_OK);
    (void)jeton_verifier_poll(desk->verifier);
    assert_status(jeton_worker_new(desk->verifier, &desk->worker), JETON_OK);
    assert_status(desk_judge(desk, token), JETON_OK);
}

static jeton_status judge_for(struct desk *desk, const char *token,
                              const struct jeton_require *require)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify(desk->worker, token, strlen(token), require, &result);
    assert_status(result.status, status);
    return status;
}

static void class_33_remembered_token_expires(void **state)
{
    (void)state;
    static const struct {
        int64_t now_s;
        jeton_status want;
    } rows[] = {{DESK_NOW + 3599, JETON_OK},
                {DESK_NOW + 3600, JETON_EXPIRED},
                {INT64_MAX, JETON_EXPIRED},
                {DESK_NOW - 1, JETON_NOT_YET_VALID},
                {DESK_NOW, JETON_OK}};
    const char *token = desk_token(attack_es256, "{}");
    struct desk desk;
    open_remembering(&desk, NULL, token);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk.now_s = rows[i].now_s;
        assert_status(desk_judge(&desk, token), rows[i].want);
    }
    desk_close(&desk);
}

static void class_33_remembered_token_grows_too_old(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.max_age_s = 60;
    const char *token = desk_token(attack_es256, "{}");
    struct desk desk;
    open_remembering(&desk, &policy, token);
    desk.now_s = DESK_NOW + 61;
    assert_status(desk_judge(&desk, token), JETON_TOO_OLD);
    desk.now_s = DESK_NOW + 60;
    assert_status(desk_judge(&desk, token), JETON_OK);
    desk_close(&desk);
}

static void class_33_remembered_token_judged_by_each_requirement(void **state)
{
    (void)state;
    static const char *const held[] = {"payments:read", NULL};
    static const char *const lacked[] = {"payments:refund", NULL};
    struct jeton_require reads = JETON_INIT(jeton_require);
    struct jeton_require refunds = JETON_INIT(jeton_require);
    reads.all_of = held;
    refunds.any_of = lacked;
    const char *token = desk_token(attack_es256, "{}");
    struct desk desk;
    open_remembering(&desk, NULL, token);
    for (int i = 0; i < 2; i++) {
        assert_status(judge_for(&desk, token, &refunds), JETON_INSUFFICIENT_SCOPE);
        assert_status(judge_for(&desk, token, &reads), JETON_OK);
        assert_status(judge_for(&desk, token, NULL), JETON_OK);
    }
    desk_close(&desk);
}

static void class_33_remembered_token_falls_with_its_key(void **state)
{
    (void)state;
    const struct token_key *next = token_maker_key("ES256");
    const char *token = desk_token(attack_es256, "{}");
    const struct {
        const char *set;
        jeton_status want;
    } rows[] = {
        {token_maker_jwks(token_maker_jwk(next, "\"kid\":\"k2\""), NULL), JETON_UNKNOWN_KEY},
        {desk_jwks(next), JETON_BAD_SIGNATURE}, /* another key under the kid */
        {token_maker_jwks(token_maker_jwk(attack_es256, "\"kid\":\"k1\",\"use\":\"enc\""),
                          token_maker_jwk(next, "\"kid\":\"k2\""), NULL),
         JETON_UNKNOWN_KEY},
        {desk_jwks(attack_es256), JETON_OK},
    };
    struct desk desk;
    open_remembering(&desk, NULL, token);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk.body = rows[i].set;
        desk.boot_ms += TTL_MS;
        (void)jeton_verifier_poll(desk.verifier);
        assert_status(desk_judge(&desk, token), rows[i].want);
    }
    desk_close(&desk);
}

static void class_33_token_that_shares_all_but_a_byte_is_another(void **state)
{
    (void)state;
    const char *token = desk_token(attack_es256, "{}");
    size_t n = strlen(token);
    struct desk desk;
    open_remembering(&desk, NULL, token);
    char *other = strdup(token);
    assert_non_null(other);
    for (size_t i = 0; i < n; i++) {
        char was = other[i];
        other[i] = was == 'A' ? 'B' : 'A';
        assert_true(jeton_verify(desk.worker, other, n, NULL, NULL) != JETON_OK);
        other[i] = was;
    }
    assert_true(jeton_verify(desk.worker, other, n - 1, NULL, NULL) != JETON_OK);
    assert_status(jeton_verify(desk.worker, other, n, NULL, NULL), JETON_OK);
    free(other);
    desk_close(&desk);
}

static void class_33_refused_token_is_not_remembered_as_good(void **state)
{
    (void)state;
    const char *token = desk_token(attack_es256, "{}");
    const char *early = desk_token(attack_es256, "{\"nbf\":1700000100}");
    struct desk desk;
    open_remembering(&desk, NULL, token);
    for (int i = 0; i < 3; i++) {
        assert_status(desk_judge(&desk, early), JETON_NOT_YET_VALID);
    }
    desk.now_s = DESK_NOW + 100;
    assert_status(desk_judge(&desk, early), JETON_OK);
    desk_close(&desk);
}

/* Tokens that no signature vouches for, from the worker of attack_ec. */
static const char *const *unvouched(void)
{
    static const char *tokens[6];
    const char *good = desk_token(attack_es256, "{}");
    tokens[0] = desk_token(token_maker_key("ES256"), "{\"sub\":\"mallory\"}");
    tokens[1] =
        token_maker_sign(attack_es256, "{\"alg\":\"ES256\",\"kid\":\"k7\",\"typ\":\"at+jwt\"}",
                         desk_claims("{\"sub\":\"mallory\"}"));
    tokens[2] = token_maker_sign(attack_es256, desk_header("none"), desk_claims("{}"));
    tokens[3] = token_maker_text("%s.", good);
    tokens[4] = desk_token(attack_es256, "{\"sub\":7}"); /* vouched for, but no claims of ours */
    tokens[5] = NULL;
    return tokens;
}

static void assert_no_claims(const struct jeton_result *result)
{
    assert_null(result->subject.p);
    assert_null(result->issuer.p);
    assert_null(result->audience.p);
    assert_null(result->scope.p);
    assert_null(result->key_id.p);
    assert_int_equal(result->expires_s, 0);
    assert_null(jeton_worker_claim(attack_ec.worker, "sub").p);
    assert_null(jeton_worker_claim_json(attack_ec.worker, "sub").p);
    assert_null(jeton_worker_claim_at(attack_ec.worker, "aud", 0).p);
}

static void class_42_claims_of_a_refused_token_never_given(void **state)
{
    (void)state;
    const char *const *tokens = unvouched();
    const char *good = desk_token(attack_es256, "{}");
    for (size_t i = 0; tokens[i] != NULL; i++) {
        struct jeton_result result = JETON_INIT(jeton_result);
        assert_status(jeton_verify(attack_ec.worker, good, strlen(good), NULL, &result), JETON_OK);
        assert_int_equal(result.subject.n, 4);
        assert_memory_equal(jeton_worker_claim(attack_ec.worker, "sub").p, "cart", 4);
        assert_memory_equal(jeton_worker_claim_at(attack_ec.worker, "aud", 0).p, DESK_AUDIENCE,
                            strlen(DESK_AUDIENCE));
        /* the same worker and result: what they held before is gone as well */
        assert_true(jeton_verify(attack_ec.worker, tokens[i], strlen(tokens[i]), NULL, &result) !=
                    JETON_OK);
        assert_int_equal(result.failures, 0);
        assert_no_claims(&result);
    }
    struct jeton_result result = JETON_INIT(jeton_result);
    assert_status(jeton_verify(attack_ec.worker, good, strlen(good), NULL, &result), JETON_OK);
    assert_status(jeton_verify(attack_ec.worker, NULL, 0, NULL, &result), JETON_MISSING_TOKEN);
    assert_no_claims(&result);
}

/* The challenge for `token`, which is refused. */
static const char *challenge(const char *token)
{
    char header[1024];
    jeton_status status = desk_judge(&attack_ec, token);
    assert_true(jeton_www_authenticate(status, NULL, header, sizeof header) > 0);
    return token_maker_text("%s", header);
}

static void class_38_challenge_tells_nothing_of_the_token(void **state)
{
    (void)state;
    const char *const *tokens = unvouched();
    for (size_t i = 0; tokens[i] != NULL; i++) {
        const char *header = challenge(tokens[i]);
        for (const char *part = tokens[i]; part != NULL; part = strchr(part, '.')) {
            part += *part == '.';
            const char *start = token_maker_text("%.16s", part);
            assert_true(strlen(start) < 8 || strstr(header, start) == NULL);
        }
        assert_null(strstr(header, "mallory"));
        assert_null(strstr(header, "k7"));
    }
    /* how much of a signature is right makes no difference */
    char *nearly = strdup(desk_token(attack_es256, "{}"));
    assert_non_null(nearly);
    char *first = strrchr(nearly, '.') + 1;
    *first = *first == 'A' ? 'B' : 'A';
    assert_string_equal(challenge(nearly), challenge(tokens[0]));
    free(nearly);
    assert_string_equal(jeton_verifier_error(attack_ec.verifier), "");
    assert_status(desk_judge(&attack_ec, desk_token(attack_es256, "{}")), JETON_OK);
    assert_int_equal(jeton_www_authenticate(JETON_OK, NULL, NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_33_remembered_token_expires),
        cmocka_unit_test(class_33_remembered_token_grows_too_old),
        cmocka_unit_test(class_33_remembered_token_judged_by_each_requirement),
        cmocka_unit_test(class_33_remembered_token_falls_with_its_key),
        cmocka_unit_test(class_33_token_that_shares_all_but_a_byte_is_another),
        cmocka_unit_test(class_33_refused_token_is_not_remembered_as_good),
        cmocka_unit_test(class_38_challenge_tells_nothing_of_the_token),
        cmocka_unit_test(class_42_claims_of_a_refused_token_never_given),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
