/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sign [ROUNDS]: microseconds of the clock and of the CPU per token that a signer signs on one
 * lane, with its keys in this process and in a SoftHSM token. Medians of interleaved rounds. A real
 * device is slower by its own time and its line; what is measured here is the way to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/random.h"
#include "keys/signer.h"
#include "tests/bench/meter.h"
#include "tests/support/softhsm.h"

#include "common/base/base.h"

#define ROUNDS 9
#define TOKENS 400

static void die(const char *what, const struct jt_diag *diag)
{
    (void)fprintf(stderr, "bench_sign: %s: %s\n", what, diag->text);
    exit(1);
}

struct subject {
    enum jt_signer_how how;
    enum jt_alg alg;
    struct jt_signer *signer;
    struct jt_signer_lane *lane;
    struct jt_sealed row;
    double wall[64], cpu[64];
};

static void make(struct subject *s)
{
    struct jt_diag diag = JT_DIAG_INIT;
    const struct jt_signer_conf conf = {
        .how = s->how,
        .kek = {.env = "BENCH_KEK"},
        .pkcs11 = {.module = softhsm_module(), .token = SOFTHSM_LABEL, .pin_env = "BENCH_PIN"}};
    s->row = (struct jt_sealed)JT_SEALED_INIT;
    if (jt_signer_new(&conf, &jt_random_system, &s->signer, &diag) != JT_OK ||
        jt_signer_generate(s->signer, JT_SEALED_KEY, s->alg, &s->row, &diag) != JT_OK ||
        jt_signer_load(s->signer, &s->row, 3600, NULL, &diag) != JT_OK ||
        jt_signer_lane_new(s->signer, &s->lane) != JT_OK) {
        die("making a signer", &diag);
    }
}

static void measure(struct subject *s, int round)
{
    static const struct jt_span text = {(const uint8_t *)"https://payment.example.com/api", 31};
    const struct jt_claims claims = {.iss = text,
                                     .sub = text,
                                     .client_id = text,
                                     .jti = text,
                                     .aud = &text,
                                     .n_aud = 1,
                                     .scope = JT_SPAN("payments:read"),
                                     .iat_s = 1700000000,
                                     .nbf_s = 1700000000,
                                     .exp_s = 1700003600,
                                     .typ = JT_SPAN("at+jwt")};
    struct jt_buf token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    double cpu = meter_cpu_us(), wall = meter_wall_us();
    for (int i = 0; i < TOKENS; i++) {
        jt_buf_clear(&token);
        if (jt_signer_sign(s->lane, jt_buf_span(&s->row.kid), &claims, &token) != JT_OK) {
            die("sign", &(struct jt_diag)JT_DIAG_INIT);
        }
    }
    s->wall[round] = (meter_wall_us() - wall) / TOKENS;
    s->cpu[round] = (meter_cpu_us() - cpu) / TOKENS;
    jt_buf_release(&token);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : ROUNDS;
    rounds = rounds < 1 || rounds > 64 ? ROUNDS : rounds;
    if (softhsm_module() == NULL || !softhsm_make()) {
        (void)fprintf(stderr, "bench_sign: SoftHSM 2 is not installed (softhsm2)\n");
        return 1;
    }
    (void)setenv("BENCH_PIN", SOFTHSM_PIN, 1);
    (void)setenv("BENCH_KEK", "4040404040404040404040404040404040404040404040404040404040404040",
                 1);
    static struct subject subjects[] = {{.how = JT_SIGNER_LOCAL, .alg = JT_ALG_ES256},
                                        {.how = JT_SIGNER_PKCS11, .alg = JT_ALG_ES256},
                                        {.how = JT_SIGNER_LOCAL, .alg = JT_ALG_RS256},
                                        {.how = JT_SIGNER_PKCS11, .alg = JT_ALG_RS256}};
    for (size_t i = 0; i < JT_COUNT(subjects); i++) {
        make(&subjects[i]);
    }
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < JT_COUNT(subjects); i++) {
            measure(&subjects[i], round);
        }
    }
    for (size_t i = 0; i < JT_COUNT(subjects); i++) {
        struct subject *s = &subjects[i];
        (void)printf("%s %-15s %7.1f us, %7.1f us of CPU\n", jt_alg_row(s->alg)->name,
                     s->how == JT_SIGNER_LOCAL ? "in this process" : "SoftHSM token",
                     meter_median(s->wall, (size_t)rounds), meter_median(s->cpu, (size_t)rounds));
        jt_signer_lane_free(s->lane);
        jt_signer_free(s->signer);
        jt_sealed_release(&s->row);
    }
    softhsm_remove();
    return 0;
}
