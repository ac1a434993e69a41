/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through the form of the token and its header, each as a pair:
 * refused, and with only that cause mended accepted. A number is a class of attack: docs/attacks.md
 * lists them.
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

/* header "." bytes: a payload that is no text. */
static const char *sign_bytes(const char *header, const void *payload, size_t n)
{
    return token_maker_sign_encoded(attack_es256, token_maker_b64(header, strlen(header)),
                                    token_maker_b64(payload, n));
}

static void class_32_encrypted_or_packed_token_never_opened(void **state)
{
    (void)state;
    const char *good = desk_token(attack_es256, "{}");
    /* RFC 7518 sec. 4.8: two thousand million rounds of PBKDF2, if anybody began */
    const char *costly = "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128CBC-HS256\","
                         "\"p2s\":\"AAAA\",\"p2c\":2147483647,\"cty\":\"JWT\"}";
    const char *jwe =
        token_maker_text("%s.AAAA.AAAA.%s.AAAA", token_maker_b64(costly, strlen(costly)),
                         token_maker_b64(good, strlen(good)));
    assert_pair(&attack_ec, jwe, JETON_MALFORMED, good);
    attack_refuse_header(&attack_ec, attack_es256, costly, JETON_ALG_REFUSED);
    attack_refuse_header(&attack_ec, attack_es256,
                         "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"DEF\"}",
                         JETON_ALG_REFUSED);
    /* RFC 1951 sec. 3.2.4: one stored block, which is the claims to who unpacks it; zip is not a
     * parameter of JWS and unpacks nothing */
    const char *zip = "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",\"zip\":\"DEF\"}";
    const char *claims = desk_claims("{}");
    size_t n = strlen(claims);
    uint8_t packed[1024] = {1, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};
    assert_true(n + 5 <= sizeof packed);
    memcpy(packed + 5, claims, n);
    assert_pair(&attack_ec, sign_bytes(zip, packed, n + 5), JETON_BAD_CLAIMS,
                sign_bytes(zip, claims, n));
}

/* What overran buffers elsewhere: parts of every length around the sizes that a reader has room
 * for. Under the sanitizers a byte too many ends the test. */
static void class_41_parts_of_every_length_overrun_nothing(void **state)
{
    (void)state;
    const char *good = desk_token(attack_es256, "{}");
    const char *part = token_maker_text("%.*s", (int)(strrchr(good, '.') - good), good);
    static const int longest[] = {21830, 16000, 4097, 4096, 1367, 1366, 1365, 686, 685, 344, 343};
    for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
        const char *filler = token_maker_text("%0*d", longest[i], 0);
        assert_true(desk_judge(&attack_ec, token_maker_text("%s.%s", part, filler)) != JETON_OK);
        assert_true(desk_judge(&attack_ec, token_maker_text("%s.%s", filler, good)) != JETON_OK);
        assert_true(desk_judge(&attack_ec, token_maker_text("%s%s", filler, good)) != JETON_OK);
    }
    for (int n = 1; n < 200; n++) {
        const char *filler = token_maker_text("%0*d", n, 0);
        assert_true(desk_judge(&attack_ec, token_maker_text("%s.%s", part, filler)) != JETON_OK);
    }
    for (int n = 250; n < 260; n++) {
        const char *header =
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%0*d\",\"typ\":\"at+jwt\"}", n, 1);
        assert_true(desk_judge(&attack_ec, token_maker_sign(attack_es256, header,
                                                            desk_claims("{}"))) != JETON_OK);
        header = token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"%0*d\"}", n, 1);
        assert_true(desk_judge(&attack_ec, token_maker_sign(attack_es256, header,
                                                            desk_claims("{}"))) != JETON_OK);
    }
    assert_status(desk_judge(&attack_ec, good), JETON_OK);
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
        cmocka_unit_test(class_32_encrypted_or_packed_token_never_opened),
        cmocka_unit_test(class_41_parts_of_every_length_overrun_nothing),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
