/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/scaling.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/bench/bare_check.h"
#include "tests/bench/meter.h"

#define TURN_US 50000.0 /* long beside the start of a thread */
#define BATCH   16      /* calls between two looks at the clock */

/* What one thread does, with what is its own. */
struct lane {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*run)(void *ctx);
    void *ctx;
    double per_s, per_cpu_s;
    struct full_check full; /* the verifier is shared, the worker is not */
    struct bare_check bare;
};

/* What the rounds told, of the full check or of the bare one. */
struct series {
    double one[METER_MAX_ROUNDS], all[METER_MAX_ROUNDS];
    double ratio[METER_MAX_ROUNDS], cpu_ratio[METER_MAX_ROUNDS];
};

static void *run_lane(void *arg)
{
    struct lane *lane = arg;
    double done = 0;
    (void)pthread_barrier_wait(lane->start);
    double wall = meter_wall_us(), cpu = meter_cpu_us();
    while (meter_wall_us() - wall < TURN_US) {
        for (int i = 0; i < BATCH; i++) {
            lane->run(lane->ctx);
        }
        done += BATCH;
    }
    lane->per_s = done / (meter_wall_us() - wall) * 1e6;
    lane->per_cpu_s = done / (meter_cpu_us() - cpu) * 1e6;
    return NULL;
}

/* The sums over `n` lanes that run at once. */
static void run_lanes(struct lane *lanes, size_t n, double *out_per_s, double *out_per_cpu_s)
{
    pthread_barrier_t start;
    meter_must(pthread_barrier_init(&start, NULL, (unsigned)n) == 0, "barrier");
    for (size_t i = 0; i < n; i++) {
        lanes[i].start = &start;
        meter_must(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) == 0, "thread");
    }
    *out_per_s = *out_per_cpu_s = 0;
    for (size_t i = 0; i < n; i++) {
        meter_must(pthread_join(lanes[i].thread, NULL) == 0, "join");
        *out_per_s += lanes[i].per_s;
        *out_per_cpu_s += lanes[i].per_cpu_s;
    }
    (void)pthread_barrier_destroy(&start);
}

static void run_round(struct lane *lanes, size_t threads, struct series *series, size_t round)
{
    double one_cpu, all_cpu;
    run_lanes(lanes, 1, &series->one[round], &one_cpu);
    run_lanes(lanes, threads, &series->all[round], &all_cpu);
    series->ratio[round] = series->all[round] / series->one[round];
    series->cpu_ratio[round] = all_cpu / one_cpu;
}

static struct scaling sum_up(struct series *series, size_t rounds)
{
    return (struct scaling){meter_median(series->one, rounds), meter_median(series->all, rounds),
                            meter_median(series->ratio, rounds),
                            meter_median(series->cpu_ratio, rounds)};
}

static void choose(struct lane *lanes, size_t threads, bool bare)
{
    for (size_t i = 0; i < threads; i++) {
        lanes[i].run = bare ? bare_check_run : full_check_run;
        lanes[i].ctx = bare ? (void *)&lanes[i].bare : (void *)&lanes[i].full;
    }
}

void scaling_measure(const struct full_check *full, const struct token_key *key, size_t threads,
                     size_t rounds, struct scaling *out_full, struct scaling *out_bare)
{
    struct lane *lanes = calloc(threads, sizeof *lanes);
    struct series *series = calloc(2, sizeof *series);
    meter_must(lanes != NULL && series != NULL, "calloc");
    for (size_t i = 0; i < threads; i++) {
        lanes[i].full = *full;
        lanes[i].full.worker = full_check_worker(full);
        bare_check_prepare(&lanes[i].bare, key);
    }
    for (size_t round = 0; round < rounds; round++) {
        choose(lanes, threads, false);
        run_round(lanes, threads, &series[0], round);
        choose(lanes, threads, true);
        run_round(lanes, threads, &series[1], round);
    }
    *out_full = sum_up(&series[0], rounds);
    *out_bare = sum_up(&series[1], rounds);
    for (size_t i = 0; i < threads; i++) {
        jeton_worker_free(lanes[i].full.worker);
        bare_check_release(&lanes[i].bare);
    }
    free(series);
    free(lanes);
}
