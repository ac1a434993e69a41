/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another library that verifies tokens, as bench_rivals asks it: each used as its documentation
 * says for the best speed, with every check that it offers. One file each; rivals.c has the table.
 * Ownership: prepare gives a state, release ends it; the task is borrowed until then.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_BENCH_RIVAL_H
#define JT_TESTS_BENCH_RIVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/token_maker.h"

struct rival_task {
    const struct token_key *key;
    const char *jwk; /* the public key, with its kid and alg */
    const char *pem; /* the same as SubjectPublicKeyInfo */
};

struct rival {
    const char *name;
    const char *typ; /* the one that it wants in the header; NULL: as RFC 9068 has it */
    const char *algs[4];
    void *(*prepare)(const struct rival_task *task);
    bool (*verify)(void *state, const char *token);
    void (*release)(void *state);
};

/* Those that are built in; ends in NULL. */
extern const struct rival *const rivals[];

bool rival_has(const struct rival *rival, const char *alg);

#endif
