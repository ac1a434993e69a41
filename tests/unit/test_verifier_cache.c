/* SPDX-License-Identifier: Apache-2.0 */
/* Remembered tokens: a hit is as strict as a first look, and ends with the key. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/verify_desk.h"

static const struct token_key *key, *next;

static int make_keys(void **state)
{
    (void)state;
    key = token_maker_key("ES256");
    next = token_maker_key("ES256");
    return 0;
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

static void remember(struct jeton_options *options)
{
    options->cache_tokens = 64;
}

static void open_desk(struct desk *desk, const char *jwks)
{
    struct jeton_policy policy = desk_policy();
    desk_open_with(desk, remember, &policy, 1, jwks);
}

static uint64_t hits(const struct desk *desk)
{
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    assert_status(jeton_verifier_info(desk->verifier, 0, &info), JETON_OK);
    return info.cache_hits;
}

static jeton_status judge(struct desk *desk, const char *token, const struct jeton_require *require,
                          struct jeton_result *result)
{
    *result = (struct jeton_result)JETON_INIT(jeton_result);
    return jeton_verify(desk->worker, token, strlen(token), require, result);
}

static void hit_gives_what_the_first_look_gave(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, desk_jwks(key));
    const char *token = desk_token(key, "{\"scope\":null,\"scp\":[\"a\",\"b\"],\"x\":{\"y\":[1]}}");
    const char *other = desk_token(key, "{\"sub\":\"other\"}");
    struct jeton_result result;
    for (unsigned i = 0; i < 3; i++) {
        assert_status(judge(&desk, token, NULL, &result), JETON_OK);
        assert_int_equal(hits(&desk), i < 1 ? 0 : 2 * i - 1);
        assert_slice(result.issuer, DESK_ISSUER);
        assert_slice(result.subject, "cart");
        assert_slice(result.client_id, "cart");
        assert_slice(result.token_id, "t1");
        assert_slice(result.key_id, "k1");
        assert_slice(result.scope, "a b");
        assert_slice(result.audience, DESK_AUDIENCE);
        assert_int_equal(result.expires_s, DESK_NOW + 3600);
        assert_int_equal(result.issued_s, DESK_NOW);
        assert_int_equal(result.policy, 0);
        assert_slice(jeton_worker_claim_json(desk.worker, "x"), "{\"y\":[1]}");
        assert_slice(jeton_worker_claim_at(desk.worker, "scp", 1), "b");
        assert_memory_equal(jeton_worker_claims_json(desk.worker).p, "{\"iss\":", 7);
        assert_null(jeton_worker_claim_at(desk.worker, "scp", 2).p);
        assert_status(judge(&desk, other, NULL, &result), JETON_OK);
        assert_slice(result.subject, "other");
        assert_slice(jeton_worker_claim(desk.worker, "sub"), "other");
    }
    desk_close(&desk);
}

static void hit_is_judged_by_the_time_of_the_call(void **state)
{
    (void)state;
    struct desk desk;
    struct jeton_result result;
    struct jeton_policy policy = desk_policy();
    policy.max_age_s = 1800;
    desk_open_with(&desk, remember, &policy, 1, desk_jwks(key));
    const char *token = desk_token(key, "{\"exp\":1700000100}");
    const char *aged = desk_token(key, "{}");
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_status(desk_judge(&desk, aged), JETON_OK);
    assert_int_equal(hits(&desk), 2);
    desk.now_s = DESK_NOW + 99;
    assert_status(desk_judge(&desk, token), JETON_OK);
    desk.now_s = DESK_NOW + 100;
    assert_status(judge(&desk, token, NULL, &result), JETON_EXPIRED);
    assert_int_equal(result.failures, JETON_FAIL_EXPIRED);
    desk.now_s = DESK_NOW - 1;
    assert_status(desk_judge(&desk, token), JETON_NOT_YET_VALID);
    desk.now_s = DESK_NOW + 1801;
    assert_status(desk_judge(&desk, aged), JETON_TOO_OLD);
    desk.now_s = DESK_NOW + 1800;
    assert_status(desk_judge(&desk, aged), JETON_OK);
    desk_close(&desk);
}

static void hit_is_judged_by_the_requirement_of_the_call(void **state)
{
    (void)state;
    static const char *const audiences[] = {DESK_AUDIENCE, "urn:b", NULL};
    static const char *const only_b[] = {"urn:b", NULL}, *const write[] = {"payments:write", NULL};
    static const char *const admin[] = {"admin", NULL}, *const nobody[] = {"urn:c", NULL};
    struct desk desk;
    struct jeton_result result;
    struct jeton_policy policy = desk_policy();
    policy.audiences = audiences;
    desk_open_with(&desk, remember, &policy, 1, desk_jwks(key));
    const char *token = desk_token(key, "{}");
    const char *both = desk_token(key, "{\"aud\":[\"urn:b\",\"" DESK_AUDIENCE "\"]}");
    for (int i = 0; i < 3; i++) {
        struct jeton_require require = JETON_INIT(jeton_require);
        require.all_of = write;
        assert_status(judge(&desk, token, &require, &result), JETON_OK);
        require.all_of = admin;
        assert_status(judge(&desk, token, &require, &result), JETON_INSUFFICIENT_SCOPE);
        require.all_of = NULL;
        require.audiences = only_b;
        assert_status(judge(&desk, token, &require, &result), JETON_WRONG_AUDIENCE);
        assert_status(judge(&desk, both, &require, &result), JETON_OK);
        assert_slice(result.audience, "urn:b");
        require.audiences = nobody; /* no policy has it: never held */
        assert_status(judge(&desk, both, &require, &result), JETON_WRONG_AUDIENCE);
        assert_status(judge(&desk, both, NULL, &result), JETON_OK);
        assert_slice(result.audience, DESK_AUDIENCE);
    }
    assert_true(hits(&desk) > 10);
    desk_close(&desk);
}

static void tokens_of_a_key_go_with_the_key(void **state)
{
    (void)state;
    struct desk desk;
    const char *both = token_maker_jwks(token_maker_jwk(key, "\"kid\":\"k1\",\"alg\":\"ES256\""),
                                        token_maker_jwk(next, "\"kid\":\"k2\""), NULL);
    open_desk(&desk, both);
    const char *of_key = desk_token(key, "{}");
    const char *of_next = token_maker_sign(
        next, "{\"alg\":\"ES256\",\"kid\":\"k2\",\"typ\":\"at+jwt\"}", desk_claims("{}"));
    assert_status(desk_judge(&desk, of_key), JETON_OK);
    assert_status(desk_judge(&desk, of_next), JETON_OK);
    assert_int_equal(hits(&desk), 2);
    /* another set with the same keys: they are remembered still */
    desk.body = token_maker_text(" %s", both);
    desk.boot_ms += 900 * 1000;
    desk_settle(&desk);
    assert_status(desk_judge(&desk, of_key), JETON_OK);
    assert_int_equal(hits(&desk), 4);
    /* one leaves */
    desk.body = token_maker_jwks(token_maker_jwk(next, "\"kid\":\"k2\""), NULL);
    desk.boot_ms += 900 * 1000;
    desk_settle(&desk);
    assert_status(desk_judge(&desk, of_key), JETON_UNKNOWN_KEY);
    assert_int_equal(hits(&desk), 4);
    assert_status(desk_judge(&desk, of_next), JETON_OK);
    assert_int_equal(hits(&desk), 6);
    /* and what replaces it under its name is another key */
    desk.body = desk_jwks(next);
    desk.boot_ms += 900 * 1000;
    desk_settle(&desk);
    assert_status(desk_judge(&desk, of_key), JETON_BAD_SIGNATURE);
    assert_status(desk_judge(&desk, of_next), JETON_UNKNOWN_KEY);
    desk_close(&desk);
}

static void refused_tokens_are_not_remembered(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, desk_jwks(key));
    const char *good = desk_token(key, "{}");
    char *forged = strdup(good);
    char *at = forged + strlen(forged) - 10;
    *at = *at == 'A' ? 'B' : 'A';
    for (int i = 0; i < 2; i++) {
        assert_status(desk_judge(&desk, forged), JETON_BAD_SIGNATURE);
        assert_status(desk_judge(&desk, desk_token(key, "{\"exp\":1}")), JETON_EXPIRED);
        assert_status(desk_judge(&desk, desk_token(key, "{\"iss\":\"x\"}")), JETON_WRONG_ISSUER);
        assert_status(desk_judge(&desk, desk_token(key, "{\"exp\":null}")), JETON_MISSING_CLAIM);
    }
    assert_int_equal(hits(&desk), 0);
    /* a token that lacks only what the route asks for is good in itself */
    assert_status(desk_judge(&desk, good), JETON_OK);
    assert_status(desk_judge(&desk, forged), JETON_BAD_SIGNATURE);
    assert_int_equal(hits(&desk), 1);
    free(forged);
    desk_close(&desk);
}

static void more_tokens_than_places_are_judged_alike(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, desk_jwks(key));
    const char *tokens[200];
    for (size_t i = 0; i < 200; i++) {
        tokens[i] = desk_token(key, token_maker_text("{\"sub\":\"s%zu\"}", i));
    }
    struct jeton_result result;
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            assert_status(judge(&desk, tokens[i], NULL, &result), JETON_OK);
            assert_slice(result.subject, token_maker_text("s%zu", i));
        }
    }
    assert_in_range(hits(&desk), 1, 399);
    desk_close(&desk);
}

static void token_too_large_to_keep_is_judged_anew(void **state)
{
    (void)state;
    struct desk desk;
    open_desk(&desk, desk_jwks(key));
    const char *token = desk_token(key, token_maker_text("{\"x\":\"%0900d\"}", 0));
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_int_equal(hits(&desk), 0);
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_OK);
    assert_int_equal(hits(&desk), 1);
    desk_close(&desk);
}

static void more_than_a_million_refused(void **state)
{
    (void)state;
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    jeton_verifier *verifier = NULL;
    options.cache_tokens = 1024 * 1024 + 1;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "cache_tokens"));
    jeton_verifier_free(verifier);
    options.cache_tokens = 1024 * 1024;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hit_gives_what_the_first_look_gave),
        cmocka_unit_test(hit_is_judged_by_the_time_of_the_call),
        cmocka_unit_test(hit_is_judged_by_the_requirement_of_the_call),
        cmocka_unit_test(tokens_of_a_key_go_with_the_key),
        cmocka_unit_test(refused_tokens_are_not_remembered),
        cmocka_unit_test(more_tokens_than_places_are_judged_alike),
        cmocka_unit_test(token_too_large_to_keep_is_judged_anew),
        cmocka_unit_test(more_than_a_million_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, release);
}
