/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known attacks on JWT verifiers through what they fetch: floods that ask for it, sets that are too
 * large or are none, discovery that leads astray. Each as a pair: refused, and with only that cause
 * mended accepted. What needs a real server (redirects, trickles, certificates) is in
 * tests/fault/verifier_faults.py.
 */
#include "tests/unit/unit.h"

#include "tests/attack/attack_desk.h"

#include <stdlib.h>
#include <string.h>

#define TTL_MS     (INT64_C(900) * 1000)
#define COOLING_MS 10000 /* less than the 30 s between two fetches that unknown kids ask for */

static const char *unknown_kid(int i)
{
    return token_maker_sign(
        attack_es256, token_maker_text("{\"alg\":\"ES256\",\"kid\":\"u%d\",\"typ\":\"at+jwt\"}", i),
        desk_claims("{}"));
}

static void class_34_flood_of_unknown_kids_fetches_once(void **state)
{
    (void)state;
    struct desk desk;
    const struct token_key *next = token_maker_key("ES256");
    const char *first = token_maker_jwk(attack_es256, "\"kid\":\"k1\"");
    desk_open(&desk, NULL, token_maker_jwks(first, NULL));
    desk.body = token_maker_jwks(first, token_maker_jwk(next, "\"kid\":\"k2\""), NULL);
    unsigned before = desk.fetches;
    for (int i = 0; i < 1000; i++) {
        desk.boot_ms += COOLING_MS / 1000;
        assert_status(desk_judge(&desk, unknown_kid(i)), JETON_UNKNOWN_KEY);
        (void)jeton_verifier_poll(desk.verifier);
    }
    assert_int_equal(desk.fetches, before + 1);
    /* the kid that the flood was to hide was found by that one fetch */
    assert_status(desk_judge(&desk, token_maker_sign(next,
                                                     "{\"alg\":\"ES256\",\"kid\":\"k2\","
                                                     "\"typ\":\"at+jwt\"}",
                                                     desk_claims("{}"))),
                  JETON_OK);
    assert_status(desk_judge(&desk, desk_token(attack_es256, "{}")), JETON_OK);
    desk_close(&desk);
}

static void class_34_flood_that_begins_before_the_first_set_backs_off(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, "");
    unsigned before = desk.fetches;
    for (int i = 0; i < 1000; i++) {
        desk.boot_ms += COOLING_MS / 1000;
        assert_status(desk_judge(&desk, unknown_kid(i)), JETON_NO_KEYS);
        (void)jeton_verifier_poll(desk.verifier);
    }
    /* after 1, 2 and 4 s, or about that */
    assert_in_range(desk.fetches, before + 1, before + 6);
    desk.body = desk_jwks(attack_es256);
    desk.boot_ms += TTL_MS;
    (void)jeton_verifier_poll(desk.verifier);
    assert_status(desk_judge(&desk, desk_token(attack_es256, "{}")), JETON_OK);
    desk_close(&desk);
}

static void class_34_flood_of_bad_signatures_never_fetches(void **state)
{
    (void)state;
    struct desk desk;
    const struct token_key *mallory = token_maker_key("ES256");
    desk_open(&desk, NULL, desk_jwks(attack_es256));
    const char *bad = desk_token(mallory, "{}");
    unsigned before = desk.fetches;
    for (int i = 0; i < 1000; i++) {
        desk.boot_ms += COOLING_MS / 1000;
        assert_status(desk_judge(&desk, bad), JETON_BAD_SIGNATURE);
        (void)jeton_verifier_poll(desk.verifier);
    }
    assert_int_equal(desk.fetches, before);
    assert_status(desk_judge(&desk, unknown_kid(1)), JETON_UNKNOWN_KEY);
    (void)jeton_verifier_poll(desk.verifier);
    assert_int_equal(desk.fetches, before + 1);
    desk_close(&desk);
}

/* {"keys":[...]} of `before` members that are none, and one key. */
static const char *set_behind(size_t before, const char *member)
{
    size_t step = strlen(member) + 1;
    char *junk = calloc(before * step + 1, 1);
    assert_non_null(junk);
    for (size_t i = 0; i < before; i++) {
        memcpy(junk + i * step, member, step - 1);
        junk[i * step + step - 1] = ',';
    }
    const char *set = token_maker_text("{\"keys\":[%s%s]}", junk,
                                       token_maker_jwk(attack_es256, "\"kid\":\"k1\""));
    free(junk);
    return set;
}

static void class_34_set_of_ten_thousand_keys_never_read_whole(void **state)
{
    (void)state;
    const char *token = desk_token(attack_es256, "{}");
    assert_status(attack_judge_with_jwks(set_behind(10000, "{}"), token), JETON_NO_KEYS);
    assert_status(attack_judge_with_jwks(set_behind(20, "{}"), token), JETON_OK);
    /* and beyond the limit of bytes, from a fetch that does not keep to it */
    const char *large = token_maker_text("{\"keys\":[{\"x\":\"%030000d\"}", 0);
    assert_status(
        attack_judge_with_jwks(set_behind(10, token_maker_text("{\"x\":\"%030000d\"}", 0)), token),
        JETON_NO_KEYS);
    assert_status(
        attack_judge_with_jwks(
            token_maker_text("%s,%s]}", large, token_maker_jwk(attack_es256, "\"kid\":\"k1\"")),
            token),
        JETON_OK);
}

static void class_35_set_that_is_none_never_replaces_a_good_one(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "<!doctype html><title>Log in</title>",
                                         "{\"keys\":[]}", "{\"error\":\"busy\"}", "null"};
    const struct token_key *next = token_maker_key("ES256");
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(attack_es256));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        unsigned before = desk.fetches;
        desk.body = bodies[i];
        desk.boot_ms += TTL_MS;
        (void)jeton_verifier_poll(desk.verifier);
        assert_true(desk.fetches > before);
        assert_status(desk_judge(&desk, desk_token(attack_es256, "{}")), JETON_OK);
    }
    desk.body = desk_jwks(next);
    desk.boot_ms += TTL_MS;
    (void)jeton_verifier_poll(desk.verifier);
    assert_pair(&desk, desk_token(attack_es256, "{}"), JETON_BAD_SIGNATURE, desk_token(next, "{}"));
    desk_close(&desk);
}

/* What discovery finds, and whether anybody asked the place of the attacker. */
struct places {
    const char *document, *set;
    unsigned strayed;
};

static jeton_status fetch_place(void *ctx, const char *url, size_t max_body,
                                struct jeton_response *out)
{
    struct places *places = ctx;
    (void)max_body;
    const char *body = strstr(url, "/.well-known/") != NULL ? places->document : places->set;
    places->strayed += strncmp(url, DESK_ISSUER "/", strlen(DESK_ISSUER "/")) != 0;
    *out = (struct jeton_response){body, strlen(body), -1};
    return JETON_OK;
}

/* The verdict on a good token when the metadata is `document`. */
static jeton_status judge_discovered(const char *document, unsigned *out_strayed)
{
    struct places places = {.document = document, .set = desk_jwks(attack_es256)};
    struct desk desk = {.now_s = DESK_NOW, .boot_ms = 5000};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    options.fetch = fetch_place;
    options.fetch_ctx = &places;
    options.wait_ms = 1000;
    policy.jwks_uri = NULL;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_status(jeton_worker_new(desk.verifier, &desk.worker), JETON_OK);
    jeton_status status = desk_judge(&desk, desk_token(attack_es256, "{}"));
    desk_close(&desk);
    *out_strayed = places.strayed;
    return status;
}

static void class_36_discovery_of_another_issuer_refused(void **state)
{
    (void)state;
    static const struct {
        const char *issuer, *jwks_uri;
    } rows[] = {
        {"https://evil.example", "https://evil.example/keys"},
        {"https://evil.example", DESK_JWKS_URI},
        {DESK_ISSUER "/", DESK_JWKS_URI},
        {"https://ID.example.com", DESK_JWKS_URI},
        {DESK_ISSUER, "http://id.example.com/jwks.json"},
        {DESK_ISSUER, "http://127.0.0.1/jwks.json"},
        {DESK_ISSUER, "file:///etc/passwd"},
        {DESK_ISSUER, "https://id.example.com@evil.example/"},
    };
    unsigned strayed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *document = token_maker_text("{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}",
                                                rows[i].issuer, rows[i].jwks_uri);
        assert_status(judge_discovered(document, &strayed), JETON_NO_KEYS);
        assert_int_equal(strayed, 0);
    }
    assert_status(judge_discovered("{\"issuer\":\"" DESK_ISSUER "\",\"jwks_uri\":\"" DESK_JWKS_URI
                                   "\"}",
                                   &strayed),
                  JETON_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_34_flood_of_unknown_kids_fetches_once),
        cmocka_unit_test(class_34_flood_that_begins_before_the_first_set_backs_off),
        cmocka_unit_test(class_34_flood_of_bad_signatures_never_fetches),
        cmocka_unit_test(class_34_set_of_ten_thousand_keys_never_read_whole),
        cmocka_unit_test(class_35_set_that_is_none_never_replaces_a_good_one),
        cmocka_unit_test(class_36_discovery_of_another_issuer_refused),
    };
    return cmocka_run_group_tests(tests, attack_open_desks, attack_close_desks);
}
