/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers that have more than one issuer: keys, audiences and remembered
 * verdicts that leak from one to the other, and tokens of which two readers see two issuers. Each
 * as a pair: refused, and with only that cause mended accepted.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

#define A_ISSUER "https://a.example.com"
#define B_ISSUER "https://b.example.com"
#define A_API    "https://a.example.com/api"
#define B_API    "https://b.example.com/api"

/* Two issuers that both call their key k1; B has a k2 besides. */
static const struct token_key *a_key, *b_key;
static const char *a_set, *b_set;

static struct desk two;

static jeton_status fetch_of(void *ctx, const char *url, size_t max_body,
                             struct jeton_response *out)
{
    (void)ctx;
    (void)max_body;
    const char *body = strstr(url, "//a.") != NULL ? a_set : b_set;
    *out = (struct jeton_response){body, strlen(body), -1};
    return JETON_OK;
}

static struct jeton_policy policy_of(const char *issuer, const char *const *audiences)
{
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = issuer;
    policy.audiences = audiences;
    policy.jwks_uri = token_maker_text("%s/keys", issuer);
    return policy;
}

static void open_two(size_t cache_tokens)
{
    static const char *const a_audiences[] = {A_API, NULL}, *const b_audiences[] = {B_API, NULL};
    two = (struct desk){.now_s = DESK_NOW, .boot_ms = 5000};
    struct jeton_options options = desk_options(&two);
    struct jeton_policy policies[] = {policy_of(A_ISSUER, a_audiences),
                                      policy_of(B_ISSUER, b_audiences)};
    options.fetch = fetch_of;
    options.cache_tokens = cache_tokens;
    policies[1].max_age_s = 60;
    policies[1].algorithms = JETON_ES256;
    a_set = token_maker_jwks(token_maker_jwk(a_key, "\"kid\":\"k1\""), NULL);
    b_set = token_maker_jwks(token_maker_jwk(b_key, "\"kid\":\"k1\""),
                             token_maker_jwk(b_key, "\"kid\":\"k2\""), NULL);
    assert_status(jeton_verifier_new(&options, policies, 2, &two.verifier), JETON_OK);
    for (int i = 0; i < 4; i++) { /* one request a call */
        (void)jeton_verifier_poll(two.verifier);
    }
    assert_int_equal(jeton_verifier_ready(two.verifier), 1);
    assert_status(jeton_worker_new(two.verifier, &two.worker), JETON_OK);
}

static int open_plain(void **state)
{
    (void)state;
    a_key = token_maker_key("ES256");
    b_key = token_maker_key("ES256");
    open_two(0);
    return 0;
}

static int open_remembering(void **state)
{
    (void)state;
    a_key = token_maker_key("ES256");
    b_key = token_maker_key("ES256");
    open_two(100);
    return 0;
}

static int close_two(void **state)
{
    (void)state;
    desk_close(&two);
    token_maker_release();
    return 0;
}

static const char *token_of(const struct token_key *key, const char *kid, const char *iss,
                            const char *aud)
{
    return token_maker_sign(
        key, token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kid),
        desk_claims(token_maker_text("{\"iss\":\"%s\",\"aud\":\"%s\"}", iss, aud)));
}

/* The verdict, which must be `policy`'s. */
static jeton_status judge_by(size_t policy, const char *token)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify(two.worker, token, strlen(token), NULL, &result);
    assert_int_equal(result.policy, policy);
    return status;
}

static void class_28_key_of_one_issuer_never_signs_for_another(void **state)
{
    (void)state;
    assert_status(judge_by(0, token_of(b_key, "k1", A_ISSUER, A_API)), JETON_BAD_SIGNATURE);
    assert_status(judge_by(0, token_of(a_key, "k1", A_ISSUER, A_API)), JETON_OK);
    assert_status(judge_by(1, token_of(a_key, "k1", B_ISSUER, B_API)), JETON_BAD_SIGNATURE);
    assert_status(judge_by(1, token_of(b_key, "k1", B_ISSUER, B_API)), JETON_OK);
    assert_status(judge_by(0, token_of(b_key, "k2", A_ISSUER, A_API)), JETON_UNKNOWN_KEY);
    assert_status(judge_by(1, token_of(b_key, "k2", B_ISSUER, B_API)), JETON_OK);
}

static void class_28_audience_of_one_issuer_is_not_anothers(void **state)
{
    (void)state;
    assert_status(judge_by(0, token_of(a_key, "k1", A_ISSUER, B_API)), JETON_WRONG_AUDIENCE);
    assert_status(judge_by(0, token_of(a_key, "k1", A_ISSUER, A_API)), JETON_OK);
    assert_status(judge_by(1, token_of(b_key, "k1", B_ISSUER, A_API)), JETON_WRONG_AUDIENCE);
    assert_status(judge_by(1, token_of(b_key, "k1", B_ISSUER, B_API)), JETON_OK);
}

static void class_28_issuer_that_no_policy_is_for_refused(void **state)
{
    (void)state;
    static const char *const others[] = {"https://c.example.com", A_ISSUER "/",
                                         "https://a.example",     "https://A.example.com",
                                         "a.example.com",         ""};
    uint64_t before = jeton_verifier_count(two.verifier, 2, JETON_WRONG_ISSUER);
    size_t n = sizeof others / sizeof others[0];
    for (size_t i = 0; i < n; i++) {
        assert_status(judge_by(2, token_of(a_key, "k1", others[i], A_API)), JETON_WRONG_ISSUER);
        assert_status(judge_by(0, token_of(a_key, "k1", A_ISSUER, A_API)), JETON_OK);
    }
    assert_int_equal(jeton_verifier_count(two.verifier, 2, JETON_WRONG_ISSUER), before + n);
}

/* The issuer is looked at before the signature, to know whose keys to take; the claims after it.
 * Both must see the same. */
static void class_28_issuer_read_twice_is_the_same(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "{\"iss\":\"" A_ISSUER "\",\"iss\":\"" B_ISSUER "\",%s",
        "{\"iss\":\"" B_ISSUER "\",\"\\u0069ss\":\"" A_ISSUER "\",%s",
        "{\"iss\":[\"" A_ISSUER "\"],%s",
        "{\"iss\":{\"iss\":\"" A_ISSUER "\"},%s",
        "{\"x\":{\"iss\":\"" A_ISSUER "\"},\"iss\":\"" B_ISSUER "\",%s",
        "{\"x\":\"\\\"iss\\\":\\\"" A_ISSUER "\\\"\",%s",
        "{\"iss\":\"" A_ISSUER "\\u0000\",%s",
        "{\"iss \":\"" A_ISSUER "\",%s",
        "{\"iss\":null,%s",
    };
    static const char *const same[] = {
        "{\"iss\":\"" A_ISSUER "\",%s",
        "{\"x\":{\"iss\":\"" B_ISSUER "\"},\"iss\":\"" A_ISSUER "\",%s",
        "{\"x\":[\"iss\",\"" B_ISSUER "\"],\"iss\":\"" A_ISSUER "\",%s",
        "{\"\\u0069ss\":\"https:\\/\\/a.example.co\\u006d\",%s",
    };
    const char *rest = desk_claims("{\"iss\":null,\"aud\":\"" A_API "\"}") + 1;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *at = strstr(forms[i], "%s");
        const char *token =
            token_maker_sign(a_key, desk_header("ES256"),
                             token_maker_text("%.*s%s", (int)(at - forms[i]), forms[i], rest));
        assert_true(jeton_verify(two.worker, token, strlen(token), NULL, NULL) != JETON_OK);
    }
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const char *at = strstr(same[i], "%s");
        assert_status(judge_by(0, token_maker_sign(a_key, desk_header("ES256"),
                                                   token_maker_text("%.*s%s", (int)(at - same[i]),
                                                                    same[i], rest))),
                      JETON_OK);
    }
}

static void class_33_remembered_token_is_one_issuers(void **state)
{
    (void)state;
    const char *of_a = token_of(a_key, "k1", A_ISSUER, A_API);
    const char *of_b = token_of(b_key, "k1", B_ISSUER, B_API);
    for (int i = 0; i < 3; i++) {
        assert_status(judge_by(0, of_a), JETON_OK);
        assert_status(judge_by(1, of_b), JETON_OK);
    }
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    assert_status(jeton_verifier_info(two.verifier, 0, &info), JETON_OK);
    assert_in_range(info.cache_hits, 1, 2);
    /* a set that changes drops what was remembered of its issuer; the other's stands */
    a_set = token_maker_jwks(token_maker_jwk(a_key, "\"kid\":\"k3\""), NULL);
    two.boot_ms += INT64_C(900) * 1000;
    for (int i = 0; i < 4; i++) {
        (void)jeton_verifier_poll(two.verifier);
    }
    assert_status(judge_by(0, of_a), JETON_UNKNOWN_KEY);
    assert_status(judge_by(1, of_b), JETON_OK);
    /* each under its own policy: B's has a limit of age, A's has none */
    two.now_s = DESK_NOW + 61;
    assert_status(judge_by(1, of_b), JETON_TOO_OLD);
    assert_status(judge_by(0, token_of(a_key, "k3", A_ISSUER, A_API)), JETON_OK);
}

static void class_33_remembered_token_judged_by_each_audience(void **state)
{
    (void)state;
    static const char *const of_b[] = {B_API, NULL}, *const of_a[] = {A_API, NULL};
    struct jeton_require others = JETON_INIT(jeton_require), ours = JETON_INIT(jeton_require);
    others.audiences = of_b;
    ours.audiences = of_a;
    const char *token = token_of(a_key, "k1", A_ISSUER, A_API);
    for (int i = 0; i < 3; i++) {
        assert_status(jeton_verify(two.worker, token, strlen(token), &ours, NULL), JETON_OK);
        assert_status(jeton_verify(two.worker, token, strlen(token), &others, NULL),
                      JETON_WRONG_AUDIENCE);
        assert_status(jeton_verify(two.worker, token, strlen(token), NULL, NULL), JETON_OK);
    }
}

int main(void)
{
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(class_28_key_of_one_issuer_never_signs_for_another),
        cmocka_unit_test(class_28_audience_of_one_issuer_is_not_anothers),
        cmocka_unit_test(class_28_issuer_that_no_policy_is_for_refused),
        cmocka_unit_test(class_28_issuer_read_twice_is_the_same),
    };
    const struct CMUnitTest remembering[] = {
        cmocka_unit_test_setup_teardown(class_33_remembered_token_is_one_issuers, open_remembering,
                                        close_two),
        cmocka_unit_test_setup_teardown(class_33_remembered_token_judged_by_each_audience,
                                        open_remembering, close_two),
    };
    int failed = cmocka_run_group_tests(plain, open_plain, close_two);
    return failed + cmocka_run_group_tests(remembering, NULL, NULL);
}
