/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many more tokens N threads verify than one, over one verifier, a worker each; and the same of
 * bare checks that share nothing but the key: what the machine had to give meanwhile.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_BENCH_SCALING_H
#define JT_TESTS_BENCH_SCALING_H

#include "tests/bench/full_check.h"

#define SCALING_MAX_THREADS 64

/* Medians. By the clock on the wall, and by CPU time, in which neither what others do on the machine
 * nor waiting for a lock is. Either says something only where the bare checks come near the number of
 * threads by the wall: threads that take turns on one core do not disturb each other. */
struct scaling {
    double one_per_s, all_per_s, ratio, cpu_ratio;
};

/* `rounds` rounds, in each of which one thread runs alone and then all `threads` run, for either. */
void scaling_measure(const struct full_check *full, const struct token_key *key, size_t threads,
                     size_t rounds, struct scaling *out_full, struct scaling *out_bare);

#endif
