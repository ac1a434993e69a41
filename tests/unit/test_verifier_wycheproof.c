/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wycheproof's JWS and JWK vectors by the public API. Their payloads are no access tokens: JETON_OK
 * cannot come out, but JETON_BAD_CLAIMS does when, and only when, the signature stood.
 * Exit status 77 (skipped) where the files are absent.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <jansson.h>
#include <string.h>

struct tally {
    unsigned judged, wrong, symmetric, empty_payload, mended, roca;
};

static json_t *load(const char *name)
{
    const char *dir = getenv("JETON_VECTORS");
    const char *path =
        token_maker_text("%s/wycheproof/%s", dir != NULL ? dir : JT_VECTORS_DIR, name);
    return json_load_file(path, 0, NULL);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* RFC 7520's figures 20 and 27 come with JWKs that name an algorithm of another key (PS256 for
 * PS384) or none that exists (ES521). We refuse both; without the wrong name the signature is
 * judged. */
static void mend_alg(json_t *key, const json_t *tests, struct tally *tally)
{
    const char *comment = text_of(json_array_get(tests, 0), "comment");
    if (strcmp(comment, "Figure20") == 0 || strcmp(comment, "Figure27") == 0) {
        assert_int_equal(json_object_del(key, "alg"), 0);
        tally->mended += (unsigned)json_array_size(tests);
    }
}

static bool skip_test(const json_t *test, struct tally *tally)
{
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    if (valid && strstr(text_of(test, "jws"), "..") != NULL) {
        tally->empty_payload++;
        return true;
    }
    if (strcmp(text_of(test, "comment"), "rejectsKeyWithRocaVulnerability") == 0) {
        tally->roca++;
        return true;
    }
    return false;
}

static void judge_test(const json_t *test, const char *jwks, struct tally *tally)
{
    static const char *const any_type[] = {"", "JWT", NULL};
    struct jeton_policy policy = desk_policy();
    policy.types = any_type;
    policy.algorithms = JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_RS384 |
                        JETON_RS512 | JETON_PS256 | JETON_PS384 | JETON_PS512 | JETON_EDDSA;
    struct desk desk;
    desk_open(&desk, &policy, jwks);
    jeton_status status = desk_judge(&desk, text_of(test, "jws"));
    desk_close(&desk);
    bool valid = strcmp(text_of(test, "result"), "valid") == 0;
    tally->judged++;
    if ((status == JETON_BAD_CLAIMS) != valid || status == JETON_OK) {
        tally->wrong++;
        print_message("    test %d (%s) is %s, judged %s\n",
                      (int)json_integer_value(json_object_get(test, "tcId")),
                      text_of(test, "comment"), text_of(test, "result"), jeton_status_name(status));
    }
}

static void judge_group(const json_t *group, struct tally *tally)
{
    json_t *key = json_object_get(group, "public");
    const json_t *tests = json_object_get(group, "tests");
    if (key == NULL) { /* a group with no public half is about HMAC */
        tally->symmetric += (unsigned)json_array_size(tests);
        return;
    }
    mend_alg(key, tests, tally);
    char *text = json_dumps(key, JSON_COMPACT);
    const char *jwks = json_object_get(key, "keys") != NULL ? text : token_maker_jwks(text, NULL);
    size_t i;
    const json_t *test;
    json_array_foreach(tests, i, test)
    {
        if (!skip_test(test, tally)) {
            judge_test(test, jwks, tally);
        }
    }
    free(text);
}

static void judge_file(const char *name, unsigned at_least)
{
    struct tally tally = {0};
    json_t *file = load(name);
    assert_non_null(file);
    size_t i;
    const json_t *group;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        judge_group(group, &tally);
    }
    print_message("%s: %u judged (%u after a wrong alg was taken from their JWK), %u wrong; out of "
                  "scope: %u with HMAC keys, %u valid signatures of an empty payload (no JWT), %u "
                  "ROCA (a key weak by its making, not by its form)\n",
                  name, tally.judged, tally.mended, tally.wrong, tally.symmetric,
                  tally.empty_payload, tally.roca);
    json_decref(file);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.judged >= at_least);
}

static void wycheproof_signatures_judged_as_told(void **state)
{
    (void)state;
    judge_file("json_web_signature_test.json", 340);
}

static void wycheproof_keys_judged_as_told(void **state)
{
    (void)state;
    judge_file("json_web_key_test.json", 10);
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

int main(void)
{
    json_t *there = load("json_web_signature_test.json");
    json_decref(there);
    if (there == NULL) {
        print_message("skipped: no Wycheproof vectors (JETON_VECTORS names their folder)\n");
        token_maker_release();
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_signatures_judged_as_told),
        cmocka_unit_test(wycheproof_keys_judged_as_told),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
