/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of one to four issuers under the real schedule (world.h says what is required),
 * and the same under faulty ones, each of which must be found.
 *
 *     test_schedule_model             all of it, and what the histories contained
 *     test_schedule_model HISTORY     one history step by step, as a failure prints it
 *     test_schedule_model -n COUNT    as many histories
 */
#include <inttypes.h>
#include <time.h>

#include "tests/model/world.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define HISTORIES 10000

static uint64_t histories = HISTORIES;

static bool still_fails(const struct steps *steps, const struct rules *rules)
{
    struct counts counts = {0};
    return world_run(steps, rules, &counts, false) != NULL;
}

/* Leaves out what the failure does not need, in ever smaller pieces. */
static void shrink(struct steps *steps, const struct rules *rules)
{
    for (size_t piece = steps->n / 2; piece > 0; piece = piece > 1 ? piece / 2 : 0) {
        for (size_t from = 0; from < steps->n; from += piece) {
            struct steps fewer = *steps;
            for (size_t i = from; i < from + piece && i < steps->n; i++) {
                fewer.left_out[i] = true;
            }
            if (still_fails(&fewer, rules)) {
                *steps = fewer;
            }
        }
    }
}

/* The number of the first history that breaks something, made short in `out`; 0: none. */
static uint64_t find(const struct rules *rules, struct counts *counts, struct steps *out,
                     const char **out_why)
{
    for (uint64_t seed = 1; seed <= histories; seed++) {
        steps_make(seed, out);
        *out_why = world_run(out, rules, counts, false);
        if (*out_why != NULL) {
            return seed;
        }
    }
    return 0;
}

static void tell_counts(const struct counts *c)
{
    static const struct {
        const char *name;
        size_t at;
    } told[] = {
#define COUNT(name, member) {name, offsetof(struct counts, member)}
        COUNT("histories", histories),
        COUNT("dim ones", dim),
        COUNT("issuers", issuers),
        COUNT("keys made", keys),
        COUNT("commits", commits),
        COUNT("keys that began to sign", signed_on),
        COUNT("rotations by hand", by_hand),
        COUNT("steps refused", refused),
        COUNT("steps forced", forced),
        COUNT("emergencies", emergencies),
        COUNT("algorithms added", added),
        COUNT("algorithms retired", retired),
        COUNT("keys dropped", dropped),
        COUNT("keys revoked", revoked),
        COUNT("clock jumps", jumps),
        COUNT("ticks that waited after one", waits),
        COUNT("starts", starts),
        COUNT("crashes", crashes),
        COUNT("times an issuer fell behind", behind),
        COUNT("times it was cut off past the limit", beyond_limit),
        COUNT("tokens", tokens),
        COUNT("verdicts", presented),
        COUNT("fetches of a set", fetches),
        COUNT("of one that was not the newest", stale_sets),
        COUNT("refusals: the key was forced", excused_force),
        COUNT("refusals: the copy was older than the lead", excused_old),
        COUNT("refusals: no issuer was ready", excused_unready),
#undef COUNT
    };
    for (size_t i = 0; i < JT_COUNT(told); i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)c + told[i].at, sizeof value);
        (void)printf("%12" PRIu64 "  %s\n", value, told[i].name);
        assert_true(value > 0); /* each is worth something */
    }
}

static void random_histories_keep_the_invariants(void **state)
{
    (void)state;
    struct counts counts = {0};
    struct steps steps;
    const char *why = NULL;
    if (find(&rules_real, &counts, &steps, &why) != 0) {
        char first[512];
        (void)snprintf(first, sizeof first, "%s", why);
        shrink(&steps, &rules_real);
        (void)printf("test_schedule_model %s\n", steps_text(&steps));
        why = world_run(&steps, &rules_real, &counts, true);
        fail_msg("history %" PRIu64 ": %s (shortened: %s)", steps.seed, first, why);
    }
    tell_counts(&counts);
}

static void faulty_schedules_are_found(void **state)
{
    (void)state;
    size_t missed = 0;
    for (size_t i = 0; i < rules_n_faulty; i++) {
        struct counts counts = {0};
        struct steps steps;
        const char *why = NULL;
        uint64_t seed = find(&rules_faulty[i], &counts, &steps, &why);
        missed += seed == 0;
        (void)printf("%6" PRIu64 "  %s%s%s\n", seed, rules_faulty[i].name,
                     seed == 0 ? ": NOT FOUND" : ": ", seed == 0 ? "" : why);
    }
    assert_int_equal(missed, 0);
}

/* By the real code, or (JETON_MODEL_FAULT=n) by the n-th faulty one. */
static int replay(const char *text)
{
    struct steps steps;
    struct counts counts = {0};
    const char *fault = getenv("JETON_MODEL_FAULT");
    size_t n = fault == NULL ? 0 : strtoul(fault, NULL, 10);
    const struct rules *rules = n == 0 || n > rules_n_faulty ? &rules_real : &rules_faulty[n - 1];
    if (!steps_read(text, &steps)) {
        (void)fprintf(stderr, "%s is no history\n", text);
        return 2;
    }
    const char *why = world_run(&steps, rules, &counts, true);
    if (why != NULL && steps_left(&steps) == steps.n) {
        shrink(&steps, rules);
        (void)printf("shortened: %s\n", steps_text(&steps));
        why = world_run(&steps, rules, &counts, false);
    }
    (void)printf("%s\n", why == NULL ? "nothing breaks" : why);
    return why != NULL;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_keep_the_invariants),
        cmocka_unit_test(faulty_schedules_are_found),
    };
    if (argc == 3 && strcmp(argv[1], "-n") == 0) {
        histories = strtoull(argv[2], NULL, 10);
    } else if (argc == 2) {
        return replay(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
