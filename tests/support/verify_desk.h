/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verifier on a desk: with a clock that stands still and a fetch that answers what the test lays
 * there. And the token that everything starts from: acceptable in every respect.
 * Ownership: desk_open to desk_close; texts as token_maker.h says.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_SUPPORT_VERIFY_DESK_H
#define JT_TESTS_SUPPORT_VERIFY_DESK_H

#include <jeton/verifier.h>

#include "tests/support/token_maker.h"

#define DESK_ISSUER   "https://id.example.com"
#define DESK_AUDIENCE "https://payment.example.com/api"
#define DESK_JWKS_URI "https://id.example.com/jwks.json"
#define DESK_NOW      INT64_C(1700000000)

struct desk {
    int64_t now_s, boot_ms;
    /* what the fetch answers, and what it was asked */
    const char *body;
    int64_t max_age_s;
    jeton_status fetch_status;
    unsigned fetches;
    char url[256]; /* the last */
    jeton_verifier *verifier;
    jeton_worker *worker;
};

/* The issuer and audience above, by jwks_uri. */
struct jeton_policy desk_policy(void);
struct jeton_options desk_options(struct desk *desk);

/* Opens a polled verifier under `policy` (NULL: desk_policy) with the keys `jwks`, and a worker. */
void desk_open(struct desk *desk, const struct jeton_policy *policy, const char *jwks);

/* The same under `n` policies, with options that `alter` has changed (NULL: none). */
void desk_open_with(struct desk *desk, void (*alter)(struct jeton_options *options),
                    const struct jeton_policy *policies, size_t n, const char *jwks);
void desk_close(struct desk *desk);

/* Polls until nothing is due. */
void desk_settle(struct desk *desk);

/* The status of `token`; the same twice, so that what a worker remembers changes nothing. */
jeton_status desk_judge(struct desk *desk, const char *token);

/* {"alg":ALG,"kid":"k1","typ":"at+jwt"} */
const char *desk_header(const char *alg);

/* The good claims, with those of `changes` (a JSON object) put over them; a null takes a claim
 * away. */
const char *desk_claims(const char *changes);

/* A token of `key` with desk_header and desk_claims(changes). */
const char *desk_token(const struct token_key *key, const char *changes);

/* JWK Set of this one key, kid "k1" and its alg. */
const char *desk_jwks(const struct token_key *key);

/* A struct jeton_slice of exactly this text. */
#define assert_slice(slice, text)                           \
    do {                                                    \
        assert_int_equal((slice).n, strlen(text));          \
        assert_memory_equal((slice).p, text, strlen(text)); \
    } while (0)

#define assert_status(got, want) \
    assert_string_equal(jeton_status_name(got), jeton_status_name(want))

/* `bad` is refused as `want`, and `good`, the same with that one thing mended, accepted. */
#define assert_pair(desk, bad, want, good)               \
    do {                                                 \
        assert_status(desk_judge(desk, bad), want);      \
        assert_status(desk_judge(desk, good), JETON_OK); \
    } while (0)

#endif
