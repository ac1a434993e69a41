/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/meter.h"

#include <stdio.h>
#include <stdlib.h>

#define TURN_US 4000.0 /* some 100 signatures of the slow kinds */
#define WARM    50     /* calls before any counts; also tell how many make a turn */

void meter_must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

double meter_us(clockid_t clock)
{
    struct timespec t;
    meter_must(clock_gettime(clock, &t) == 0, "clock");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double meter_cpu_us(void)
{
    return meter_us(CLOCK_THREAD_CPUTIME_ID);
}

double meter_wall_us(void)
{
    return meter_us(CLOCK_MONOTONIC);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double meter_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_size);
    return values[n / 2];
}

static double call_us(const struct meter_subject *subject, size_t calls)
{
    double from = meter_cpu_us();
    for (size_t i = 0; i < calls; i++) {
        subject->run(subject->ctx);
    }
    return (meter_cpu_us() - from) / (double)calls;
}

void meter_compare(struct meter_subject *subjects, size_t n, size_t rounds)
{
    double *us = calloc(n * rounds, sizeof *us);
    size_t *calls = calloc(n, sizeof *calls);
    meter_must(us != NULL && calls != NULL, "calloc");
    for (size_t i = 0; i < n; i++) {
        calls[i] = (size_t)(TURN_US / call_us(&subjects[i], WARM)) + 1;
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++) {
            us[i * rounds + round] = call_us(&subjects[i], calls[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        subjects[i].us = meter_median(us + i * rounds, rounds);
    }
    free(us);
    free(calls);
}

bool meter_rounds(const char *text, size_t *out_rounds)
{
    char *end = NULL;
    size_t n = strtoul(text, &end, 10);
    if (*end != 0 || n < 1 || n > METER_MAX_ROUNDS) {
        return false;
    }
    *out_rounds = n;
    return true;
}
