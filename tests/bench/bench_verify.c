/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_verify [--alg ALG] [--rounds N] [-o json]: microseconds of CPU for one jeton_verify with
 * every check, beside the floor: bare EVP_PKEY_verify on a prepared context, of a digest made
 * beforehand (for EdDSA, which has no such call, EVP_DigestVerify). Both in the same run, in turns;
 * the medians are told.
 */
#include <jeton/verifier.h>

#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/token_maker.h"

#define ROUNDS     61
#define MAX_ROUNDS 999
#define ROUND_NS   8000000 /* of the floor; a round is then some 100 signatures of the slow kinds */

#define ISSUER   "https://id.example.com"
#define AUDIENCE "https://payment.example.com/api"

static void must(int ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_verify: %s failed\n", what);
        exit(1);
    }
}

static double cpu_ns(void)
{
    struct timespec t;
    must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0, "clock");
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The bare check, prepared as far as libcrypto allows. */
struct floor {
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *pkey; /* for EdDSA */
    uint8_t digest[EVP_MAX_MD_SIZE], signature[1024];
    unsigned digest_n;
    size_t signature_n;
};

static void prepare_floor(struct floor *floor, const struct token_key *key)
{
    static const char text[] = "a digest is made of this, once";
    char md_name[] = "SHA256";
    memcpy(md_name + 3, key->alg + 2, 3);
    floor->pkey = key->pkey;
    if (strcmp(key->alg, "EdDSA") == 0) {
        floor->signature_n = token_maker_signature(key, text, floor->signature);
        return;
    }
    const EVP_MD *md = EVP_get_digestbyname(md_name);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(key->pkey, NULL);
    floor->ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    floor->signature_n = sizeof floor->signature;
    must(EVP_Digest(text, sizeof text - 1, floor->digest, &floor->digest_n, md, NULL) == 1 &&
             EVP_PKEY_sign_init(sign) == 1 && EVP_PKEY_verify_init(floor->ctx) == 1,
         "init");
    if (key->alg[0] == 'P') {
        must(EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_padding(floor->ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(sign, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(floor->ctx, RSA_PSS_SALTLEN_DIGEST) == 1,
             "padding");
    }
    must(EVP_PKEY_CTX_set_signature_md(sign, md) == 1 &&
             EVP_PKEY_CTX_set_signature_md(floor->ctx, md) == 1 &&
             EVP_PKEY_sign(sign, floor->signature, &floor->signature_n, floor->digest,
                           floor->digest_n) == 1,
         "sign");
    EVP_PKEY_CTX_free(sign);
}

static void run_floor(struct floor *floor)
{
    if (floor->ctx != NULL) {
        must(EVP_PKEY_verify(floor->ctx, floor->signature, floor->signature_n, floor->digest,
                             floor->digest_n) == 1,
             "floor");
        return;
    }
    static const char text[] = "a digest is made of this, once";
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, floor->pkey) == 1 &&
             EVP_DigestVerify(ctx, floor->signature, floor->signature_n, (const uint8_t *)text,
                              sizeof text - 1) == 1,
         "floor");
    EVP_MD_CTX_free(ctx);
}

/* What the library is asked. */
struct asked {
    jeton_worker *worker;
    const char *token;
    size_t token_n;
    struct jeton_require require;
};

static void run_verify(struct asked *asked)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    must(jeton_verify(asked->worker, asked->token, asked->token_n, &asked->require, &result) ==
             JETON_OK,
         "jeton_verify");
}

static const char *jwks_text;
static jeton_status fetch(void *ctx, const char *url, size_t max_body, struct jeton_response *out)
{
    (void)ctx;
    (void)url;
    (void)max_body;
    *out = (struct jeton_response){jwks_text, strlen(jwks_text), -1};
    return JETON_OK;
}

static jeton_verifier *prepare_verify(struct asked *asked, const struct token_key *key)
{
    static const char *const audiences[] = {AUDIENCE, NULL};
    static const char *const scopes[] = {"payments:write", NULL};
    const char *other = token_maker_jwk(token_maker_key("ES256"), "\"kid\":\"next-key\"");
    jwks_text = token_maker_jwks(other, token_maker_jwk(key, "\"kid\":\"signing-key\""), NULL);
    struct jeton_options options = JETON_INIT(jeton_options);
    options.fetch = fetch;
    options.no_thread = 1;
    options.wait_ms = 1000;
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = ISSUER;
    policy.audiences = audiences;
    policy.jwks_uri = ISSUER "/jwks.json";
    policy.algorithms = JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_RS384 |
                        JETON_RS512 | JETON_PS256 | JETON_PS384 | JETON_PS512 | JETON_EDDSA;
    jeton_verifier *verifier = NULL;
    must(jeton_verifier_new(&options, &policy, 1, &verifier) == JETON_OK, "verifier");
    must(jeton_worker_new(verifier, &asked->worker) == JETON_OK, "worker");
    long long now = (long long)time(NULL);
    asked->token = token_maker_sign(
        key,
        token_maker_text("{\"typ\":\"at+jwt\",\"alg\":\"%s\",\"kid\":\"signing-key\"}", key->alg),
        token_maker_text("{\"iss\":\"%s\",\"sub\":\"cart-service\",\"aud\":\"%s\",\"client_id\":"
                         "\"cart-service\",\"scope\":\"payments:read payments:write\",\"iat\":%lld,"
                         "\"nbf\":%lld,\"exp\":%lld,\"jti\":\"0b5e2f8c9d7a4e61b3f0a2c4d6e8f012\"}",
                         ISSUER, AUDIENCE, now, now, now + 36000));
    asked->token_n = strlen(asked->token);
    asked->require = (struct jeton_require)JETON_INIT(jeton_require);
    asked->require.all_of = scopes;
    return verifier;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_size);
    return values[n / 2];
}

static void measure(struct floor *floor, struct asked *asked, size_t rounds, double *out_us,
                    double *out_floor_us)
{
    double us[MAX_ROUNDS], floor_us[MAX_ROUNDS];
    double from = cpu_ns();
    for (int i = 0; i < 50; i++) { /* also warms both up */
        run_floor(floor);
        run_verify(asked);
    }
    int n = (int)(ROUND_NS * 100.0 / (cpu_ns() - from)) + 1;
    for (size_t round = 0; round < rounds; round++) {
        double t0 = cpu_ns();
        for (int i = 0; i < n; i++) {
            run_floor(floor);
        }
        double t1 = cpu_ns();
        for (int i = 0; i < n; i++) {
            run_verify(asked);
        }
        floor_us[round] = (t1 - t0) / n / 1000;
        us[round] = (cpu_ns() - t1) / n / 1000;
    }
    *out_us = median(us, rounds);
    *out_floor_us = median(floor_us, rounds);
}

int main(int argc, char **argv)
{
    const char *alg = "ES256";
    size_t rounds = ROUNDS;
    int json = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--alg") == 0 && i + 1 < argc) {
            alg = argv[++i];
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && strcmp(argv[i + 1], "json") == 0) {
            json = 1;
            i++;
        } else {
            (void)fprintf(stderr, "usage: bench_verify [--alg ALG] [--rounds N] [-o json]\n");
            return 1;
        }
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        (void)fprintf(stderr, "bench_verify: --rounds: 1 to %d\n", MAX_ROUNDS);
        return 1;
    }
    const struct token_key *key = token_maker_key(alg);
    struct floor floor = {.ctx = NULL};
    struct asked asked;
    double us, floor_us;
    prepare_floor(&floor, key);
    jeton_verifier *verifier = prepare_verify(&asked, key);
    measure(&floor, &asked, rounds, &us, &floor_us);
    printf(json ? "{\"alg\":\"%s\",\"cpu_us\":%.2f,\"floor_us\":%.2f,\"ratio\":%.3f}\n"
                : "%s %.2f %.2f %.3f\n",
           alg, us, floor_us, us / floor_us);
    jeton_worker_free(asked.worker);
    jeton_verifier_free(verifier);
    EVP_PKEY_CTX_free(floor.ctx);
    token_maker_release();
    return 0;
}
