/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the benchmarks measure: subjects in turns, so that what else the machine does
 * meets all of them alike, and the median of the rounds. A failure of its own ends the program.
 * Ownership: the caller's; nothing is kept.
 * Thread rule: any thread; CPU time is the calling thread's.
 */
#ifndef JT_TESTS_BENCH_METER_H
#define JT_TESTS_BENCH_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define METER_ROUNDS     61
#define METER_MAX_ROUNDS 999

/* Ends the program with `what` unless `ok`. */
void meter_must(bool ok, const char *what);

/* Microseconds by `clock`; the CPU of this thread; the clock that only runs forwards. */
double meter_us(clockid_t clock);
double meter_cpu_us(void);
double meter_wall_us(void);

/* The median; sorts `values`. */
double meter_median(double *values, size_t n);

/* One of those compared. `us` is told: the median of CPU microseconds for one call of run(ctx). */
struct meter_subject {
    void (*run)(void *ctx);
    void *ctx;
    double us;
};

/* Measures `n` subjects in `rounds` turns, each as many calls as fill some milliseconds. */
void meter_compare(struct meter_subject *subjects, size_t n, size_t rounds);

/* 1 to METER_MAX_ROUNDS from the text of an option; false when it is none. */
bool meter_rounds(const char *text, size_t *out_rounds);

#endif
