/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads verify while the key set changes under them: a token is accepted or its key unknown,
 * no third answer. Made for ThreadSanitizer; also that the background thread wakes for an unknown
 * kid.
 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

static const struct token_key *keys[2];
static const char *sets[2], *tokens[2];

static void make_keys(const char *alg)
{
    for (int i = 0; i < 2; i++) {
        keys[i] = token_maker_key(alg);
        const char *kid = token_maker_text("\"kid\":\"k%d\"", i);
        /* an EC key beside it, so that prepared contexts are dropped and made again */
        sets[i] =
            token_maker_jwks(token_maker_jwk(keys[i], kid),
                             token_maker_jwk(token_maker_key("ES256"), "\"kid\":\"e\""), NULL);
        tokens[i] = token_maker_sign(
            keys[i], token_maker_text("{\"alg\":\"%s\",\"typ\":\"at+jwt\",%s}", alg, kid),
            desk_claims("{}"));
    }
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

/* A boot clock that the readers may ask too. */
static atomic_llong boot_ms = 5000;

static int64_t shared_boot_ms(void *ctx)
{
    (void)ctx;
    return atomic_load(&boot_ms);
}

/* The reader's half; cmocka's checks belong to the main thread, so it counts. */
struct reader {
    jeton_verifier *verifier;
    atomic_bool *stop;
    atomic_ulong accepted, other;
};

static void *read_loop(void *ctx)
{
    struct reader *reader = ctx;
    jeton_worker *worker = NULL;
    if (jeton_worker_new(reader->verifier, &worker) != JETON_OK) {
        atomic_fetch_add(&reader->other, 1);
        return NULL;
    }
    for (unsigned i = 0; !atomic_load(reader->stop); i++) {
        const char *token = tokens[i % 2];
        struct jeton_result result = JETON_INIT(jeton_result);
        jeton_status status = jeton_verify(worker, token, strlen(token), NULL, &result);
        if (status == JETON_OK) {
            atomic_fetch_add(&reader->accepted, 1);
        } else if (status != JETON_UNKNOWN_KEY) {
            atomic_fetch_add(&reader->other, 1);
        }
        struct jeton_issuer_info info = JETON_INIT(jeton_issuer_info);
        if (jeton_verifier_info(reader->verifier, 0, &info) != JETON_OK || info.keys != 2 ||
            jeton_verifier_count(reader->verifier, 0, JETON_NO_KEYS) != 0) {
            atomic_fetch_add(&reader->other, 1);
        }
    }
    jeton_worker_free(worker);
    return NULL;
}

static void publish_while_two_threads_verify(const char *alg,
                                             void (*alter)(struct jeton_options *options),
                                             unsigned least)
{
    struct desk desk;
    struct jeton_policy policy = desk_policy();
    make_keys(alg);
    desk_open_with(&desk, alter, &policy, 1, sets[0]);
    atomic_bool stop = false;
    struct reader readers[2] = {{desk.verifier, &stop, 0, 0}, {desk.verifier, &stop, 0, 0}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_loop, &readers[i]), 0);
    }
    /* so often at least, and until both threads have accepted tokens while sets came and went */
    unsigned rounds = 0;
    time_t end = time(NULL) + 60;
    while (rounds < least || atomic_load(&readers[0].accepted) < least ||
           atomic_load(&readers[1].accepted) < least) {
        desk.body = sets[++rounds % 2];
        atomic_fetch_add(&boot_ms, 900 * 1000);
        desk_settle(&desk);
        (void)sched_yield();
        assert_true(time(NULL) < end);
    }
    assert_true(desk.fetches > rounds); /* and some for kids that were not there yet, or any more */
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(atomic_load(&readers[i].other), 0);
    }
    assert_status(desk_judge(&desk, tokens[rounds % 2]), JETON_OK);
    assert_status(desk_judge(&desk, tokens[(rounds + 1) % 2]), JETON_UNKNOWN_KEY);
    desk_close(&desk);
}

static void shared_clock(struct jeton_options *options)
{
    options->monotonic_ms = shared_boot_ms;
}

static void with_tables_and_memory(struct jeton_options *options)
{
    shared_clock(options);
    options->no_es256_table = 0;
    options->cache_tokens = 16;
}

static void sets_published_while_two_threads_verify(void **state)
{
    (void)state;
    publish_while_two_threads_verify("EdDSA", shared_clock, 300);
}

/* Each set brings a key that wants a table again, which is made while the threads go on. */
static void tables_made_and_tokens_forgotten_while_two_threads_verify(void **state)
{
    (void)state;
    publish_while_two_threads_verify("ES256", with_tables_and_memory, 20);
}

/* A fetch hook for the background thread: the first answer has no k1, later ones have. */
static jeton_status fetch_in_turn(void *ctx, const char *url, size_t max_body,
                                  struct jeton_response *out)
{
    (void)url;
    (void)max_body;
    const char *body = sets[atomic_fetch_add((atomic_int *)ctx, 1) > 0];
    *out = (struct jeton_response){body, strlen(body), -1};
    return JETON_OK;
}

static int64_t standing_now(void *ctx)
{
    (void)ctx;
    return DESK_NOW;
}

static void background_thread_fetches_for_an_unknown_kid(void **state)
{
    (void)state;
    make_keys("EdDSA");
    atomic_int fetches = 0;
    struct jeton_options options = JETON_INIT(jeton_options);
    struct jeton_policy policy = desk_policy();
    options.fetch = fetch_in_turn;
    options.fetch_ctx = &fetches;
    options.now_s = standing_now;
    options.wait_ms = 60000;
    jeton_verifier *verifier = NULL;
    jeton_worker *worker = NULL;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    assert_status(jeton_worker_new(verifier, &worker), JETON_OK);
    jeton_status status = JETON_UNKNOWN_KEY;
    time_t end = time(NULL) + 60;
    while (status == JETON_UNKNOWN_KEY && time(NULL) < end) {
        status = jeton_verify(worker, tokens[1], strlen(tokens[1]), NULL, NULL);
        (void)sched_yield();
    }
    assert_status(status, JETON_OK);
    assert_int_equal(atomic_load(&fetches), 2);
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_published_while_two_threads_verify),
        cmocka_unit_test(tables_made_and_tokens_forgotten_while_two_threads_verify),
        cmocka_unit_test(background_thread_fetches_for_an_unknown_kid),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
