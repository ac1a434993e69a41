/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through the form of the token and its header, each as a pair:
 * refused, and with only that cause mended accepted. A number is a class of attack; those that are
 * in no file need several verifications, a network or another library, and are tested elsewhere or
 * do not apply.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

static void class_01_alg_none_in_any_spelling_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "None", "nOnE", " none", "NONE", "", "es256"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *header = desk_header(names[i]);
        attack_refuse_header(&attack_ec, attack_es256, header, JETON_ALG_REFUSED);
        const char *bare = token_maker_text("%s.", attack_signed_part(header, desk_claims("{}")));
        assert_pair(&attack_ec, bare, JETON_MALFORMED, desk_token(attack_es256, "{}"));
    }
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":null,\"kid\":\"k1\",\"typ\":\"at+jwt\"}", JETON_MALFORMED);
    attack_refuse_header(&attack_ec, attack_es256, "{\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
                         JETON_MALFORMED);
}

static void class_01_empty_signature_under_a_real_alg_refused(void **state)
{
    (void)state;
    const char *part = attack_signed_part(desk_header("ES256"), desk_claims("{}"));
    assert_pair(&attack_ec, token_maker_text("%s.", part), JETON_MALFORMED,
                desk_token(attack_es256, "{}"));
}

static void class_06_json_serialization_and_polyglots_refused(void **state)
{
    (void)state;
    const char *token = desk_token(attack_es256, "{}");
    const char *dot1 = strchr(token, '.'), *dot2 = strchr(dot1 + 1, '.');
    const char *flat =
        token_maker_text("{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%s\"}",
                         (int)(dot1 - token), token, (int)(dot2 - dot1 - 1), dot1 + 1, dot2 + 1);
    assert_pair(&attack_ec, flat, JETON_MALFORMED, token);
    assert_pair(&attack_ec, token_maker_text("{\"%s\":\"x\"}", token), JETON_MALFORMED, token);
    assert_pair(&attack_ec, token_maker_text("\"%s\"", token), JETON_MALFORMED, token);
}

static void class_09_kid_is_opaque(void **state)
{
    (void)state;
    static const char *const kids[] = {
        "../../../../dev/null", "k1' OR '1'='1", "k1;id", "K1", "k1 ", "k", "%6b1"};
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++) {
        attack_refuse_header(
            &attack_ec, attack_es256,
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kids[i]),
            JETON_UNKNOWN_KEY);
    }
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":\"ES256\",\"kid\":\"k1\\u0000\",\"typ\":\"at+jwt\"}",
                         JETON_MALFORMED);
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":\"ES256\",\"kid\":[\"k1\"],\"typ\":\"at+jwt\"}",
                         JETON_MALFORMED);
    attack_refuse_header(&attack_ec, attack_es256,
                         token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%0257d\"}", 1),
                         JETON_MALFORMED);
    attack_refuse_header(
        &attack_ec, attack_es256,
        token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%0256d\",\"typ\":\"at+jwt\"}", 1),
        JETON_UNKNOWN_KEY);
}

static void class_16_crit_of_any_form_refused(void **state)
{
    (void)state;
    static const char *const crits[] = {"[\"exp\"]", "[]", "[\"b64\"]", "\"exp\"",
                                        "null",      "7",  "[\"alg\"]", "{}"};
    for (size_t i = 0; i < sizeof crits / sizeof crits[0]; i++) {
        attack_refuse_header(
            &attack_ec, attack_es256,
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
                             "\"crit\":%s,\"exp\":1}",
                             crits[i]),
            JETON_CRIT_REFUSED);
    }
}

static void class_17_b64_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"false", "true", "null"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        attack_refuse_header(
            &attack_ec, attack_es256,
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\","
                             "\"b64\":%s}",
                             values[i]),
            JETON_CRIT_REFUSED);
    }
}

static void class_18_lax_base64_refused(void **state)
{
    (void)state;
    const char *header = desk_header("ES256"), *payload = NULL;
    /* 3n + 1 bytes: the last character has four spare bits */
    for (int i = 0; payload == NULL || strlen(payload) % 3 != 1; i++) {
        payload = desk_claims(token_maker_text("{\"jti\":\"%.*s\"}", i, "aaaa"));
    }
    const char *h = token_maker_b64(header, strlen(header));
    const char *p = token_maker_b64(payload, strlen(payload));
    size_t last = strlen(p) - 1;
    const char *good = token_maker_sign_encoded(attack_es256, h, p);
    const char *const bad[] = {
        token_maker_text("%s==", p),
        token_maker_text("%s=", p),
        token_maker_text("%.*s%c", (int)last, p, p[last] + 1), /* spare bits */
        token_maker_text("%s\n", p),
        token_maker_text(" %s", p),
        token_maker_text("%s+/", p),
        token_maker_text("%.*s", (int)last, p), /* one character too many or too few */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_pair(&attack_ec, token_maker_sign_encoded(attack_es256, h, bad[i]), JETON_MALFORMED,
                    good);
    }
    assert_pair(&attack_ec, token_maker_text("%s=", good), JETON_MALFORMED, good);
    assert_pair(&attack_ec, token_maker_text("%s\n", good), JETON_MALFORMED, good);
    assert_pair(&attack_ec,
                token_maker_text("%.*s%c", (int)strlen(good) - 1, good, good[strlen(good) - 1] + 1),
                JETON_MALFORMED, good); /* 64 bytes leave four spare bits */
    assert_pair(&attack_ec, token_maker_sign_encoded(attack_es256, token_maker_text("%s=", h), p),
                JETON_MALFORMED, good);
}

static void class_18_nul_inside_refused(void **state)
{
    (void)state;
    const char *good = desk_token(attack_es256, "{}");
    size_t n = strlen(good);
    char *copy = malloc(n + 5);
    assert_non_null(copy);
    memcpy(copy, good, n);
    memcpy(copy + n, "\0evil", 5);
    assert_status(jeton_verify(attack_ec.worker, copy, n + 5, NULL, NULL), JETON_MALFORMED);
    assert_status(jeton_verify(attack_ec.worker, copy, n, NULL, NULL), JETON_OK);
    free(copy);
}

static void class_19_dots_other_than_two_refused(void **state)
{
    (void)state;
    const char *good = desk_token(attack_es256, "{}");
    const char *dot = strchr(good, '.');
    const char *const bad[] = {
        token_maker_text(".%s", good),
        token_maker_text("..%s", good),
        token_maker_text("%s.", good),
        token_maker_text("%s.%s", good, good),
        token_maker_text("%.*s.%s", (int)(dot - good), good, dot),
        token_maker_text("%.*s", (int)(dot - good), good),
        dot,
        ".",
        "..",
        "...",
        "x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_pair(&attack_ec, bad[i], JETON_MALFORMED, good);
    }
    char many[16384 + 1];
    memset(many, '.', sizeof many - 1);
    many[sizeof many - 1] = 0;
    assert_pair(&attack_ec, many, JETON_MALFORMED, good);
}

static void class_20_duplicate_members_refused(void **state)
{
    (void)state;
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"kid\":\"k1\"}", JETON_MALFORMED);
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\",\"kid\":\"k1\"}",
                         JETON_MALFORMED);
    const char *claims = desk_claims("{}");
    attack_refuse_payload(token_maker_text("{\"aud\":\"x\",%s", claims + 1), JETON_BAD_CLAIMS);
    attack_refuse_payload(token_maker_text("{\"\\u0065xp\":1,%s", claims + 1), JETON_BAD_CLAIMS);
    attack_refuse_payload(token_maker_text("{\"a\":{\"b\":1,\"b\":2},%s", claims + 1),
                          JETON_BAD_CLAIMS);
    const char *jwk = token_maker_jwk(attack_es256, "\"kid\":\"k1\",\"kid\":\"k1\"");
    struct desk desk;
    desk_open(&desk, NULL, token_maker_jwks(jwk, NULL));
    assert_status(desk_judge(&desk, desk_token(attack_es256, "{}")), JETON_NO_KEYS);
    desk_close(&desk);
}

/* The good claims and one more with arrays nested `depth` deep. */
static const char *nested(int depth)
{
    char open[9000], shut[9000];
    memset(open, '[', (size_t)depth);
    memset(shut, ']', (size_t)depth);
    return token_maker_text("{\"x\":%.*s%.*s,%s", depth, open, depth, shut, desk_claims("{}") + 1);
}

static void class_22_deep_nesting_and_huge_numbers_refused(void **state)
{
    (void)state;
    const char *header = desk_header("ES256");
    const char *good = token_maker_sign(attack_es256, header, nested(15));
    assert_pair(&attack_ec, token_maker_sign(attack_es256, header, nested(16)), JETON_BAD_CLAIMS,
                good);
    assert_pair(&attack_ec, token_maker_sign(attack_es256, header, nested(5000)), JETON_BAD_CLAIMS,
                good);
    const char *claims = desk_claims("{}");
    /* nobody reads a number of another claim; a date must be one */
    claims = desk_claims("{\"nbf\":null}");
    attack_refuse_payload(token_maker_text("{\"nbf\":1%01000d,%s", 0, claims + 1),
                          JETON_BAD_CLAIMS);
    attack_refuse_payload(token_maker_text("{\"nbf\":1e999,%s", claims + 1), JETON_BAD_CLAIMS);
    attack_refuse_header(&attack_ec, attack_es256,
                         token_maker_text("{\"alg\":\"ES256\",\"x\":\"%04000d\"}", 0),
                         JETON_MALFORMED);
}

static void class_31_other_kinds_of_jwt_refused(void **state)
{
    (void)state;
    static const char *const types[] = {"JWT",          "dpop+jwt", "logout+jwt",
                                        "secevent+jwt", "JOSE",     "application/jwt"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        attack_refuse_header(
            &attack_ec, attack_es256,
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"%s\"}", types[i]),
            JETON_TYP_REFUSED);
    }
    const char *jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA";
    assert_pair(&attack_ec, jwe, JETON_MALFORMED, desk_token(attack_es256, "{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_01_alg_none_in_any_spelling_refused),
        cmocka_unit_test(class_01_empty_signature_under_a_real_alg_refused),
        cmocka_unit_test(class_06_json_serialization_and_polyglots_refused),
        cmocka_unit_test(class_09_kid_is_opaque),
        cmocka_unit_test(class_16_crit_of_any_form_refused),
        cmocka_unit_test(class_17_b64_refused),
        cmocka_unit_test(class_18_lax_base64_refused),
        cmocka_unit_test(class_18_nul_inside_refused),
        cmocka_unit_test(class_19_dots_other_than_two_refused),
        cmocka_unit_test(class_20_duplicate_members_refused),
        cmocka_unit_test(class_22_deep_nesting_and_huge_numbers_refused),
        cmocka_unit_test(class_31_other_kinds_of_jwt_refused),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
