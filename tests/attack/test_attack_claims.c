/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through claims, each as a pair: refused, and with only that cause
 * mended accepted. A number is a class of attack: docs/attacks.md lists them.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

static void class_21_bad_utf8_and_nul_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\xFF",    "\xC0\xAF",       "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82",
        "\\ud800", "\\udc00\\ud800", "\\u0000",      "\\ud800x"};
    const char *claims = desk_claims("{}");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        attack_refuse_payload(token_maker_text("{\"x\":\"%s\",%s", texts[i], claims + 1),
                              JETON_BAD_CLAIMS);
    }
    attack_refuse_payload(token_maker_text("\xEF\xBB\xBF%s", claims), JETON_BAD_CLAIMS);
    char *truncating = strdup(claims);
    char *aud = strstr(truncating, DESK_AUDIENCE "\"");
    const char *evil = token_maker_text("%.*s%s\\u0000evil%s", (int)(aud - truncating), truncating,
                                        DESK_AUDIENCE, aud + strlen(DESK_AUDIENCE));
    free(truncating);
    attack_refuse_payload(evil, JETON_BAD_CLAIMS);
    const char *fine = token_maker_text("{\"x\":\"\xE2\x82\xAC\\ud83d\\ude00\",%s", claims + 1);
    assert_status(
        desk_judge(&attack_ec, token_maker_sign(attack_es256, desk_header("ES256"), fine)),
        JETON_OK);
}

static void class_23_numeric_dates_of_wrong_type_or_range_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"\"1800000000\"",
                                         "true",
                                         "[1800000000]",
                                         "{}",
                                         "-1",
                                         "-0.5",
                                         "1e300",
                                         "1e19",
                                         "9223372036854775807",
                                         "18446744073709551616",
                                         "253402300800"};
    static const char *const names[] = {"exp", "nbf", "iat"};
    const char *rest = desk_claims("{\"exp\":null,\"nbf\":null,\"iat\":null}");
    for (size_t n = 0; n < 3; n++) {
        const char *exp = n == 0 ? "" : "\"exp\":1800000000,";
        const char *mended = n == 0 ? "1800000000.25" : "1600000000.25";
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            assert_pair(&attack_ec,
                        token_maker_sign(attack_es256, desk_header("ES256"),
                                         token_maker_text("{%s\"%s\":%s,%s", exp, names[n],
                                                          values[i], rest + 1)),
                        JETON_BAD_CLAIMS,
                        token_maker_sign(
                            attack_es256, desk_header("ES256"),
                            token_maker_text("{%s\"%s\":%s,%s", exp, names[n], mended, rest + 1)));
        }
    }
    attack_refuse_payload(token_maker_text("{\"exp\":null,%s", rest + 1), JETON_BAD_CLAIMS);
    attack_refuse_payload(token_maker_text("{\"exp\":NaN,%s", rest + 1), JETON_BAD_CLAIMS);
}

static void class_24_edges_of_time(void **state)
{
    (void)state;
    const char *token = desk_token(attack_es256, "{}");
    attack_ec.now_s = DESK_NOW + 3600;
    assert_status(desk_judge(&attack_ec, token), JETON_EXPIRED);
    attack_ec.now_s = DESK_NOW + 3599;
    assert_status(desk_judge(&attack_ec, token), JETON_OK);
    attack_ec.now_s = DESK_NOW - 1;
    assert_status(desk_judge(&attack_ec, token), JETON_NOT_YET_VALID);
    attack_ec.now_s = DESK_NOW;
    assert_status(desk_judge(&attack_ec, token), JETON_OK);
    assert_pair(&attack_ec, desk_token(attack_es256, "{\"exp\":1699999999,\"iat\":1700000000}"),
                JETON_EXPIRED, token);
}

static void class_24_skew_moves_the_edge_of_age_and_no_further(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    struct desk desk;
    policy.max_age_s = 600;
    policy.skew_s = 30;
    desk_open(&desk, &policy, desk_jwks(attack_es256));
    assert_pair(&desk, desk_token(attack_es256, "{\"iat\":1699999369}"), JETON_TOO_OLD,
                desk_token(attack_es256, "{\"iat\":1699999370}"));
    desk_close(&desk);
}

static void class_25_missing_exp_refused(void **state)
{
    (void)state;
    assert_pair(&attack_ec, desk_token(attack_es256, "{\"exp\":null}"), JETON_MISSING_CLAIM,
                desk_token(attack_es256, "{}"));
}

static void class_26_aud_of_wrong_type_or_near_match_refused(void **state)
{
    (void)state;
    static const struct {
        const char *aud;
        jeton_status want;
    } rows[] = {
        {"7", JETON_BAD_CLAIMS},
        {"{\"a\":\"" DESK_AUDIENCE "\"}", JETON_BAD_CLAIMS},
        {"[]", JETON_WRONG_AUDIENCE},
        {"[[\"" DESK_AUDIENCE "\"]]", JETON_BAD_CLAIMS},
        {"[\"" DESK_AUDIENCE "\",{}]", JETON_BAD_CLAIMS},
        {"\"\"", JETON_WRONG_AUDIENCE},
        {"\"https://payment.example.com\"", JETON_WRONG_AUDIENCE},
        {"\"" DESK_AUDIENCE "/evil\"", JETON_WRONG_AUDIENCE},
        {"\"x " DESK_AUDIENCE "\"", JETON_WRONG_AUDIENCE},
        {"\"payment.example.com/api\"", JETON_WRONG_AUDIENCE},
        {"\"HTTPS://payment.example.com/api\"", JETON_WRONG_AUDIENCE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_pair(&attack_ec,
                    desk_token(attack_es256, token_maker_text("{\"aud\":%s}", rows[i].aud)),
                    rows[i].want, desk_token(attack_es256, "{\"aud\":[\"" DESK_AUDIENCE "\"]}"));
    }
    const char *null_in = desk_claims("{\"aud\":[\"" DESK_AUDIENCE "\",null]}");
    attack_refuse_payload(null_in, JETON_BAD_CLAIMS);
}

static void class_27_iss_near_match_refused(void **state)
{
    (void)state;
    static const struct {
        const char *iss;
        jeton_status want;
    } rows[] = {
        {"\"https://id.example.com/\"", JETON_WRONG_ISSUER},
        {"\"https://id.example.com.evil.example\"", JETON_WRONG_ISSUER},
        {"\"https://ID.example.com\"", JETON_WRONG_ISSUER},
        {"\"http://id.example.com\"", JETON_WRONG_ISSUER},
        {"\"id.example.com\"", JETON_WRONG_ISSUER},
        {"\"\"", JETON_WRONG_ISSUER},
        {"[\"https://id.example.com\"]", JETON_BAD_CLAIMS},
        {"\"https://\xD1\x96"
         "d.example.com\"",
         JETON_WRONG_ISSUER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_pair(&attack_ec,
                    desk_token(attack_es256, token_maker_text("{\"iss\":%s}", rows[i].iss)),
                    rows[i].want, desk_token(attack_es256, "{}"));
    }
}

/* The verdict on a token with these claims changed, under a policy of these names. */
static jeton_status judge_named(const char *issuer, const char *audience, const char *changes,
                                const struct jeton_require *require)
{
    const char *const audiences[] = {audience, NULL};
    struct jeton_policy policy = desk_policy();
    struct desk desk;
    policy.issuer = issuer;
    policy.audiences = audiences;
    desk_open(&desk, &policy, desk_jwks(attack_es256));
    const char *token = desk_token(attack_es256, changes);
    jeton_status status = desk_judge(&desk, token);
    if (status == JETON_OK) {
        status = jeton_verify(desk.worker, token, strlen(token), require, NULL);
    }
    desk_close(&desk);
    return status;
}

static void class_40_names_are_no_patterns(void **state)
{
    (void)state;
    static const char *const issuers[] = {"https://.*", "^https://id\\.example\\.com$",
                                          "https://id?example.com", "https://*.example.com",
                                          "https://(((((i+)+d)+)+)+.example.com"};
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++) {
        assert_status(judge_named(issuers[i], DESK_AUDIENCE, "{}", NULL), JETON_WRONG_ISSUER);
        assert_status(judge_named(DESK_ISSUER, issuers[i], "{}", NULL), JETON_WRONG_AUDIENCE);
    }
    assert_status(
        judge_named("https://.*", "%s.*", "{\"iss\":\"https://.*\",\"aud\":\"%s.*\"}", NULL),
        JETON_OK);
    /* a pattern in the token is none either */
    assert_status(judge_named(DESK_ISSUER, DESK_AUDIENCE, "{\"aud\":\".*\"}", NULL),
                  JETON_WRONG_AUDIENCE);
    static const char *const all[] = {"payments:read", NULL}, *const any[] = {"payments:*", NULL};
    struct jeton_require literal = JETON_INIT(jeton_require), star = JETON_INIT(jeton_require);
    literal.all_of = all;
    star.any_of = any;
    assert_status(
        judge_named(DESK_ISSUER, DESK_AUDIENCE, "{\"scope\":\"payments:* .*\"}", &literal),
        JETON_INSUFFICIENT_SCOPE);
    assert_status(judge_named(DESK_ISSUER, DESK_AUDIENCE, "{}", &star), JETON_INSUFFICIENT_SCOPE);
    assert_status(judge_named(DESK_ISSUER, DESK_AUDIENCE, "{}", &literal), JETON_OK);
    assert_status(judge_named(DESK_ISSUER, DESK_AUDIENCE, "{\"scope\":\"payments:*\"}", &star),
                  JETON_OK);
}

static void class_43_steps_of_the_wall_clock_age_no_keys(void **state)
{
    (void)state;
    static const struct {
        int64_t now_s;
        jeton_status want;
    } rows[] = {{0, JETON_NOT_YET_VALID},
                {-1, JETON_NOT_YET_VALID},
                {DESK_NOW + 10 * 365 * 86400, JETON_EXPIRED},
                {INT64_MAX, JETON_EXPIRED},
                {DESK_NOW, JETON_OK}};
    const char *token = desk_token(attack_es256, "{}");
    unsigned before = attack_ec.fetches;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        attack_ec.now_s = rows[i].now_s;
        (void)jeton_verifier_poll(attack_ec.verifier);
        assert_int_equal(attack_ec.fetches, before);
        assert_status(desk_judge(&attack_ec, token), rows[i].want);
    }
    attack_ec.boot_ms += INT64_C(900) * 1000;
    (void)jeton_verifier_poll(attack_ec.verifier);
    assert_int_equal(attack_ec.fetches, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_21_bad_utf8_and_nul_refused),
        cmocka_unit_test(class_23_numeric_dates_of_wrong_type_or_range_refused),
        cmocka_unit_test(class_24_edges_of_time),
        cmocka_unit_test(class_24_skew_moves_the_edge_of_age_and_no_further),
        cmocka_unit_test(class_25_missing_exp_refused),
        cmocka_unit_test(class_26_aud_of_wrong_type_or_near_match_refused),
        cmocka_unit_test(class_27_iss_near_match_refused),
        cmocka_unit_test(class_40_names_are_no_patterns),
        cmocka_unit_test(class_43_steps_of_the_wall_clock_age_no_keys),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
