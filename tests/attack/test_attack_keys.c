/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through the choice and the quality of keys, each as a pair:
 * refused, and with only that cause mended accepted. A number is a class of attack: docs/attacks.md
 * lists them.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <string.h>

static void class_05_symmetric_key_in_the_set_never_verifies(void **state)
{
    (void)state;
    static const char *const keys[] = {"", "AA", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMy"};
    const char *good = token_maker_jwk(attack_es256, "\"kid\":\"k2\"");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *jwks = token_maker_jwks(
            token_maker_text("{\"kty\":\"oct\",\"kid\":\"k1\",\"alg\":\"HS256\",\"k\":\"%s\"}",
                             keys[i]),
            good, NULL);
        uint8_t mac[32];
        const char *header = desk_header("HS256"), *payload = desk_claims("{}");
        token_maker_hmac("secret-secret-secret-secret-32", i == 2 ? 30 : 0,
                         attack_signed_part(header, payload), mac);
        assert_status(attack_judge_with_jwks(jwks, token_maker_join(header, payload, mac, 32)),
                      JETON_ALG_REFUSED);
        assert_status(
            attack_judge_with_jwks(jwks, token_maker_sign(attack_es256,
                                                          "{\"alg\":\"ES256\",\"kid\":\"k2\","
                                                          "\"typ\":\"at+jwt\"}",
                                                          payload)),
            JETON_OK);
    }
}

static void class_07_embedded_key_ignored(void **state)
{
    (void)state;
    const struct token_key *mallory = token_maker_key("ES256");
    const char *header =
        token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",\"jwk\":%s}",
                         token_maker_jwk(mallory, "\"kid\":\"k1\""));
    assert_pair(&attack_ec, token_maker_sign(mallory, header, desk_claims("{}")),
                JETON_BAD_SIGNATURE, token_maker_sign(attack_es256, header, desk_claims("{}")));
}

static void class_08_linked_keys_never_fetched(void **state)
{
    (void)state;
    static const char *const links[] = {"\"jku\":\"https://evil.example/jwks\"",
                                        "\"x5u\":\"http://169.254.169.254/\"", "\"x5c\":[\"MIIB\"]",
                                        "\"jku\":7", "\"x5t#S256\":\"AA\""};
    const struct token_key *mallory = token_maker_key("ES256");
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        const char *header =
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",%s}", links[i]);
        unsigned before = attack_ec.fetches;
        assert_pair(&attack_ec, token_maker_sign(mallory, header, desk_claims("{}")),
                    JETON_BAD_SIGNATURE, token_maker_sign(attack_es256, header, desk_claims("{}")));
        (void)jeton_verifier_poll(attack_ec.verifier);
        assert_int_equal(attack_ec.fetches, before);
    }
}

static void class_13_rsa_key_too_small_or_of_bad_exponent_unusable(void **state)
{
    (void)state;
    const struct token_key *small = token_maker_rsa("RS256", 1024, 65537);
    const struct token_key *odd = token_maker_rsa("RS256", 2048, 3);
    assert_status(
        attack_judge_beside_good(token_maker_jwk(small, "\"kid\":\"k1\""), desk_token(small, "{}")),
        JETON_UNKNOWN_KEY);
    assert_status(
        attack_judge_beside_good(token_maker_jwk(odd, "\"kid\":\"k1\""), desk_token(odd, "{}")),
        JETON_OK);
    const char *jwk = token_maker_jwk(attack_rs256, "\"kid\":\"k1\"");
    static const char *const exponents[] = {"AQ", "Ag", "AQAA", "AA", ""};
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        const char *e = strstr(jwk, "\"AQAB\"");
        const char *bad = token_maker_text("%.*s\"%s\"%s", (int)(e - jwk), jwk, exponents[i],
                                           e + strlen("\"AQAB\""));
        assert_status(attack_judge_beside_good(bad, desk_token(attack_rs256, "{}")),
                      JETON_UNKNOWN_KEY);
    }
    assert_status(attack_judge_beside_good(jwk, desk_token(attack_rs256, "{}")), JETON_OK);
}

static void class_14_point_off_the_curve_or_of_another_curve_unusable(void **state)
{
    (void)state;
    const char *jwk = token_maker_jwk(attack_es256, "\"kid\":\"k1\"");
    const char *token = desk_token(attack_es256, "{}");
    char *off = strdup(jwk), *curve = strdup(jwk);
    char *y = strstr(off, "\"y\":\"") + 10;
    *y = *y == 'A' ? 'B' : 'A';
    memcpy(strstr(curve, "P-256"), "P-384", 5);
    const char *infinity = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"x\":"
                           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
                           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
    assert_status(attack_judge_beside_good(off, token), JETON_UNKNOWN_KEY);
    assert_status(attack_judge_beside_good(curve, token), JETON_UNKNOWN_KEY);
    assert_status(attack_judge_beside_good(infinity, token), JETON_UNKNOWN_KEY);
    assert_status(attack_judge_beside_good(jwk, token), JETON_OK);
    free(off);
    free(curve);
    const struct token_key *p384 = token_maker_key("ES384");
    const struct token_key as = {"ES384", p384->pkey};
    const char *set = token_maker_jwks(token_maker_jwk(p384, "\"kid\":\"k1\""), NULL);
    assert_status(
        attack_judge_with_jwks(set, token_maker_sign(&as, desk_header("ES256"), desk_claims("{}"))),
        JETON_ALG_REFUSED);
    assert_status(attack_judge_with_jwks(set, desk_token(&as, "{}")), JETON_OK);
}

static void class_14_coordinates_of_another_length_unusable(void **state)
{
    (void)state;
    uint8_t point[65];
    size_t n = 0;
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(attack_es256->pkey, "pub", point, sizeof point, &n), 1);
    assert_int_equal(n, sizeof point);
    const char *token = desk_token(attack_es256, "{}");
    /* the same 64 bytes, divided elsewhere: a key that has several texts */
    static const size_t lengths[] = {31, 33, 1, 63, 32};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const char *jwk = token_maker_text(
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"x\":\"%s\",\"y\":\"%s\"}",
            token_maker_b64(point + 1, lengths[i]),
            token_maker_b64(point + 1 + lengths[i], 64 - lengths[i]));
        assert_status(attack_judge_beside_good(jwk, token),
                      lengths[i] == 32 ? JETON_OK : JETON_UNKNOWN_KEY);
    }
}

static void class_28_key_of_another_issuer_refused(void **state)
{
    (void)state;
    const struct token_key *other = token_maker_key("ES256");
    assert_pair(&attack_ec, desk_token(other, "{}"), JETON_BAD_SIGNATURE,
                desk_token(attack_es256, "{}"));
}

static void class_29_duplicate_kids_and_kidless_tokens(void **state)
{
    (void)state;
    const char *jwk[6];
    const struct token_key *keys[6];
    for (size_t i = 0; i < 6; i++) {
        keys[i] = token_maker_key("ES256");
        jwk[i] = token_maker_jwk(keys[i], "\"kid\":\"k1\"");
    }
    const char *five = token_maker_jwks(jwk[0], jwk[1], jwk[2], jwk[3], jwk[4], NULL);
    const char *four = token_maker_jwks(jwk[0], jwk[1], jwk[2], jwk[3], NULL);
    assert_status(attack_judge_with_jwks(five, desk_token(keys[3], "{}")), JETON_OK);
    assert_status(attack_judge_with_jwks(five, desk_token(keys[4], "{}")), JETON_BAD_SIGNATURE);
    const char *kidless =
        token_maker_sign(keys[3], "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", desk_claims("{}"));
    assert_status(attack_judge_with_jwks(five, kidless), JETON_UNKNOWN_KEY);
    assert_status(attack_judge_with_jwks(four, kidless), JETON_OK);
    /* keys that do not fit do not count */
    const char *mixed = token_maker_jwks(jwk[0], token_maker_jwk(attack_rs256, "\"kid\":\"r\""),
                                         token_maker_jwk(attack_eddsa, "\"kid\":\"e\""), jwk[1],
                                         jwk[2], jwk[3], NULL);
    assert_status(attack_judge_with_jwks(mixed, kidless), JETON_OK);
    assert_status(
        attack_judge_with_jwks(token_maker_jwks(token_maker_jwk(attack_rs256, ""), NULL), kidless),
        JETON_UNKNOWN_KEY);
}

static void class_30_key_not_for_verifying_unusable(void **state)
{
    (void)state;
    static const char *const members[] = {
        "\"use\":\"enc\"",  "\"key_ops\":[\"encrypt\"]", "\"key_ops\":[]", "\"d\":\"AAAA\"",
        "\"use\":7",        "\"key_ops\":\"verify\"",    "\"k\":\"AAAA\"", "\"alg\":\"ES384\"",
        "\"alg\":\"HS256\""};
    const char *token = desk_token(attack_es256, "{}");
    const char *other = token_maker_jwk(attack_rs256, "\"kid\":\"k2\"");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *jwk =
            token_maker_jwk(attack_es256, token_maker_text("\"kid\":\"k1\",%s", members[i]));
        assert_status(attack_judge_with_jwks(token_maker_jwks(jwk, other, NULL), token),
                      JETON_UNKNOWN_KEY);
    }
    const char *good = token_maker_jwk(
        attack_es256, "\"kid\":\"k1\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"alg\":\"ES256\"");
    assert_status(attack_judge_with_jwks(token_maker_jwks(good, other, NULL), token), JETON_OK);
}

static void class_35_one_bad_key_spoils_no_other(void **state)
{
    (void)state;
    static const char *const junk[] = {"{}",
                                       "null",
                                       "7",
                                       "[]",
                                       "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AA\"}",
                                       "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"A\"}",
                                       "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}"};
    const char *good = token_maker_jwk(attack_es256, "\"kid\":\"k1\"");
    for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
        assert_status(attack_judge_with_jwks(token_maker_jwks(junk[i], good, NULL),
                                             desk_token(attack_es256, "{}")),
                      JETON_OK);
        assert_status(
            attack_judge_with_jwks(token_maker_jwks(junk[i], NULL), desk_token(attack_es256, "{}")),
            JETON_NO_KEYS);
    }
}

/* Nothing is compared that would tell by its time how much of it was right: a MAC that is right, one
 * wrong in its first byte and one wrong in its last are refused before anybody looks at them. */
static void class_37_no_mac_is_compared(void **state)
{
    (void)state;
    const char *header = desk_header("HS256"), *payload = desk_claims("{}");
    const char *jwks = token_maker_jwks(
        "{\"kty\":\"oct\",\"kid\":\"k1\",\"k\":\"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMy\"}",
        token_maker_jwk(attack_es256, "\"kid\":\"k1\""), NULL);
    uint8_t mac[32];
    token_maker_hmac("secret-secret-secret-secret-32", 30, attack_signed_part(header, payload),
                     mac);
    for (size_t wrong = 0; wrong <= sizeof mac; wrong++) {
        uint8_t other[32];
        memcpy(other, mac, sizeof mac);
        if (wrong < sizeof mac) {
            other[wrong] ^= 1;
        }
        assert_status(attack_judge_with_jwks(jwks, token_maker_join(header, payload, other, 32)),
                      JETON_ALG_REFUSED);
    }
    assert_status(attack_judge_with_jwks(jwks, desk_token(attack_es256, "{}")), JETON_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_05_symmetric_key_in_the_set_never_verifies),
        cmocka_unit_test(class_07_embedded_key_ignored),
        cmocka_unit_test(class_08_linked_keys_never_fetched),
        cmocka_unit_test(class_13_rsa_key_too_small_or_of_bad_exponent_unusable),
        cmocka_unit_test(class_14_point_off_the_curve_or_of_another_curve_unusable),
        cmocka_unit_test(class_14_coordinates_of_another_length_unusable),
        cmocka_unit_test(class_28_key_of_another_issuer_refused),
        cmocka_unit_test(class_29_duplicate_kids_and_kidless_tokens),
        cmocka_unit_test(class_30_key_not_for_verifying_unusable),
        cmocka_unit_test(class_37_no_mac_is_compared),
        cmocka_unit_test(class_35_one_bad_key_spoils_no_other),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
