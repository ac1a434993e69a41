/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_rivals [--alg ALG] [--rounds N] [-o json]: microseconds of CPU for one verification by
 * libjeton and by each other library that was found when this was built, as multiples of the floor
 * of bench_verify; all in the same run, in turns, the medians are told. Without --alg: RS256, ES256
 * and EdDSA. "-": the library has not the algorithm. What each refuses is found out by tokens that
 * are wrong in one respect; those that it takes are told after "not:".
 */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/bare_check.h"
#include "tests/bench/meter.h"
#include "tests/bench/rivals/probes.h"

#define MAX_RIVALS 15

struct entry {
    const struct rival *rival;
    void *state;
    const char *token;
};

/* The field of contenders for one algorithm; subject 0 is the floor. */
struct field {
    struct rival_task task;
    struct bare_check bare;
    struct entry entries[MAX_RIVALS];
    struct meter_subject subjects[MAX_RIVALS + 1];
    size_t n;
};

static void run_entry(void *entry)
{
    const struct entry *self = entry;
    meter_must(self->rival->verify(self->state, self->token), self->rival->name);
}

static const char *public_pem(const struct token_key *key)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    meter_must(PEM_write_bio_PUBKEY(bio, key->pkey) == 1, "PEM_write_bio_PUBKEY");
    int n = (int)BIO_get_mem_data(bio, &text);
    const char *pem = token_maker_text("%.*s", n, text);
    BIO_free(bio);
    return pem;
}

static void open_field(struct field *field, const char *alg)
{
    const struct token_key *key = token_maker_key(alg);
    const char *more = token_maker_text("\"kid\":\"" SAMPLE_KID "\",\"alg\":\"%s\"", alg);
    field->task = (struct rival_task){key, token_maker_jwk(key, more), public_pem(key)};
    bare_check_prepare(&field->bare, key);
    field->subjects[0] = (struct meter_subject){bare_check_run, &field->bare, 0};
    field->n = 0;
    for (const struct rival *const *next = rivals; *next != NULL; next++) {
        if (!rival_has(*next, alg)) {
            continue;
        }
        meter_must(field->n < MAX_RIVALS, "room for a rival");
        struct entry *entry = &field->entries[field->n++];
        *entry =
            (struct entry){*next, (*next)->prepare(&field->task), probes_good(*next, &field->task)};
        field->subjects[field->n] = (struct meter_subject){run_entry, entry, 0};
    }
}

static void close_field(struct field *field)
{
    for (size_t i = 0; i < field->n; i++) {
        field->entries[i].rival->release(field->entries[i].state);
    }
    bare_check_release(&field->bare);
}

/* The names of the probes that the entry refuses, or that it takes, with `separator` between. */
static const char *list_probes(const struct field *field, const struct entry *entry, bool refused,
                               const char *separator)
{
    const char *list = "";
    for (const struct probe *probe = probes; probe->name != NULL; probe++) {
        if (probes_refused(probe, entry->rival, &field->task, entry->state) == refused) {
            list = token_maker_text("%s%s%s", list, list[0] == 0 ? "" : separator, probe->name);
        }
    }
    return list;
}

static void tell_text(const struct field *field)
{
    double floor_us = field->subjects[0].us;
    size_t i = 0;
    printf("%s: bare check %.2f us\n", field->task.key->alg, floor_us);
    for (const struct rival *const *next = rivals; *next != NULL; next++) {
        const struct entry *entry = &field->entries[i];
        if (i == field->n || entry->rival != *next) {
            printf("  %-22s        -\n", (*next)->name);
            continue;
        }
        double us = field->subjects[++i].us;
        const char *lacks = list_probes(field, entry, false, " ");
        printf("  %-22s %8.2f us %7.3f x  checks: %s%s%s\n", entry->rival->name, us, us / floor_us,
               list_probes(field, entry, true, " "), lacks[0] == 0 ? "" : "; not: ", lacks);
    }
}

static void tell_json(const struct field *field)
{
    double floor_us = field->subjects[0].us;
    printf("{\"alg\":\"%s\",\"floor_us\":%.2f,\"rivals\":[", field->task.key->alg, floor_us);
    for (size_t i = 0; i < field->n; i++) {
        double us = field->subjects[i + 1].us;
        printf("%s{\"name\":\"%s\",\"cpu_us\":%.2f,\"ratio\":%.3f,\"checks\":[\"%s\"]}",
               i == 0 ? "" : ",", field->entries[i].rival->name, us, us / floor_us,
               list_probes(field, &field->entries[i], true, "\",\""));
    }
    printf("]}\n");
}

static void compare(const char *alg, size_t rounds, bool json)
{
    struct field field;
    open_field(&field, alg);
    meter_compare(field.subjects, field.n + 1, rounds);
    if (json) {
        tell_json(&field);
    } else {
        tell_text(&field);
    }
    close_field(&field);
}

static int tell_usage(void)
{
    (void)fprintf(stderr,
                  "usage: bench_rivals [--alg RS256|ES256|EdDSA] [--rounds 1-%d] [-o json]\n",
                  METER_MAX_ROUNDS);
    return 1;
}

int main(int argc, char **argv)
{
    static const char *const algs[] = {"RS256", "ES256", "EdDSA"};
    const char *alg = NULL;
    size_t rounds = METER_ROUNDS, known = 0;
    bool json = false;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--alg") == 0) {
            alg = value;
        } else if (strcmp(argv[i], "-o") == 0 && strcmp(value, "json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--rounds") != 0 || !meter_rounds(value, &rounds)) {
            return tell_usage();
        }
    }
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (alg == NULL || strcmp(alg, algs[i]) == 0) {
            compare(algs[i], rounds, json);
            known++;
        }
    }
    token_maker_release();
    return known == 0 ? tell_usage() : 0;
}
