/* SPDX-License-Identifier: Apache-2.0 */
/* When key sets are fetched and what becomes of them, with a clock and a fetch of the test's own.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <string.h>

#include "verifier/verifier.h"

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

static const char *set_of(const struct token_key *k, const char *kid)
{
    return token_maker_jwks(token_maker_jwk(k, token_maker_text("\"kid\":\"%s\"", kid)), NULL);
}

static const char *token_of(const struct token_key *k, const char *kid)
{
    return token_maker_sign(
        k, token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kid),
        desk_claims("{}"));
}

/* Polls at this moment; how many requests that made. */
static unsigned poll_at(struct desk *desk, int64_t boot_ms)
{
    unsigned before = desk->fetches;
    desk->boot_ms = boot_ms;
    (void)jeton_verifier_poll(desk->verifier);
    return desk->fetches - before;
}

/* How long the verifier says it can wait; between 75 and 85 hundredths of `ttl_s`. */
static int64_t refresh_wait(struct desk *desk, int64_t ttl_s)
{
    int64_t wait_ms = jeton_verifier_poll(desk->verifier);
    assert_in_range(wait_ms, ttl_s * 750, ttl_s * 850);
    return wait_ms;
}

static void set_refetched_before_its_time_is_up(void **state)
{
    (void)state;
    static const struct {
        int64_t max_age_s, ttl_s;
    } rows[] = {{-1, 900},  {0, 300},       {299, 300},       {300, 300},
                {600, 600}, {86400, 86400}, {3293198, 86400}, {INT64_MAX, 86400}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk desk;
        desk_open(&desk, NULL, set_of(key, "k1")); /* its first answer has no max-age */
        desk.max_age_s = rows[i].max_age_s;
        int64_t t = 5000 + refresh_wait(&desk, 900);
        assert_int_equal(poll_at(&desk, t - 1), 0);
        assert_int_equal(poll_at(&desk, t), 1);
        int64_t wait_ms = refresh_wait(&desk, rows[i].ttl_s);
        assert_int_equal(poll_at(&desk, t + wait_ms - 1), 0);
        assert_int_equal(poll_at(&desk, t + wait_ms), 1);
        desk_close(&desk);
    }
}

static void no_keys_until_the_first_set_and_401_for_malformed_before(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, "");
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_NO_KEYS);
    assert_status(desk_judge(&desk, "x"), JETON_MALFORMED);
    desk.body = set_of(key, "k1");
    assert_int_equal(poll_at(&desk, 5000 + 1250), 1);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 1);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    desk_close(&desk);
}

static void failures_retried_after_one_second_doubling_to_sixty(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct desk desk;
    desk_open(&desk, NULL, "nonsense");
    int64_t t = 5000;
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        int64_t wait_ms = jeton_verifier_poll(desk.verifier);
        assert_in_range(wait_ms, waits_s[i] * 1000, waits_s[i] * 1250);
        assert_int_equal(poll_at(&desk, t + wait_ms - 1), 0);
        t += wait_ms;
        desk.fetch_status = i % 2 == 0 ? JETON_FETCH_FAILED : JETON_OK;
        assert_int_equal(poll_at(&desk, t), 1);
    }
    desk.fetch_status = JETON_OK;
    desk.body = set_of(key, "k1");
    t += jeton_verifier_poll(desk.verifier);
    assert_int_equal(poll_at(&desk, t), 1);
    t += refresh_wait(&desk, 900);
    desk.body = "nonsense";
    assert_int_equal(poll_at(&desk, t), 1);
    assert_in_range(jeton_verifier_poll(desk.verifier), 1000, 1250); /* from the beginning again */
    desk_close(&desk);
}

static void unknown_kid_fetches_once_per_cool_down(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    assert_int_equal(poll_at(&desk, 6000), 0); /* nobody asked */
    desk.body = token_maker_jwks(token_maker_jwk(key, "\"kid\":\"k1\""),
                                 token_maker_jwk(next, "\"kid\":\"k2\""), NULL);
    assert_status(desk_judge(&desk, token_of(next, "k2")), JETON_UNKNOWN_KEY);
    assert_int_equal(jeton_verifier_poll(desk.verifier) > 0, 1);
    assert_int_equal(desk.fetches, 2);
    assert_status(desk_judge(&desk, token_of(next, "k2")), JETON_OK);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    for (int i = 0; i < 1000; i++) {
        assert_status(desk_judge(&desk, token_of(next, "k3")), JETON_UNKNOWN_KEY);
    }
    assert_int_equal(poll_at(&desk, 6000 + 1), 0);
    assert_int_equal(jeton_verifier_poll(desk.verifier), 30000 - 1);
    assert_int_equal(poll_at(&desk, 36000 - 1), 0);
    assert_int_equal(poll_at(&desk, 36000), 1); /* what was asked during the cool-down, once */
    assert_int_equal(poll_at(&desk, 66000), 0); /* and not again by itself */
    desk_close(&desk);
}

static void kid_known_to_be_absent_asks_for_no_fetch(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    desk.max_age_s = 86400;
    assert_status(desk_judge(&desk, token_of(next, "gone")), JETON_UNKNOWN_KEY);
    assert_int_equal(poll_at(&desk, 5000), 1);
    for (int64_t t = 36000; t < 305000; t += 30000) {
        assert_status(desk_judge(&desk, token_of(next, "gone")), JETON_UNKNOWN_KEY);
        assert_int_equal(poll_at(&desk, t), 0);
    }
    /* nor is it looked up more than once a second */
    assert_status(desk_judge(&desk, token_of(next, "gone")), JETON_UNKNOWN_KEY);
    assert_int_equal(jeton_verifier_poll(desk.verifier), 1000);
    assert_int_equal(poll_at(&desk, desk.boot_ms + 1000), 0);
    assert_true(jeton_verifier_poll(desk.verifier) > 60000);
    /* another kid is another matter, and so is the same after five minutes */
    assert_status(desk_judge(&desk, token_of(next, "other")), JETON_UNKNOWN_KEY);
    assert_int_equal(poll_at(&desk, 310000), 1);
    assert_status(desk_judge(&desk, token_of(next, "gone")), JETON_UNKNOWN_KEY);
    assert_int_equal(poll_at(&desk, 341000), 1);
    desk_close(&desk);
}

static void unknown_kid_fetch_that_fails_counts_and_keeps_the_schedule(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    int64_t due_ms = 5000 + refresh_wait(&desk, 900);
    desk.fetch_status = JETON_FETCH_FAILED;
    assert_status(desk_judge(&desk, token_of(next, "k2")), JETON_UNKNOWN_KEY);
    assert_int_equal(poll_at(&desk, 6000), 1);
    assert_status(desk_judge(&desk, token_of(next, "k2")), JETON_UNKNOWN_KEY);
    assert_int_equal(poll_at(&desk, 35999), 0);
    assert_int_equal(poll_at(&desk, 36000), 1);
    assert_int_equal(jeton_verifier_poll(desk.verifier), due_ms - 36000);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    desk_close(&desk);
}

static void bad_signature_and_foreign_alg_never_fetch(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    const struct token_key *rsa = token_maker_key("RS256");
    assert_status(desk_judge(&desk, token_of(next, "k1")), JETON_BAD_SIGNATURE);
    assert_status(desk_judge(&desk, desk_token(rsa, "{}")), JETON_ALG_REFUSED);
    assert_status(desk_judge(&desk, token_maker_sign(rsa, "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}",
                                                     desk_claims("{}"))),
                  JETON_UNKNOWN_KEY);
    /* nor what is refused whatever its key, though its kid is unknown */
    const struct {
        const char *header, *claims;
        jeton_status want;
    } rows[] = {
        {"{\"alg\":\"RS512\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}", desk_claims("{}"),
         JETON_ALG_REFUSED},
        {"{\"alg\":\"RS256\",\"kid\":\"k9\",\"typ\":\"JWT\"}", desk_claims("{}"),
         JETON_TYP_REFUSED},
        {"{\"alg\":\"RS256\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}", desk_claims("{\"iss\":\"x\"}"),
         JETON_WRONG_ISSUER},
        {"{\"alg\":\"RS256\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}", "x", JETON_UNKNOWN_KEY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = token_maker_sign(rsa, rows[i].header, rows[i].claims);
        assert_status(desk_judge(&desk, token), rows[i].want);
    }
    assert_int_equal(poll_at(&desk, 60000), 0);
    desk_close(&desk);
}

static void bad_or_empty_set_never_replaces_a_good_one(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "<html>",
                                      "{}",
                                      "{\"keys\":[]}",
                                      "{\"keys\":{}}",
                                      "[]",
                                      "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}",
                                      "{\"keys\":[{\"kty\":\"EC\""};
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    int64_t t = 5000 + 900 * 1000;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        desk.body = bad[i];
        assert_int_equal(poll_at(&desk, t), 1);
        assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
        t += 75000;
    }
    desk.body = set_of(next, "k2");
    assert_int_equal(poll_at(&desk, t), 1);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_UNKNOWN_KEY);
    assert_status(desk_judge(&desk, token_of(next, "k2")), JETON_OK);
    desk_close(&desk);
}

static struct jeton_issuer_info info_of(const struct desk *desk)
{
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    assert_status(jeton_verifier_info(desk->verifier, 0, &info), JETON_OK);
    return info;
}

static void set_that_cannot_be_renewed_is_used_for_a_day_and_no_longer(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    const char *token = desk_token(key, "{\"exp\":1900000000,\"kid\":\"k1\"}");
    desk.fetch_status = JETON_FETCH_FAILED;
    (void)poll_at(&desk, 5000 + 899999);
    assert_int_equal(info_of(&desk).stale, 0);
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_int_equal(info_of(&desk).stale_uses, 0);
    (void)poll_at(&desk, 5000 + 900000);
    assert_int_equal(info_of(&desk).stale, 1);
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_int_equal(info_of(&desk).stale_uses, 2);
    (void)poll_at(&desk, 5000 + 900000 + INT64_C(86400) * 1000 - 1);
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_int_equal(info_of(&desk).age_s, 900 + 86399);
    assert_int_equal(info_of(&desk).fresh_s, -86399);
    (void)poll_at(&desk, 5000 + 900000 + INT64_C(86400) * 1000);
    assert_status(desk_judge(&desk, token), JETON_NO_KEYS);
    assert_int_equal(jeton_verifier_ready(desk.verifier), 0);
    assert_int_equal(info_of(&desk).keys, 0);
    assert_int_equal(info_of(&desk).age_s, -1);
    /* and again, when the issuer is back, with the same set */
    desk.fetch_status = JETON_OK;
    (void)poll_at(&desk, desk.boot_ms + 75000);
    assert_status(desk_judge(&desk, token), JETON_OK);
    assert_int_equal(info_of(&desk).stale, 0);
    desk_close(&desk);
}

static void stale_set_found_unchanged_is_fresh_again(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    desk.fetch_status = JETON_FETCH_FAILED;
    (void)poll_at(&desk, 5000 + 900000);
    assert_int_equal(info_of(&desk).stale, 1);
    desk.fetch_status = JETON_OK;
    (void)poll_at(&desk, 5000 + 900000 + 75000);
    assert_int_equal(info_of(&desk).stale, 0);
    assert_int_equal(info_of(&desk).age_s, 0);
    assert_int_equal(info_of(&desk).fresh_s, 900);
    assert_int_equal(info_of(&desk).sets, 1);
    assert_int_equal(info_of(&desk).failures, 1);
    assert_int_equal(info_of(&desk).fetches, 3);
    desk_close(&desk);
}

static void same_kid_with_another_key_is_the_other_key(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    desk.body = set_of(next, "k1");
    assert_int_equal(poll_at(&desk, 905000), 1);
    assert_pair(&desk, token_of(key, "k1"), JETON_BAD_SIGNATURE, token_of(next, "k1"));
    desk_close(&desk);
}

static void same_key_for_another_algorithm_is_another_key(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}";
    const struct token_key *rsa = token_maker_key("RS256");
    const char *token = token_maker_sign(rsa, header, desk_claims("{}"));
    struct desk desk;
    desk_open(&desk, NULL, desk_jwks(rsa));
    assert_status(desk_judge(&desk, token), JETON_OK);
    desk.body = token_maker_jwks(token_maker_jwk(rsa, "\"kid\":\"k1\",\"alg\":\"PS256\""), NULL);
    assert_int_equal(poll_at(&desk, 905000), 1);
    assert_status(desk_judge(&desk, token), JETON_ALG_REFUSED);
    desk.body = desk_jwks(rsa);
    assert_int_equal(poll_at(&desk, 905000 + 900000), 1);
    assert_status(desk_judge(&desk, token), JETON_OK);
    desk_close(&desk);
}

static const void *newest_set(const struct desk *desk)
{
    return jt_slots_current(jt_keysource_current(desk->verifier->source_of[0])->slots);
}

static void same_set_again_stays_with_what_is_prepared_for_it(void **state)
{
    (void)state;
    struct desk desk;
    desk_open(&desk, NULL, set_of(key, "k1"));
    const void *first = newest_set(&desk);
    assert_int_equal(poll_at(&desk, 905000), 1);
    assert_ptr_equal(newest_set(&desk), first);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    desk.body = set_of(next, "k1");
    assert_int_equal(poll_at(&desk, 905000 + 900000), 1);
    assert_ptr_not_equal(newest_set(&desk), first);
    desk_close(&desk);
}

/* A hook that tells of its answer what it must, and may then say that it failed. */
static jeton_status fetch_and_fail(void *ctx, const char *url, size_t max_body,
                                   struct jeton_response *out)
{
    struct desk *desk = ctx;
    (void)url;
    assert_int_equal(max_body, 256 * 1024);
    out->body = desk->body;
    out->body_len = desk->body == NULL ? 100 : strlen(desk->body);
    return desk->fetch_status;
}

static void failing_hook(struct jeton_options *options)
{
    options->fetch = fetch_and_fail;
}

static void answer_of_a_hook_that_fails_is_not_used(void **state)
{
    (void)state;
    struct jeton_policy policy = desk_policy();
    struct desk desk;
    desk_open_with(&desk, failing_hook, &policy, 1, set_of(key, "k1"));
    (void)refresh_wait(&desk, 900); /* no max-age was told */
    desk.body = set_of(next, "k1");
    desk.fetch_status = JETON_FETCH_FAILED;
    (void)poll_at(&desk, 905000);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    /* nor what is no answer */
    desk.body = NULL;
    desk.fetch_status = JETON_OK;
    (void)poll_at(&desk, 905000 + 75000);
    assert_status(desk_judge(&desk, token_of(key, "k1")), JETON_OK);
    desk.body = set_of(next, "k1");
    (void)poll_at(&desk, 905000 + 150000);
    assert_pair(&desk, token_of(key, "k1"), JETON_BAD_SIGNATURE, token_of(next, "k1"));
    desk_close(&desk);
}

/* Discovery: what each place answers. */
struct places {
    const char *openid, *oauth, *jwks; /* NULL: fetch fails */
    unsigned asked;
    char urls[512];
};

static jeton_status fetch_place(void *ctx, const char *url, size_t max_body,
                                struct jeton_response *out)
{
    struct places *places = ctx;
    (void)max_body;
    const char *body = strstr(url, "openid-configuration") != NULL         ? places->openid
                       : strstr(url, "oauth-authorization-server") != NULL ? places->oauth
                                                                           : places->jwks;
    places->asked++;
    (void)snprintf(places->urls + strlen(places->urls), sizeof places->urls - strlen(places->urls),
                   "%s ", url);
    if (body == NULL) {
        return JETON_FETCH_FAILED;
    }
    *out = (struct jeton_response){body, strlen(body), -1};
    return JETON_OK;
}

/* Discovers once from `issuer`; ready or not, with what error. */
static bool discover(const char *issuer, struct places *places, const char *error)
{
    struct desk desk = {.now_s = DESK_NOW};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    options.fetch = fetch_place;
    options.fetch_ctx = places;
    options.wait_ms = 1000;
    policy.issuer = issuer;
    policy.jwks_uri = NULL;
    places->asked = 0;
    places->urls[0] = 0;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    bool ready = jeton_verifier_ready(desk.verifier) != 0;
    if (strstr(jeton_verifier_error(desk.verifier), error) == NULL) {
        fail_msg("\"%s\" does not say %s", jeton_verifier_error(desk.verifier), error);
    }
    jeton_verifier_free(desk.verifier);
    return ready;
}

#define DOCUMENT \
    "{\"issuer\":\"https://id.example.com/a\",\"jwks_uri\":\"https://id.example.com/k\"}"

static void discovery_finds_the_set_at_either_place(void **state)
{
    (void)state;
    struct places places = {.openid = DOCUMENT, .jwks = set_of(key, "k1")};
    assert_true(discover("https://id.example.com/a", &places, ""));
    assert_string_equal(places.urls, "https://id.example.com/a/.well-known/openid-configuration "
                                     "https://id.example.com/k ");
    places = (struct places){.oauth = DOCUMENT, .jwks = set_of(key, "k1")};
    assert_true(discover("https://id.example.com/a", &places, ""));
    assert_string_equal(places.urls,
                        "https://id.example.com/a/.well-known/openid-configuration "
                        "https://id.example.com/.well-known/oauth-authorization-server/a "
                        "https://id.example.com/k ");
}

static void discovery_refuses_a_document_that_is_not_the_issuers(void **state)
{
    (void)state;
    static const struct {
        const char *document, *error;
    } rows[] = {
        {"{\"issuer\":\"https://id.example.com/a/\",\"jwks_uri\":\"https://id.example.com/k\"}",
         "issuer"},
        {"{\"issuer\":\"https://evil.example\",\"jwks_uri\":\"https://id.example.com/k\"}",
         "issuer"},
        {"{\"jwks_uri\":\"https://id.example.com/k\"}", "issuer"},
        {"{\"issuer\":[\"https://id.example.com/a\"],\"jwks_uri\":\"https://id.example.com/k\"}",
         "issuer"},
        {"{\"issuer\":\"https://id.example.com/a\"}", "jwks_uri"},
        {"{\"issuer\":\"https://id.example.com/a\",\"jwks_uri\":7}", "jwks_uri"},
        {"{\"issuer\":\"https://id.example.com/a\",\"jwks_uri\":\"http://id.example.com/k\"}",
         "https"},
        {"{\"issuer\":\"https://id.example.com/a\",\"jwks_uri\":\"http://127.0.0.1/k\"}", "https"},
        {"{\"issuer\":\"https://id.example.com/a\",\"jwks_uri\":\"file:///k\"}", "https"},
        {"<html>", "JSON"},
        {"[]", "JSON"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct places places = {
            .openid = rows[i].document, .oauth = DOCUMENT, .jwks = set_of(key, "k1")};
        assert_false(discover("https://id.example.com/a", &places, rows[i].error));
        assert_int_equal(places.asked, 1);
    }
    /* http is for loopback alone, also where the issuer is there */
    struct places loopback = {
        .openid = "{\"issuer\":\"http://127.0.0.1\",\"jwks_uri\":\"http://id.example.com/k\"}",
        .jwks = set_of(key, "k1")};
    assert_false(discover("http://127.0.0.1", &loopback, "https"));
    loopback.openid = "{\"issuer\":\"http://127.0.0.1\",\"jwks_uri\":\"http://[::1]/k\"}";
    assert_true(discover("http://127.0.0.1", &loopback, ""));
    struct places none = {.openid = NULL};
    assert_false(discover("https://id.example.com/a", &none, "cannot fetch"));
    assert_int_equal(none.asked, 2);
}

static void discovery_repeated_only_after_a_failure(void **state)
{
    (void)state;
    struct places places = {.openid = DOCUMENT, .jwks = set_of(key, "k1")};
    struct desk desk = {.now_s = DESK_NOW};
    struct jeton_options options = desk_options(&desk);
    struct jeton_policy policy = desk_policy();
    options.fetch = fetch_place;
    options.fetch_ctx = &places;
    policy.issuer = "https://id.example.com/a";
    policy.jwks_uri = NULL;
    assert_status(jeton_verifier_new(&options, &policy, 1, &desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_poll(desk.verifier), 0); /* one request a call */
    desk.boot_ms += refresh_wait(&desk, 900);
    assert_int_equal(places.asked, 2);
    places.jwks = NULL;
    desk.boot_ms += jeton_verifier_poll(desk.verifier);
    assert_int_equal(places.asked, 3);
    places.jwks = set_of(next, "k2");
    assert_int_equal(jeton_verifier_poll(desk.verifier), 0);
    desk.boot_ms += refresh_wait(&desk, 900);
    assert_int_equal(places.asked, 5);
    /* what is no set, at a place that answers, is a failure too */
    places.jwks = "{}";
    desk.boot_ms += jeton_verifier_poll(desk.verifier);
    assert_int_equal(places.asked, 6);
    places.jwks = set_of(next, "k2");
    assert_int_equal(jeton_verifier_poll(desk.verifier), 0);
    (void)refresh_wait(&desk, 900);
    assert_int_equal(places.asked, 8);
    jeton_verifier_free(desk.verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_refetched_before_its_time_is_up),
        cmocka_unit_test(no_keys_until_the_first_set_and_401_for_malformed_before),
        cmocka_unit_test(failures_retried_after_one_second_doubling_to_sixty),
        cmocka_unit_test(unknown_kid_fetches_once_per_cool_down),
        cmocka_unit_test(kid_known_to_be_absent_asks_for_no_fetch),
        cmocka_unit_test(unknown_kid_fetch_that_fails_counts_and_keeps_the_schedule),
        cmocka_unit_test(bad_signature_and_foreign_alg_never_fetch),
        cmocka_unit_test(bad_or_empty_set_never_replaces_a_good_one),
        cmocka_unit_test(set_that_cannot_be_renewed_is_used_for_a_day_and_no_longer),
        cmocka_unit_test(stale_set_found_unchanged_is_fresh_again),
        cmocka_unit_test(same_kid_with_another_key_is_the_other_key),
        cmocka_unit_test(same_key_for_another_algorithm_is_another_key),
        cmocka_unit_test(same_set_again_stays_with_what_is_prepared_for_it),
        cmocka_unit_test(answer_of_a_hook_that_fails_is_not_used),
        cmocka_unit_test(discovery_finds_the_set_at_either_place),
        cmocka_unit_test(discovery_refuses_a_document_that_is_not_the_issuers),
        cmocka_unit_test(discovery_repeated_only_after_a_failure),
    };
    return cmocka_run_group_tests(tests, make_keys, release);
}
