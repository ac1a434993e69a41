/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int64_t desk_now(void *ctx)
{
    return ((const struct desk *)ctx)->now_s;
}

static int64_t desk_boot(void *ctx)
{
    return ((const struct desk *)ctx)->boot_ms;
}

static jeton_status desk_fetch(void *ctx, const char *url, size_t max_body,
                               struct jeton_response *out)
{
    struct desk *desk = ctx;
    desk->fetches++;
    (void)snprintf(desk->url, sizeof desk->url, "%s", url);
    assert_true(max_body >= 256 * 1024);
    if (desk->fetch_status != JETON_OK) {
        return desk->fetch_status;
    }
    *out = (struct jeton_response){desk->body, strlen(desk->body), desk->max_age_s};
    return JETON_OK;
}

struct jeton_policy desk_policy(void)
{
    static const char *const audiences[] = {DESK_AUDIENCE, NULL};
    struct jeton_policy policy = JETON_INIT(jeton_policy);
    policy.issuer = DESK_ISSUER;
    policy.audiences = audiences;
    policy.jwks_uri = DESK_JWKS_URI;
    return policy;
}

struct jeton_options desk_options(struct desk *desk)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    options.fetch = desk_fetch;
    options.fetch_ctx = desk;
    options.now_s = desk_now;
    options.monotonic_ms = desk_boot;
    options.clock_ctx = desk;
    options.no_thread = 1;
    options.no_es256_table = 1; /* who wants to see polls counted wants no tables made by them */
    return options;
}

void desk_open_with(struct desk *desk, void (*alter)(struct jeton_options *options),
                    const struct jeton_policy *policies, size_t n, const char *jwks)
{
    *desk = (struct desk){.now_s = DESK_NOW, .boot_ms = 5000, .body = jwks, .max_age_s = -1};
    struct jeton_options options = desk_options(desk);
    if (alter != NULL) {
        alter(&options);
    }
    assert_status(jeton_verifier_new(&options, policies, n, &desk->verifier), JETON_OK);
    for (size_t i = 0; i < n; i++) {
        (void)jeton_verifier_poll(desk->verifier); /* the time until the next is another test's */
    }
    assert_status(jeton_worker_new(desk->verifier, &desk->worker), JETON_OK);
}

void desk_open(struct desk *desk, const struct jeton_policy *policy, const char *jwks)
{
    struct jeton_policy usual = desk_policy();
    desk_open_with(desk, NULL, policy != NULL ? policy : &usual, 1, jwks);
}

void desk_settle(struct desk *desk)
{
    while (jeton_verifier_poll(desk->verifier) == 0) {
    }
}

void desk_close(struct desk *desk)
{
    jeton_worker_free(desk->worker);
    jeton_verifier_free(desk->verifier);
}

jeton_status desk_judge(struct desk *desk, const char *token)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = jeton_verify(desk->worker, token, strlen(token), NULL, &result);
    assert_status(result.status, status);
    assert_status(jeton_verify(desk->worker, token, strlen(token), NULL, NULL), status);
    return status;
}

const char *desk_header(const char *alg)
{
    return token_maker_text("{\"alg\":\"%s\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", alg);
}

const char *desk_claims(const char *changes)
{
    json_t *claims =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "iss", DESK_ISSUER, "aud",
                  DESK_AUDIENCE, "sub", "cart", "client_id", "cart", "jti", "t1", "iat",
                  (json_int_t)DESK_NOW, "nbf", (json_int_t)DESK_NOW, "exp",
                  (json_int_t)DESK_NOW + 3600, "scope", "payments:read payments:write");
    json_t *over = json_loads(changes, JSON_ALLOW_NUL, NULL);
    assert_non_null(claims);
    assert_non_null(over);
    const char *name;
    json_t *value;
    json_object_foreach(over, name, value)
    {
        if (json_is_null(value)) {
            assert_int_equal(json_object_del(claims, name), 0);
        } else {
            assert_int_equal(json_object_set(claims, name, value), 0);
        }
    }
    char *text = json_dumps(claims, JSON_COMPACT);
    const char *kept = token_maker_text("%s", text);
    free(text);
    json_decref(over);
    json_decref(claims);
    return kept;
}

const char *desk_token(const struct token_key *key, const char *changes)
{
    return token_maker_sign(key, desk_header(key->alg), desk_claims(changes));
}

const char *desk_jwks(const struct token_key *key)
{
    return token_maker_jwks(
        token_maker_jwk(key, token_maker_text("\"kid\":\"k1\",\"alg\":\"%s\"", key->alg)), NULL);
}
