/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_verify [--alg ALG] [--rounds N] [-o json]: microseconds of CPU for one jeton_verify with
 * every check, beside the floor: bare EVP_PKEY_verify on a prepared context, of a digest made
 * beforehand (for EdDSA, which has no such call, EVP_DigestVerify). Both in the same run, in turns;
 * the medians are told.
 *
 * bench_verify --threads N: how many more a second N threads verify than one, over one verifier; and
 * how many more bare checks they make, which is what the machine had to give.
 *
 * The flags of full_check_variants set the verifier up otherwise, for either.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/bare_check.h"
#include "tests/bench/full_check.h"
#include "tests/bench/meter.h"
#include "tests/bench/scaling.h"

struct asked {
    const char *alg;
    const struct full_check_variant *variant;
    size_t rounds, threads; /* no threads: beside the floor */
    bool json;
};

static void tell_floor(const struct asked *asked, struct full_check *full,
                       const struct token_key *key)
{
    struct bare_check bare;
    bare_check_prepare(&bare, key);
    struct meter_subject subjects[] = {{bare_check_run, &bare, 0}, {full_check_run, full, 0}};
    meter_compare(subjects, 2, asked->rounds);
    printf(asked->json ? "{\"alg\":\"%s\",\"cpu_us\":%.2f,\"floor_us\":%.2f,\"ratio\":%.3f}\n"
                       : "%s %.2f %.2f %.3f\n",
           asked->alg, subjects[1].us, subjects[0].us, subjects[1].us / subjects[0].us);
    bare_check_release(&bare);
}

static void tell_scaling(const struct asked *asked, const struct full_check *full,
                         const struct token_key *key)
{
    struct scaling told, bare;
    scaling_measure(full, key, asked->threads, asked->rounds, &told, &bare);
    printf(asked->json ? "{\"alg\":\"%s\",\"threads\":%zu,\"one_per_s\":%.0f,\"all_per_s\":%.0f,"
                         "\"ratio\":%.3f,\"cpu_ratio\":%.3f,"
                         "\"floor_ratio\":%.3f,\"floor_cpu_ratio\":%.3f}\n"
                       : "%s %zu threads: %.0f/s alone, %.0f/s together, %.3f (by CPU time %.3f); "
                         "bare checks %.3f (%.3f)\n",
           asked->alg, asked->threads, told.one_per_s, told.all_per_s, told.ratio, told.cpu_ratio,
           bare.ratio, bare.cpu_ratio);
}

static int tell_usage(void)
{
    (void)fprintf(stderr,
                  "usage: bench_verify [--alg ALG] [--rounds 1-%d] [--threads 1-%d] [-o json]",
                  METER_MAX_ROUNDS, SCALING_MAX_THREADS);
    for (const struct full_check_variant *v = full_check_variants; v->flag != NULL; v++) {
        (void)fprintf(stderr, " [%s]", v->flag);
    }
    (void)fprintf(stderr, "\n");
    return 1;
}

static bool take_variant(const char *flag, struct asked *asked)
{
    for (const struct full_check_variant *v = full_check_variants; v->flag != NULL; v++) {
        if (strcmp(v->flag, flag) == 0) {
            asked->variant = v;
            return true;
        }
    }
    return false;
}

static bool take_value(const char *name, const char *value, struct asked *asked)
{
    if (strcmp(name, "--alg") == 0) {
        asked->alg = value;
        return true;
    }
    if (strcmp(name, "--rounds") == 0) {
        return meter_rounds(value, &asked->rounds);
    }
    if (strcmp(name, "--threads") == 0) {
        asked->threads = strtoul(value, NULL, 10);
        return asked->threads >= 1 && asked->threads <= SCALING_MAX_THREADS;
    }
    asked->json = true;
    return strcmp(name, "-o") == 0 && strcmp(value, "json") == 0;
}

int main(int argc, char **argv)
{
    struct asked asked = {"ES256", full_check_variants, METER_ROUNDS, 0, false};
    for (int i = 1; i < argc; i++) {
        if (take_variant(argv[i], &asked)) {
            continue;
        }
        if (i + 1 == argc || !take_value(argv[i], argv[i + 1], &asked)) {
            return tell_usage();
        }
        i++;
    }
    const struct token_key *key = token_maker_key(asked.alg);
    struct full_check full;
    full_check_open(&full, key, asked.variant);
    if (asked.threads > 0) {
        tell_scaling(&asked, &full, key);
    } else {
        tell_floor(&asked, &full, key);
    }
    full_check_close(&full);
    token_maker_release();
    return 0;
}
