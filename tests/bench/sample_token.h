/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access token that the benchmarks verify, member by member, so that one of them can be made
 * wrong.
 * Ownership: texts as token_maker.h says.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_BENCH_SAMPLE_TOKEN_H
#define JT_TESTS_BENCH_SAMPLE_TOKEN_H

#include "tests/support/token_maker.h"

#define SAMPLE_ISSUER   "https://id.example.com"
#define SAMPLE_AUDIENCE "https://payment.example.com/api"
#define SAMPLE_SCOPE    "payments:write"
#define SAMPLE_KID      "signing-key"

struct sample_token {
    const char *typ, *alg, *header_more; /* the last with its comma */
    const char *issuer, *audience, *scope;
    long long valid_in_s, expires_in_s; /* from now */
};

/* Acceptable in every respect, as RFC 9068 has it. */
struct sample_token sample_token_good(const struct token_key *key);

/* Header and payload as JSON, and the token that `key` signs. */
const char *sample_token_header(const struct sample_token *sample);
const char *sample_token_payload(const struct sample_token *sample);
const char *sample_token_sign(const struct sample_token *sample, const struct token_key *key);

#endif
