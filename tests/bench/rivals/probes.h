/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rival checks, found out rather than told: tokens that are wrong in one respect each.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_BENCH_PROBES_H
#define JT_TESTS_BENCH_PROBES_H

#include "tests/bench/rivals/rival.h"
#include "tests/bench/sample_token.h"

/* The token that `rival` has to accept. */
const char *probes_good(const struct rival *rival, const struct rival_task *task);

/* One respect. `make` gives the token that is wrong in it alone. */
struct probe {
    const char *name;
    const char *(*make)(struct sample_token good, const struct rival_task *task);
};

/* Ends with a name of NULL. */
extern const struct probe probes[];

/* Whether `rival` refuses the token of `probe`. */
bool probes_refused(const struct probe *probe, const struct rival *rival,
                    const struct rival_task *task, void *state);

#endif
