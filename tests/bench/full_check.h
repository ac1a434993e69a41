/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjeton as the benchmarks ask it: a verifier of two keys, every check, a scope that is needed.
 * How a verifier is set up otherwise is a row of full_check_variants.
 * Ownership: open to close; the key is borrowed.
 * Thread rule: one thread; but workers of one verifier run in as many as there are.
 */
#ifndef JT_TESTS_BENCH_FULL_CHECK_H
#define JT_TESTS_BENCH_FULL_CHECK_H

#include <jeton/verifier.h>
#include <stdbool.h>

#include "tests/support/token_maker.h"

/* An option of bench_verify, and what it sets; NULL: nothing. */
struct full_check_variant {
    const char *flag;
    void (*tune)(struct jeton_options *options);
};

/* The first is the default; ends with a flag of NULL. */
extern const struct full_check_variant full_check_variants[];

struct full_check {
    jeton_verifier *verifier;
    jeton_worker *worker;
    const char *token; /* acceptable in every respect */
    size_t token_n;
};

void full_check_open(struct full_check *full, const struct token_key *key,
                     const struct full_check_variant *variant);
void full_check_close(struct full_check *full);

/* A worker more, to be freed before full_check_close. */
jeton_worker *full_check_worker(const struct full_check *full);

/* The status of one verification. */
jeton_status full_check_verify(jeton_worker *worker, const char *token, size_t n);

/* The struct full_check `full` accepts its token, as meter.h wants it. */
void full_check_run(void *full);

#endif
