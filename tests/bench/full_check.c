/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/full_check.h"

#include <string.h>

#include "tests/bench/meter.h"
#include "tests/bench/sample_token.h"

static void no_table(struct jeton_options *options)
{
    options->no_es256_table = 1;
}

static void cache(struct jeton_options *options)
{
    options->cache_tokens = 1024;
}

/* What is an option of the verifier gets a row, and with it an option of bench_verify. */
const struct full_check_variant full_check_variants[] = {
    {"--plain", NULL},
    {"--no-table", no_table},
    {"--cache", cache},
    {NULL, NULL},
};

static jeton_status fetch(void *ctx, const char *url, size_t max_body, struct jeton_response *out)
{
    (void)url;
    (void)max_body;
    *out = (struct jeton_response){ctx, strlen(ctx), -1};
    return JETON_OK;
}

static void open_verifier(struct full_check *full, const struct full_check_variant *variant,
                          const char *jwks)
{
    static const char *const audiences[] = {SAMPLE_AUDIENCE, NULL};
    static char body[4096]; /* the hook's context is no const */
    meter_must(strlen(jwks) < sizeof body, "JWK Set");
    memcpy(body, jwks, strlen(jwks) + 1);
    struct jeton_options options = JETON_INIT(jeton_options);
    options.fetch = fetch;
    options.fetch_ctx = body;
    options.no_thread = 1;
    options.wait_ms = 1000;
    if (variant->tune != NULL) {
        variant->tune(&options);
    }
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = SAMPLE_ISSUER;
    policy.audiences = audiences;
    policy.jwks_uri = SAMPLE_ISSUER "/jwks.json";
    policy.algorithms = JETON_ES256 | JETON_ES384 | JETON_ES512 | JETON_RS256 | JETON_RS384 |
                        JETON_RS512 | JETON_PS256 | JETON_PS384 | JETON_PS512 | JETON_EDDSA;
    meter_must(jeton_verifier_new(&options, &policy, 1, &full->verifier) == JETON_OK, "verifier");
}

void full_check_open(struct full_check *full, const struct token_key *key,
                     const struct full_check_variant *variant)
{
    const char *other = token_maker_jwk(token_maker_key("ES256"), "\"kid\":\"next-key\"");
    const char *own = token_maker_jwk(key, "\"kid\":\"" SAMPLE_KID "\"");
    struct sample_token sample = sample_token_good(key);
    open_verifier(full, variant, token_maker_jwks(other, own, NULL));
    full->worker = full_check_worker(full);
    full->token = sample_token_sign(&sample, key);
    full->token_n = strlen(full->token);
    /* once, so that what is made in the background is wanted; and then made */
    meter_must(full_check_verify(full->worker, full->token, full->token_n) == JETON_OK, "verify");
    while (jeton_verifier_poll(full->verifier) == 0) {
    }
}

void full_check_close(struct full_check *full)
{
    jeton_worker_free(full->worker);
    jeton_verifier_free(full->verifier);
}

jeton_worker *full_check_worker(const struct full_check *full)
{
    jeton_worker *worker = NULL;
    meter_must(jeton_worker_new(full->verifier, &worker) == JETON_OK, "worker");
    return worker;
}

jeton_status full_check_verify(jeton_worker *worker, const char *token, size_t n)
{
    static const char *const scopes[] = {SAMPLE_SCOPE, NULL};
    struct jeton_require require = JETON_INIT(jeton_require);
    struct jeton_result result = JETON_INIT(jeton_result);
    require.all_of = scopes;
    return jeton_verify(worker, token, n, &require, &result);
}

void full_check_run(void *full)
{
    struct full_check *self = full;
    meter_must(full_check_verify(self->worker, self->token, self->token_n) == JETON_OK,
               "jeton_verify");
}
