/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verifier by libcurl, told line by line what to do, so that a driver can let its key server
 * misbehave in between. Every command is answered with one line of JSON.
 *
 *     keys                      the sets to serve: first, next (one key more) and foreign (another
 *                               key under the first one's kid), as {"first":"...",...}
 *     open ISSUER URI FILE CA   a verifier with a thread (- where there is none): {"ready":1,...}
 *     poll ISSUER URI FILE CA   the same without a thread
 *     age MS                    moves the clock on and names a kid that nobody has, so that the
 *                               next fetch begins
 *     verify N                  N rounds of a token of each kind: how many verdicts were wrong, and
 *                               how long the good one took
 *     next                      the verdict on a token that only the next set knows
 *     flood KIND N MS           N tokens of unknown kids (kid) or bad signatures (signature) while
 *                               MS pass, polled; good ones in between
 *     soak KIND RATE SECONDS    the same in real time, RATE a second, on a verifier with a thread
 *     await N                   until N fetches have ended
 *     info                      what the verifier tells of itself
 */
#include <jeton/verifier.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/support/token_maker.h"

#define NOW      1700000000
#define AUDIENCE "https://payment.example.com/api"
#define KIDS     4096 /* more than any cache of unknown kids holds */
#define EVENTS   8
#define ROUNDS   20000

static const struct token_key *key, *next, *mallory;
static atomic_llong clock_ms = 1000000;
static atomic_ullong events[EVENTS];
static jeton_verifier *verifier;
static jeton_worker *worker;
static const char *issuer = ""; /* iss of every token */

/* What is presented, with the only right verdict on it. None of an unknown kid: that would make
 * fetches that nobody counts. */
static struct kind {
    const char *token;
    jeton_status want;
} kinds[5];
static const char *unknown[KIDS];

static void must(int ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "fault_probe: %s failed\n", what);
        exit(1);
    }
}

static int64_t fixed_now(void *ctx)
{
    (void)ctx;
    return NOW;
}

static int64_t told_ms(void *ctx)
{
    (void)ctx;
    return atomic_load(&clock_ms);
}

static void count_event(void *ctx, const struct jeton_event *event)
{
    (void)ctx;
    if (event->kind < EVENTS && strcmp(event->issuer, issuer) == 0 && event->text[0] != 0) {
        atomic_fetch_add(&events[event->kind], 1);
    }
}

static int64_t nanoseconds(clockid_t which)
{
    struct timespec t;
    must(clock_gettime(which, &t) == 0, "clock");
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static const char *token_of(const struct token_key *by, const char *kid, const char *aud, int exp)
{
    return token_maker_sign(
        by, token_maker_text("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", kid),
        token_maker_text("{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"cart\",\"exp\":%d}", issuer, aud,
                         exp));
}

static void make_tokens(void)
{
    kinds[0] = (struct kind){token_of(key, "k1", AUDIENCE, NOW + 60), JETON_OK};
    kinds[1] = (struct kind){token_of(mallory, "k1", AUDIENCE, NOW + 60), JETON_BAD_SIGNATURE};
    kinds[2] = (struct kind){token_of(key, "k1", AUDIENCE, NOW), JETON_EXPIRED};
    kinds[3] =
        (struct kind){token_of(key, "k1", "https://b.example", NOW + 60), JETON_WRONG_AUDIENCE};
    kinds[4] = (struct kind){token_maker_text("%s.", kinds[0].token), JETON_MALFORMED};
    /* the signature is never looked at: one serves for all */
    const char *rest = strchr(kinds[1].token, '.');
    for (int i = 0; i < KIDS; i++) {
        const char *header =
            token_maker_text("{\"alg\":\"ES256\",\"kid\":\"u%d\",\"typ\":\"at+jwt\"}", i);
        unknown[i] = token_maker_text("%s%s", token_maker_b64(header, strlen(header)), rest);
    }
}

static jeton_status judge(const char *token)
{
    return jeton_verify(worker, token, strlen(token), NULL, NULL);
}

/* As a JSON string; only quotes and backslashes occur. */
static void put_text(const char *name, const char *text)
{
    (void)printf("\"%s\":\"", name);
    for (; *text != 0; text++) {
        (void)printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    }
    (void)printf("\"");
}

static void tell_keys(void)
{
    const char *first = token_maker_jwk(key, "\"kid\":\"k1\"");
    (void)printf("{");
    put_text("first", token_maker_jwks(first, NULL));
    (void)printf(",");
    put_text("next", token_maker_jwks(first, token_maker_jwk(next, "\"kid\":\"k2\""), NULL));
    (void)printf(",");
    put_text("foreign", token_maker_jwks(token_maker_jwk(mallory, "\"kid\":\"k1\""), NULL));
    (void)printf("}\n");
}

static const char *given(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : token_maker_text("%s", word);
}

static void open_verifier(char words[5][512], int no_thread)
{
    static const char *const audiences[] = {AUDIENCE, NULL};
    struct jeton_options options = JETON_INIT(jeton_options);
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    issuer = token_maker_text("%s", words[1]);
    make_tokens();
    policy.issuer = issuer;
    policy.audiences = audiences;
    policy.jwks_uri = given(words[2]);
    policy.jwks_file = given(words[3]);
    options.ca_file = given(words[4]);
    options.now_s = fixed_now;
    options.monotonic_ms = told_ms;
    options.wait_ms = 60000;
    options.no_thread = no_thread;
    options.on_event = count_event;
    must(jeton_verifier_new(&options, &policy, 1, &verifier) == JETON_OK, "jeton_verifier_new");
    must(jeton_worker_new(verifier, &worker) == JETON_OK, "jeton_worker_new");
    (void)printf("{\"ready\":%d,", jeton_verifier_ready(verifier));
    put_text("error", jeton_verifier_error(verifier));
    (void)printf("}\n");
}

static void age(int64_t ms)
{
    static int i;
    atomic_fetch_add(&clock_ms, ms);
    jeton_status status = judge(unknown[i++ % KIDS]);
    (void)printf("{\"status\":\"%s\"}\n", jeton_status_name(status));
}

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double at_us(const int64_t *sorted, int n, int per_mille)
{
    return (double)sorted[(int64_t)(n - 1) * per_mille / 1000] / 1000.0;
}

static void verify_rounds(int n)
{
    static int64_t wall[ROUNDS], cpu[ROUNDS];
    int wrong = 0;
    n = n > ROUNDS ? ROUNDS : n;
    for (int i = 0; i < n; i++) {
        int64_t wall_from = nanoseconds(CLOCK_MONOTONIC);
        int64_t cpu_from = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
        wrong += judge(kinds[0].token) != kinds[0].want;
        cpu[i] = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_from;
        wall[i] = nanoseconds(CLOCK_MONOTONIC) - wall_from;
        for (size_t k = 1; k < sizeof kinds / sizeof kinds[0]; k++) {
            wrong += judge(kinds[k].token) != kinds[k].want;
        }
    }
    qsort(wall, (size_t)n, sizeof wall[0], by_value);
    qsort(cpu, (size_t)n, sizeof cpu[0], by_value);
    (void)printf("{\"verified\":%d,\"wrong\":%d,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,"
                 "\"cpu_p50_us\":%.1f,\"cpu_p99_us\":%.1f}\n",
                 n, wrong, at_us(wall, n, 500), at_us(wall, n, 990), at_us(wall, n, 1000),
                 at_us(cpu, n, 500), at_us(cpu, n, 990));
}

/* The i-th token of a flood, and a good one now and then. How many verdicts were wrong. */
static int flood_one(const char *kind, int64_t i)
{
    int wrong = strcmp(kind, "kid") == 0 ? judge(unknown[i % KIDS]) != JETON_UNKNOWN_KEY
                                         : judge(kinds[1].token) != JETON_BAD_SIGNATURE;
    return i % 64 == 0 ? wrong + (judge(kinds[0].token) != JETON_OK) : wrong;
}

static void flood(const char *kind, int64_t n, int64_t ms)
{
    int wrong = 0;
    int64_t from_ms = atomic_load(&clock_ms);
    for (int64_t i = 0; i < n; i++) {
        atomic_store(&clock_ms, from_ms + i * ms / n);
        wrong += flood_one(kind, i);
        if (i % 16 == 0) {
            (void)jeton_verifier_poll(verifier);
        }
    }
    (void)printf("{\"presented\":%lld,\"wrong\":%d}\n", (long long)n, wrong);
}

static void soak(const char *kind, int64_t rate, int64_t seconds)
{
    int wrong = 0;
    int64_t from = nanoseconds(CLOCK_MONOTONIC), from_ms = atomic_load(&clock_ms), n = 0, late = 0;
    int64_t cpu_from = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
    for (; n < rate * seconds; n++) {
        int64_t due = from + n * 1000000000 / rate, now = nanoseconds(CLOCK_MONOTONIC);
        if (now < due) {
            struct timespec rest = {0, due - now};
            (void)nanosleep(&rest, NULL);
        }
        late += now > due + 1000000;
        atomic_store(&clock_ms, from_ms + (nanoseconds(CLOCK_MONOTONIC) - from) / 1000000);
        wrong += flood_one(kind, n);
    }
    (void)printf("{\"presented\":%lld,\"wrong\":%d,\"late\":%lld,\"seconds\":%.2f,"
                 "\"cpu_us_each\":%.2f}\n",
                 (long long)n, wrong, (long long)late,
                 (double)(nanoseconds(CLOCK_MONOTONIC) - from) / 1e9,
                 (double)(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_from) / 1e3 / (double)n);
}

static struct jeton_issuer_info info(void)
{
    struct jeton_issuer_info told = JETON_INIT(jeton_issuer_info);
    must(jeton_verifier_info(verifier, 0, &told) == JETON_OK, "jeton_verifier_info");
    return told;
}

static void tell_info(void)
{
    struct jeton_issuer_info told = info();
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    (void)printf("{\"keys\":%zu,\"skipped\":%zu,\"age_s\":%lld,\"fresh_s\":%lld,\"stale\":%d,"
                 "\"fetches\":%llu,\"failures\":%llu,\"early\":%llu,\"sets\":%llu,"
                 "\"stale_uses\":%llu,\"peak_kb\":%ld,\"ok\":%llu,\"events\":[",
                 told.keys, told.skipped, (long long)told.age_s, (long long)told.fresh_s,
                 told.stale, (unsigned long long)told.fetches, (unsigned long long)told.failures,
                 (unsigned long long)told.early_fetches, (unsigned long long)told.sets,
                 (unsigned long long)told.stale_uses, usage.ru_maxrss,
                 (unsigned long long)jeton_verifier_count(verifier, 0, JETON_OK));
    for (size_t i = 0; i < EVENTS; i++) {
        (void)printf(i == 0 ? "%llu" : ",%llu", atomic_load(&events[i]));
    }
    (void)printf("]}\n");
}

/* The driver gives up when this takes too long. */
static void await_fetches(uint64_t n)
{
    while (info().fetches < n) {
        struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    (void)printf("{}\n");
}

static void obey(char words[5][512])
{
    const char *verb = words[0];
    long long first = strtoll(words[1], NULL, 10), second = strtoll(words[2], NULL, 10);
    if (strcmp(verb, "keys") == 0) {
        tell_keys();
    } else if (strcmp(verb, "open") == 0 || strcmp(verb, "poll") == 0) {
        open_verifier(words, strcmp(verb, "poll") == 0);
    } else if (strcmp(verb, "age") == 0) {
        age(first);
    } else if (strcmp(verb, "verify") == 0) {
        verify_rounds((int)first);
    } else if (strcmp(verb, "next") == 0) {
        (void)printf("{\"status\":\"%s\"}\n",
                     jeton_status_name(judge(token_of(next, "k2", AUDIENCE, NOW + 60))));
    } else if (strcmp(verb, "flood") == 0) {
        flood(words[1], second, strtoll(words[3], NULL, 10));
    } else if (strcmp(verb, "soak") == 0) {
        soak(words[1], second, strtoll(words[3], NULL, 10));
    } else if (strcmp(verb, "await") == 0) {
        await_fetches((uint64_t)first);
    } else if (strcmp(verb, "info") == 0) {
        tell_info();
    } else {
        must(0, verb);
    }
}

int main(void)
{
    char line[2600];
    key = token_maker_key("ES256");
    next = token_maker_key("ES256");
    mallory = token_maker_key("ES256");
    while (fgets(line, sizeof line, stdin) != NULL) {
        char words[5][512] = {{0}};
        must(sscanf(line, "%511s %511s %511s %511s %511s", words[0], words[1], words[2], words[3],
                    words[4]) > 0,
             "reading a line");
        obey(words);
        (void)fflush(stdout); /* the driver waits for it; a driver that is gone ends stdin too */
    }
    jeton_worker_free(worker);
    jeton_verifier_free(verifier);
    token_maker_release();
    return 0;
}
