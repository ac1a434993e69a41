/* SPDX-License-Identifier: Apache-2.0 */
/* jeton_verifier_new: what it refuses and says, size-versioned structs, files, waiting. */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct token_key *key;

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

/* The policy is refused with a sentence that has `word`; the usual one is not. */
static void refuse(const struct jeton_policy *policy, jeton_status want, const char *word)
{
    struct desk desk = {.body = "", .max_age_s = -1};
    struct jeton_options options = desk_options(&desk);
    jeton_verifier *verifier = NULL;
    assert_status(jeton_verifier_new(&options, policy, 1, &verifier), want);
    assert_non_null(verifier);
    if (strstr(jeton_verifier_error(verifier), word) == NULL) {
        fail_msg("\"%s\" does not name %s", jeton_verifier_error(verifier), word);
    }
    jeton_worker *worker = NULL;
    assert_status(jeton_worker_new(verifier, &worker), JETON_USAGE);
    assert_int_equal(jeton_verifier_ready(verifier), 0);
    assert_true(jeton_verifier_poll(verifier) > 0);
    jeton_verifier_free(verifier);
    struct jeton_policy good = desk_policy();
    assert_status(jeton_verifier_new(&options, &good, 1, &verifier), JETON_OK);
    assert_string_equal(jeton_verifier_error(verifier), "");
    jeton_verifier_free(verifier);
}

static const char *const nothing[] = {NULL};
static const char *const empty[] = {"", NULL};

static void new_policy_text_wrong_refused_with_a_sentence(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.issuer = NULL;
    refuse(&policy, JETON_USAGE, "policy.issuer");
    policy.issuer = "";
    refuse(&policy, JETON_USAGE, "policy.issuer");
    policy = desk_policy();
    policy.audiences = NULL;
    refuse(&policy, JETON_USAGE, "policy.audiences");
    policy.audiences = nothing;
    refuse(&policy, JETON_USAGE, "policy.audiences");
    policy.audiences = empty;
    refuse(&policy, JETON_USAGE, "policy.audiences");
    const char *many[258] = {NULL}; /* one more than may be */
    for (size_t i = 0; i < 257; i++) {
        many[i] = DESK_AUDIENCE;
    }
    policy.audiences = many;
    refuse(&policy, JETON_USAGE, "policy.audiences has 257");
    policy = desk_policy();
    policy.types = nothing;
    refuse(&policy, JETON_USAGE, "policy.types");
    policy = desk_policy();
    policy.required_claims = empty;
    refuse(&policy, JETON_USAGE, "policy.required_claims");
    policy = desk_policy();
    policy.scope_claims = nothing;
    refuse(&policy, JETON_USAGE, "policy.scope_claims");
}

static void new_policy_number_wrong_refused_with_a_sentence(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.skew_s = 301;
    refuse(&policy, JETON_USAGE, "policy.skew_s");
    policy.skew_s = -1;
    refuse(&policy, JETON_USAGE, "policy.skew_s");
    policy = desk_policy();
    policy.max_age_s = -1;
    refuse(&policy, JETON_USAGE, "policy.max_age_s");
    policy.max_age_s = INT64_C(1) << 31; /* added to dates, it must not overflow */
    refuse(&policy, JETON_USAGE, "policy.max_age_s");
    policy = desk_policy();
    policy.algorithms = JETON_ES256 | UINT32_C(1);
    refuse(&policy, JETON_USAGE, "policy.algorithms");
    policy.algorithms = UINT32_C(1) << 11;
    refuse(&policy, JETON_USAGE, "policy.algorithms");
    policy = desk_policy();
    policy.max_token = 1024 * 1024 + 1;
    refuse(&policy, JETON_USAGE, "policy.max_token");
}

static void new_policy_url_wrong_refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "http://id.example.com/jwks", "ftp://id.example.com/", "id.example.com", "", "https://",
        "file:///etc/passwd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct jeton_policy policy = desk_policy();
        policy.jwks_uri = bad[i];
        refuse(&policy, JETON_USAGE, "policy.jwks_uri");
    }
    struct jeton_policy policy = desk_policy();
    policy.jwks_uri = NULL;
    policy.issuer = "joe";
    refuse(&policy, JETON_USAGE, "policy.issuer");
    policy.issuer = "https://id.example.com?x=1";
    refuse(&policy, JETON_USAGE, "policy.issuer");
    policy = desk_policy();
    policy.discover = 1;
    refuse(&policy, JETON_USAGE, "policy.discover");
}

static void new_sizes_wrong_refused(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.size = 0;
    refuse(&policy, JETON_USAGE, "JETON_INIT");
    policy.size = sizeof policy - 8;
    refuse(&policy, JETON_USAGE, "JETON_INIT");
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    policy = desk_policy();
    jeton_verifier *verifier = NULL;
    options.size = 8;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "options.size"));
    jeton_verifier_free(verifier);
    options = desk_options(&desk);
    static const int64_t waits[] = {-1, (int64_t)INT32_MAX + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        options.wait_ms = waits[i];
        assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_USAGE);
        assert_non_null(strstr(jeton_verifier_error(verifier), "options.wait_ms"));
        jeton_verifier_free(verifier);
    }
    desk.body = desk_jwks(key);
    options.wait_ms = INT32_MAX;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
}

static void new_policy_of_a_newer_header_accepted_if_the_rest_is_zero(void **state)
{
    (void)state;
    struct {
        struct jeton_policy policy;
        uint64_t newer;
    } wide = {desk_policy(), 0};
    wide.policy.size = sizeof wide;
    wide.newer = 1;
    refuse(&wide.policy, JETON_USAGE, "JETON_INIT");
    wide.newer = 0;
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    jeton_verifier *verifier = NULL;
    assert_status(jeton_verifier_new(&options, &wide.policy, 1, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
}

static void new_array_of_policies_of_a_newer_header(void **state)
{
    (void)state;
    struct {
        struct jeton_policy policy;
        uint64_t newer;
    } wide[2] = {{desk_policy(), 0}, {desk_policy(), 0}};
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    jeton_verifier *verifier = NULL;
    wide[0].policy.size = wide[1].policy.size = sizeof wide[0];
    wide[1].policy.issuer = "https://other.example.com";
    assert_status(jeton_verifier_new(&options, &wide[0].policy, 2, &verifier), JETON_OK);
    assert_status(jeton_verifier_info(verifier, 1, &info), JETON_OK);
    assert_string_equal(info.issuer, "https://other.example.com");
    jeton_verifier_free(verifier);
    wide[1].policy.size--; /* another size than the first */
    assert_status(jeton_verifier_new(&options, &wide[0].policy, 2, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "policy.size"));
    jeton_verifier_free(verifier);
    wide[0].policy.size = sizeof wide[0] - 1; /* at which no struct can stand */
    assert_status(jeton_verifier_new(&options, &wide[0].policy, 2, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "policy.size"));
    jeton_verifier_free(verifier);
}

static void new_number_of_policies_out_of_bounds_refused(void **state)
{
    (void)state;
    struct jeton_policy policies[65];
    char issuers[65][32];
    for (size_t i = 0; i < 65; i++) {
        policies[i] = desk_policy();
        (void)snprintf(issuers[i], sizeof issuers[i], "https://id%zu.example.com", i);
        policies[i].issuer = issuers[i];
    }
    jeton_verifier *verifier = NULL;
    for (size_t n = 0; n <= 65; n += 65) {
        assert_status(jeton_verifier_new(NULL, policies, n, &verifier), JETON_USAGE);
        assert_non_null(strstr(jeton_verifier_error(verifier), "policies"));
        jeton_verifier_free(verifier);
    }
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    assert_status(jeton_verifier_new(&options, policies, 64, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
    assert_status(jeton_verifier_new(NULL, NULL, 1, &verifier), JETON_USAGE);
    jeton_verifier_free(verifier);
    assert_status(jeton_verifier_new(NULL, policies, 1, NULL), JETON_USAGE);
}

static void new_two_policies_of_one_issuer_refused(void **state)
{
    (void)state;
    struct jeton_policy policies[3] = {desk_policy(), desk_policy(), {0}};
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    jeton_verifier *verifier = NULL;
    assert_status(jeton_verifier_new(&options, policies, 2, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "two policies"));
    jeton_verifier_free(verifier);
    policies[1].issuer = "https://other.example.com";
    assert_status(jeton_verifier_new(&options, policies, 2, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
    /* nor are two of different sizes an array */
    policies[1].size += sizeof policies[1].size;
    assert_status(jeton_verifier_new(&options, policies, 2, &verifier), JETON_USAGE);
    assert_non_null(strstr(jeton_verifier_error(verifier), "policy.size"));
    jeton_verifier_free(verifier);
}

/* A file of this content; unlinked by the caller. */
static const char *write_file(const char *text)
{
    char *path = strdup("/tmp/test_verifier_new.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    const char *kept = token_maker_text("%s", path);
    free(path);
    return kept;
}

static void new_file_gives_the_keys_and_nothing_is_fetched(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.issuer = "joe"; /* needs no URL: nothing is discovered */
    policy.jwks_uri = NULL;
    policy.jwks_file = write_file(desk_jwks(key));
    struct desk desk;
    desk_open(&desk, &policy, "");
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_status(desk_judge(&desk, desk_token(key, "{\"iss\":\"joe\"}")), JETON_OK);
    desk.boot_ms += 100 * 3600 * 1000;
    while (jeton_verifier_poll(desk.verifier) == 0) {
    } /* makes what speeds verifying up */
    /* an unknown kid wakes nobody where nothing is fetched */
    const char *unknown =
        token_maker_sign(key, "{\"alg\":\"ES256\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}",
                         desk_claims("{\"iss\":\"joe\"}"));
    assert_status(desk_judge(&desk, unknown), JETON_UNKNOWN_KEY);
    assert_true(jeton_verifier_poll(desk.verifier) > 3600 * 1000);
    assert_status(desk_judge(&desk, desk_token(key, "{\"iss\":\"joe\"}")), JETON_OK);
    assert_int_equal(desk.fetches, 0);
    desk_close(&desk);
    assert_int_equal(unlink(policy.jwks_file), 0);
}

static void new_file_and_uri_starts_from_the_file_and_fetches(void **state)
{
    (void)state;
    const struct token_key *next = token_maker_key("ES256");
    struct jeton_policy policy = desk_policy();
    policy.jwks_file = write_file(desk_jwks(key));
    struct desk desk = {.now_s = DESK_NOW, .body = desk_jwks(next), .max_age_s = -1};
    struct jeton_options options = desk_options(&desk);
    options.wait_ms = 1000; /* not waited: keys are there */
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_status(jeton_worker_new(desk.verifier, &desk.worker), JETON_OK);
    assert_int_equal(desk.fetches, 0);
    assert_pair(&desk, desk_token(next, "{}"), JETON_BAD_SIGNATURE, desk_token(key, "{}"));
    (void)jeton_verifier_poll(desk.verifier);
    assert_int_equal(desk.fetches, 1);
    assert_pair(&desk, desk_token(key, "{}"), JETON_BAD_SIGNATURE, desk_token(next, "{}"));
    desk_close(&desk);
    assert_int_equal(unlink(policy.jwks_file), 0);
}

static void new_file_missing_or_bad_refused(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    policy.jwks_file = "/nonexistent/jwks.json";
    refuse(&policy, JETON_FILE_FAILED, "/nonexistent/jwks.json");
    policy.jwks_file = "/"; /* a directory opens, but does not read */
    refuse(&policy, JETON_FILE_FAILED, "cannot read /");
    static const char *const bad[] = {"", "x", "{}", "{\"keys\":[]}", "{\"keys\":[{}]}", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        policy.jwks_file = write_file(bad[i]);
        refuse(&policy, JETON_KEYS_REFUSED, policy.jwks_file);
        assert_int_equal(unlink(policy.jwks_file), 0);
    }
    policy.jwks_file = write_file(token_maker_text("%s%0262144d", desk_jwks(key), 0));
    refuse(&policy, JETON_KEYS_REFUSED, "longer");
    assert_int_equal(unlink(policy.jwks_file), 0);
    /* a FIFO that nobody writes to is empty, and is not waited for */
    assert_int_equal(mkfifo(policy.jwks_file, 0600), 0);
    refuse(&policy, JETON_KEYS_REFUSED, policy.jwks_file);
    assert_int_equal(unlink(policy.jwks_file), 0);
}

static void new_waiting_without_thread_makes_the_first_fetch(void **state)
{
    (void)state;
    struct desk desk = {.now_s = DESK_NOW, .body = desk_jwks(key), .max_age_s = -1};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    options.wait_ms = 1000;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_string_equal(jeton_verifier_error(desk.verifier), "");
    jeton_verifier_free(desk.verifier);
    desk.fetch_status = JETON_FETCH_FAILED;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    assert_non_null(strstr(jeton_verifier_error(desk.verifier), DESK_JWKS_URI));
    jeton_verifier_free(desk.verifier);
}

static void new_waiting_with_thread_until_the_first_fetch_ended(void **state)
{
    (void)state;
    struct desk desk = {.now_s = DESK_NOW, .body = desk_jwks(key), .max_age_s = -1};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    options.no_thread = 0;
    options.wait_ms = 60000; /* far more than it takes */
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_true(jeton_verifier_poll(desk.verifier) > 3600 * 1000); /* the thread does it */
    jeton_verifier_free(desk.verifier);
    assert_int_equal(desk.fetches, 1);
    desk.fetch_status = JETON_FETCH_FAILED;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    assert_non_null(strstr(jeton_verifier_error(desk.verifier), "cannot fetch"));
    jeton_verifier_free(desk.verifier);
}

static void new_without_a_fetch_needs_libcurl_or_a_file(void **state)
{
    (void)state;
    struct desk desk = {.body = ""};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    jeton_verifier *verifier = NULL;
    options.fetch = NULL;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier),
                  JT_HAS_CURL ? JETON_OK : JETON_USAGE);
    assert_true((strstr(jeton_verifier_error(verifier), "libcurl") == NULL) == JT_HAS_CURL);
    jeton_verifier_free(verifier);
    policy.jwks_uri = NULL;
    policy.jwks_file = write_file(desk_jwks(key));
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    jeton_verifier_free(verifier);
    assert_int_equal(unlink(policy.jwks_file), 0);
}

static void new_copies_all_it_is_given(void **state)
{
    (void)state;
    char issuer[] = DESK_ISSUER, audience[] = DESK_AUDIENCE, type[] = "at+jwt",
         uri[] = DESK_JWKS_URI;
    const char *audiences[] = {audience, NULL}, *types[] = {type, NULL};
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = issuer;
    policy.audiences = audiences;
    policy.types = types;
    policy.jwks_uri = uri;
    struct desk desk = {.now_s = DESK_NOW, .body = desk_jwks(key), .max_age_s = -1};
    struct jeton_options options = desk_options(&desk);
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    memset(issuer, 'x', sizeof issuer);
    memset(audience, 'x', sizeof audience);
    memset(type, 'x', sizeof type);
    memset(uri, 'x', sizeof uri);
    memset(&policy, 0xFF, sizeof policy);
    memset(&options, 0xFF, sizeof options);
    (void)jeton_verifier_poll(desk.verifier);
    assert_string_equal(desk.url, DESK_JWKS_URI);
    assert_status(jeton_worker_new(desk.verifier, &desk.worker), JETON_OK);
    assert_status(desk_judge(&desk, desk_token(key, "{}")), JETON_OK);
    desk_close(&desk);
}

static void result_and_require_sizes(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(key));
    const char *token = desk_token(key, "{}");
    struct {
        struct jeton_result result;
        uint64_t newer;
    } wide = {JETON_INIT(jeton_result), 7};
    wide.result.size = sizeof wide;
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &wide.result), JETON_OK);
    assert_true(jeton_worker_claim(desk.worker, "iss").n > 0);
    assert_int_equal(wide.result.size, sizeof wide);
    assert_int_equal(wide.newer, 0);
    struct jeton_result small = JETON_INIT(jeton_result);
    small.size = 16;
    small.failures = 77;
    assert_status(jeton_verify(desk.worker, token, strlen(token), NULL, &small), JETON_USAGE);
    assert_int_equal(small.failures, 77);
    assert_null(jeton_worker_claim(desk.worker, "iss").p);
    struct jeton_require require = JETON_INIT(jeton_require);
    require.size = 0;
    assert_status(jeton_verify(desk.worker, token, strlen(token), &require, NULL), JETON_USAGE);
    require.size = sizeof require;
    assert_status(jeton_verify(desk.worker, token, strlen(token), &require, NULL), JETON_OK);
    desk_close(&desk);
}

static void free_of_nothing_is_harmless(void **state)
{
    (void)state;
    jeton_verifier_free(NULL);
    assert_string_equal(jeton_verifier_error(NULL), "");
    assert_int_equal(jeton_verifier_ready(NULL), 0);
    assert_true(jeton_verifier_poll(NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_policy_text_wrong_refused_with_a_sentence),
        cmocka_unit_test(new_policy_number_wrong_refused_with_a_sentence),
        cmocka_unit_test(new_policy_url_wrong_refused_with_a_sentence),
        cmocka_unit_test(new_sizes_wrong_refused),
        cmocka_unit_test(new_policy_of_a_newer_header_accepted_if_the_rest_is_zero),
        cmocka_unit_test(new_array_of_policies_of_a_newer_header),
        cmocka_unit_test(new_number_of_policies_out_of_bounds_refused),
        cmocka_unit_test(new_two_policies_of_one_issuer_refused),
        cmocka_unit_test(new_file_gives_the_keys_and_nothing_is_fetched),
        cmocka_unit_test(new_file_and_uri_starts_from_the_file_and_fetches),
        cmocka_unit_test(new_file_missing_or_bad_refused),
        cmocka_unit_test(new_waiting_without_thread_makes_the_first_fetch),
        cmocka_unit_test(new_waiting_with_thread_until_the_first_fetch_ended),
        cmocka_unit_test(new_without_a_fetch_needs_libcurl_or_a_file),
        cmocka_unit_test(new_copies_all_it_is_given),
        cmocka_unit_test(result_and_require_sizes),
        cmocka_unit_test(free_of_nothing_is_harmless),
    };
    return cmocka_run_group_tests(tests, make_key, release);
}
