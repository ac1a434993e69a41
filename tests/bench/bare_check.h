/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of verification: bare EVP_PKEY_verify on a prepared context, of a digest made
 * beforehand; for EdDSA, which has no such call, EVP_DigestVerify.
 * Ownership: the key is borrowed until bare_check_release.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_BENCH_BARE_CHECK_H
#define JT_TESTS_BENCH_BARE_CHECK_H

#include "tests/support/token_maker.h"

struct bare_check {
    EVP_PKEY_CTX *ctx;
    EVP_PKEY *pkey; /* for EdDSA */
    uint8_t digest[EVP_MAX_MD_SIZE], signature[1024];
    unsigned digest_n;
    size_t signature_n;
};

void bare_check_prepare(struct bare_check *bare, const struct token_key *key);
void bare_check_release(struct bare_check *bare);

/* One verification by the struct bare_check `bare`, as meter.h wants it. */
void bare_check_run(void *bare);

#endif
