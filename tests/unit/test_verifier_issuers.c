/* SPDX-License-Identifier: Apache-2.0 */
/* Several issuers in one verifier: whose keys judge whose tokens, and what is counted and told. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/verify_desk.h"

#define OTHER      "https://other.example.com"
#define THIRD      "https://third.example.com"
#define EVENTS_MAX 16

static const struct token_key *key, *other_key;

static int make_keys(void **state)
{
    (void)state;
    key = token_maker_key("ES256");
    other_key = token_maker_key("RS256");
    return 0;
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

/* Two issuers and their keys, and what happened. */
struct town {
    struct desk desk;
    const char *bodies[2]; /* NULL: the fetch fails */
    size_t n_events;
    struct {
        jeton_event_kind kind;
        size_t policy, keys, skipped;
    } events[EVENTS_MAX];
};

static jeton_status fetch(void *ctx, const char *url, size_t max_body, struct jeton_response *out)
{
    struct town *town = ctx;
    const char *body = town->bodies[strncmp(url, OTHER, strlen(OTHER)) == 0];
    (void)max_body;
    if (body == NULL) {
        return JETON_FETCH_FAILED;
    }
    *out = (struct jeton_response){body, strlen(body), -1};
    return JETON_OK;
}

static void record(void *ctx, const struct jeton_event *event)
{
    struct town *town = ctx;
    assert_true(town->n_events < EVENTS_MAX);
    assert_int_equal(event->size, sizeof *event);
    assert_string_equal(event->issuer, event->policy == 0 ? DESK_ISSUER : OTHER);
    assert_true(strlen(event->text) > 10);
    assert_null(strchr(event->text, '\n'));
    town->events[town->n_events].kind = event->kind;
    town->events[town->n_events].policy = event->policy;
    town->events[town->n_events].keys = event->keys;
    town->events[town->n_events++].skipped = event->skipped;
}

static void open_town(struct town *town, const char *first, const char *second)
{
    static const char *const audiences[] = {"urn:other:api", DESK_AUDIENCE, NULL};
    *town = (struct town){.bodies = {first, second}};
    town->desk = (struct desk){.now_s = DESK_NOW, .boot_ms = 5000};
    struct jeton_options options = desk_options(&town->desk);
    struct jeton_policy policies[2] = {desk_policy(), desk_policy()};
    options.fetch = fetch;
    options.fetch_ctx = town;
    options.on_event = record;
    options.event_ctx = town;
    options.wait_ms = 1000;
    policies[1].issuer = OTHER;
    policies[1].jwks_uri = OTHER "/keys";
    policies[1].audiences = audiences;
    policies[1].algorithms = JETON_RS256;
    policies[1].max_token = 1024;
    assert_status(jeton_verifier_new(&options, policies, 2, &town->desk.verifier), JETON_OK);
    assert_status(jeton_worker_new(town->desk.verifier, &town->desk.worker), JETON_OK);
}

static void close_town(struct town *town)
{
    desk_close(&town->desk);
}

static const char *of_other(const struct token_key *signer, const char *changes)
{
    return token_maker_sign(signer, desk_header(signer->alg),
                            desk_claims(token_maker_text("{\"iss\":\"" OTHER "\"%s}", changes)));
}

static void each_issuer_is_judged_by_its_own_keys_and_policy(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), desk_jwks(other_key));
    assert_int_equal(jeton_verifier_ready(town.desk.verifier), 1);
    assert_status(desk_judge(&town.desk, desk_token(key, "{}")), JETON_OK);
    assert_status(desk_judge(&town.desk, of_other(other_key, "")), JETON_OK);
    /* its own audience, algorithms and limits */
    assert_pair(&town.desk, desk_token(key, "{\"aud\":\"urn:other:api\"}"), JETON_WRONG_AUDIENCE,
                of_other(other_key, ",\"aud\":\"urn:other:api\""));
    assert_pair(&town.desk, of_other(key, ""), JETON_ALG_REFUSED, desk_token(key, "{}"));
    const char *filler = token_maker_text("\"x\":\"%0900d\"", 0);
    assert_pair(&town.desk, of_other(other_key, token_maker_text(",%s", filler)), JETON_TOO_LONG,
                desk_token(key, token_maker_text("{%s}", filler)));
    /* the key of the one does not vouch for the other */
    assert_pair(&town.desk, desk_token(other_key, "{}"), JETON_ALG_REFUSED,
                of_other(other_key, ""));
    close_town(&town);
}

static void foreign_and_missing_issuers_are_refused_before_any_key(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), desk_jwks(other_key));
    struct jeton_result result = JETON_INIT(jeton_result);
    static const struct {
        const char *changes;
        jeton_status want;
    } rows[] = {{"{\"iss\":\"" THIRD "\"}", JETON_WRONG_ISSUER},
                {"{\"iss\":null}", JETON_WRONG_ISSUER},
                {"{\"iss\":\"\"}", JETON_WRONG_ISSUER},
                {"{\"iss\":[\"" DESK_ISSUER "\"]}", JETON_BAD_CLAIMS}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = desk_token(key, rows[i].changes);
        assert_status(jeton_verify(town.desk.worker, token, strlen(token), NULL, &result),
                      rows[i].want);
        assert_int_equal(result.policy, 2);
        assert_int_equal(result.failures, 0);
        assert_null(result.issuer.p);
        assert_null(jeton_worker_claim(town.desk.worker, "sub").p);
    }
    const char *token = of_other(other_key, "");
    assert_status(jeton_verify(town.desk.worker, token, strlen(token), NULL, &result), JETON_OK);
    assert_int_equal(result.policy, 1);
    close_town(&town);
}

static void one_issuer_away_does_not_touch_the_other(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), NULL);
    assert_int_equal(jeton_verifier_ready(town.desk.verifier), 0);
    assert_non_null(strstr(jeton_verifier_error(town.desk.verifier), OTHER));
    assert_pair(&town.desk, of_other(other_key, ""), JETON_NO_KEYS, desk_token(key, "{}"));
    town.bodies[1] = desk_jwks(other_key);
    town.desk.boot_ms += 1250;
    (void)jeton_verifier_poll(town.desk.verifier);
    assert_int_equal(jeton_verifier_ready(town.desk.verifier), 1);
    assert_status(desk_judge(&town.desk, of_other(other_key, "")), JETON_OK);
    close_town(&town);
}

static void error_tells_of_issuers_without_keys_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/test_verifier_issuers.XXXXXX";
    int fd = mkstemp(path);
    const char *kept = desk_jwks(key);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, kept, strlen(kept)), (ssize_t)strlen(kept));
    assert_int_equal(close(fd), 0);
    struct town town = {.bodies = {NULL, desk_jwks(other_key)}};
    struct jeton_options options = desk_options(&town.desk);
    struct jeton_policy policies[2] = {desk_policy(), desk_policy()};
    town.desk.now_s = DESK_NOW;
    options.fetch = fetch;
    options.fetch_ctx = &town;
    options.wait_ms = 1000;
    policies[0].jwks_file = path; /* and its fetch fails, but it has keys */
    policies[1].issuer = OTHER;
    policies[1].jwks_uri = OTHER "/keys";
    assert_status(jeton_verifier_new(&options, policies, 2, &town.desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(town.desk.verifier), 1);
    assert_string_equal(jeton_verifier_error(town.desk.verifier), "");
    jeton_verifier_free(town.desk.verifier);
    policies[0].jwks_file = NULL;
    assert_status(jeton_verifier_new(&options, policies, 2, &town.desk.verifier), JETON_OK);
    assert_int_equal(jeton_verifier_ready(town.desk.verifier), 0);
    assert_non_null(strstr(jeton_verifier_error(town.desk.verifier), DESK_ISSUER));
    jeton_verifier_free(town.desk.verifier);
    assert_int_equal(unlink(path), 0);
}

static void outcomes_are_counted_by_issuer_and_status(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), desk_jwks(other_key));
    const jeton_verifier *verifier = town.desk.verifier;
    (void)desk_judge(&town.desk, desk_token(key, "{}")); /* judges each twice */
    (void)desk_judge(&town.desk, desk_token(key, "{\"exp\":1}"));
    (void)desk_judge(&town.desk, of_other(other_key, ""));
    (void)desk_judge(&town.desk, desk_token(key, "{\"iss\":\"" THIRD "\"}"));
    (void)desk_judge(&town.desk, "x");
    assert_int_equal(jeton_verifier_count(verifier, 0, JETON_OK), 2);
    assert_int_equal(jeton_verifier_count(verifier, 0, JETON_EXPIRED), 2);
    assert_int_equal(jeton_verifier_count(verifier, 1, JETON_OK), 2);
    assert_int_equal(jeton_verifier_count(verifier, 1, JETON_EXPIRED), 0);
    assert_int_equal(jeton_verifier_count(verifier, 2, JETON_WRONG_ISSUER), 2);
    assert_int_equal(jeton_verifier_count(verifier, 2, JETON_MALFORMED), 2);
    /* what a worker counted stays when it goes, and others add to it */
    jeton_worker_free(town.desk.worker);
    assert_int_equal(jeton_verifier_count(verifier, 0, JETON_OK), 2);
    jeton_worker *second = NULL;
    assert_status(jeton_worker_new(town.desk.verifier, &town.desk.worker), JETON_OK);
    assert_status(jeton_worker_new(town.desk.verifier, &second), JETON_OK);
    (void)desk_judge(&town.desk, desk_token(key, "{}"));
    const char *token = desk_token(key, "{}");
    assert_status(jeton_verify(second, token, strlen(token), NULL, NULL), JETON_OK);
    assert_int_equal(jeton_verifier_count(verifier, 0, JETON_OK), 5);
    jeton_worker_free(second);
    /* outside the bounds */
    assert_int_equal(jeton_verifier_count(verifier, 3, JETON_OK), 0);
    assert_int_equal(jeton_verifier_count(verifier, 0, (jeton_status)128), 0);
    assert_int_equal(jeton_verifier_count(verifier, 0, (jeton_status)-1), 0);
    assert_int_equal(jeton_verifier_count(NULL, 0, JETON_OK), 0);
    close_town(&town);
}

static void info_tells_keys_age_and_fetches(void **state)
{
    (void)state;
    struct town town;
    const char *jwks = token_maker_jwks(
        token_maker_jwk(key, "\"kid\":\"k1\""), "{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", "7", NULL);
    open_town(&town, jwks, NULL);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    town.desk.boot_ms += 60 * 1000;
    assert_status(jeton_verifier_info(town.desk.verifier, 0, &info), JETON_OK);
    assert_string_equal(info.issuer, DESK_ISSUER);
    assert_int_equal(info.keys, 1);
    assert_int_equal(info.skipped, 3);
    assert_int_equal(info.age_s, 60);
    assert_int_equal(info.fresh_s, 840);
    assert_int_equal(info.stale, 0);
    assert_int_equal(info.fetches, 1);
    assert_int_equal(info.failures, 0);
    assert_int_equal(info.sets, 1);
    assert_int_equal(info.early_fetches, 0);
    assert_status(jeton_verifier_info(town.desk.verifier, 1, &info), JETON_OK);
    assert_string_equal(info.issuer, OTHER);
    assert_int_equal(info.keys, 0);
    assert_int_equal(info.age_s, -1);
    assert_int_equal(info.fresh_s, 0);
    assert_int_equal(info.failures, 1);
    (void)desk_judge(&town.desk,
                     token_maker_sign(key, "{\"alg\":\"ES256\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}",
                                      desk_claims("{}")));
    desk_settle(&town.desk);
    assert_status(jeton_verifier_info(town.desk.verifier, 0, &info), JETON_OK);
    assert_int_equal(info.early_fetches, 1);
    assert_int_equal(info.fetches, 2);
    close_town(&town);
}

static void info_of_what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), NULL);
    struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
    struct jeton_issuer_info wild = {.size = 7};
    assert_status(jeton_verifier_info(town.desk.verifier, 2, &info), JETON_USAGE);
    assert_status(jeton_verifier_info(NULL, 0, &info), JETON_USAGE);
    assert_status(jeton_verifier_info(town.desk.verifier, 0, NULL), JETON_USAGE);
    assert_status(jeton_verifier_info(town.desk.verifier, 0, &wild), JETON_USAGE);
    assert_status(jeton_verifier_info(town.desk.verifier, 0, &info), JETON_OK);
    close_town(&town);
}

#define assert_event(town, at, want_kind, want_policy)                    \
    do {                                                                  \
        assert_true((town)->n_events > (at));                             \
        assert_int_equal((town)->events[at].kind, want_kind);             \
        assert_int_equal((town)->events[at].policy, (size_t)want_policy); \
    } while (0)

/* Of the first issuer, from `at` on. */
static bool has_event(const struct town *town, size_t at, jeton_event_kind kind)
{
    while (at < town->n_events && (town->events[at].kind != kind || town->events[at].policy != 0)) {
        at++;
    }
    return at < town->n_events;
}

static void events_tell_what_happens_to_a_set(void **state)
{
    (void)state;
    struct town town;
    open_town(&town, desk_jwks(key), NULL);
    assert_event(&town, 0, JETON_EVENT_SET, 0);
    assert_int_equal(town.events[0].keys, 1);
    assert_event(&town, 1, JETON_EVENT_FETCH_FAILED, 1);
    assert_int_equal(town.n_events, 2);
    town.bodies[1] = desk_jwks(other_key);
    town.desk.boot_ms += 1250;
    desk_settle(&town.desk);
    assert_event(&town, 2, JETON_EVENT_SET, 1);
    /* unchanged: nothing to tell */
    town.desk.boot_ms += 800 * 1000;
    desk_settle(&town.desk);
    assert_int_equal(town.n_events, 3);
    /* an unknown kid, refused sets, and the end of the first issuer's */
    (void)desk_judge(&town.desk,
                     token_maker_sign(key, "{\"alg\":\"ES256\",\"kid\":\"k9\",\"typ\":\"at+jwt\"}",
                                      desk_claims("{}")));
    town.bodies[0] = "{\"keys\":[]}";
    desk_settle(&town.desk);
    assert_event(&town, 3, JETON_EVENT_KID_UNKNOWN, 0);
    assert_event(&town, 4, JETON_EVENT_FETCH_FAILED, 0);
    assert_int_equal(town.events[4].keys, 1); /* the one in use stays */
    /* who takes his turn first decides the order of these */
    assert_int_equal(town.n_events, 5);
    town.desk.boot_ms += 900 * 1000;
    desk_settle(&town.desk);
    assert_int_equal(town.n_events, 7);
    assert_true(has_event(&town, 5, JETON_EVENT_FETCH_FAILED));
    assert_true(has_event(&town, 5, JETON_EVENT_STALE));
    town.desk.boot_ms += INT64_C(86400) * 1000;
    desk_settle(&town.desk);
    assert_true(has_event(&town, 7, JETON_EVENT_FETCH_FAILED));
    assert_true(has_event(&town, 7, JETON_EVENT_DROPPED));
    close_town(&town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_issuer_is_judged_by_its_own_keys_and_policy),
        cmocka_unit_test(foreign_and_missing_issuers_are_refused_before_any_key),
        cmocka_unit_test(one_issuer_away_does_not_touch_the_other),
        cmocka_unit_test(error_tells_of_issuers_without_keys_alone),
        cmocka_unit_test(outcomes_are_counted_by_issuer_and_status),
        cmocka_unit_test(info_tells_keys_age_and_fetches),
        cmocka_unit_test(info_of_what_is_not_there_is_refused),
        cmocka_unit_test(events_tell_what_happens_to_a_set),
    };
    return cmocka_run_group_tests(tests, make_keys, release);
}
