/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One deployment in simulated time: a database of key rows, one to four issuers over it with clocks
 * of their own, a load balancer, and the services and APIs that use them. The schedule is the real
 * code, called as issuer/key_steps.c calls it; all that is required of it is written here, in
 * real time, which none of the clocks need show.
 *
 * Required, after every step (docs/rotating-keys.md):
 *   1. no token is signed by a key published for less than the lead, nor by one that is not in the
 *      set (excepted: the first key of an issuer that never served a set, --force, the emergency);
 *   2. no unexpired token's key is missing from the set of an issuer that is ready, unless revoked;
 *   3. the set is never empty;
 *   4. a dropped or revoked key never comes back, and no time of a key is written twice;
 *   5. never two next keys of an algorithm, never two that sign;
 *   6. no verifier whose copy of the set is younger than the lead refuses a token, unless its key is
 *      revoked or signs by force;
 *   7. in peace the keys rotate on time, and those that retire go.
 *
 * Supposed: the clocks of issuers and verifiers differ from real time by a quarter of keys.skew at
 * most (that of a lone issuer, whose lead has no allowance for it, by nothing), but for jumps, which
 * all issuers make together while they run; the load balancer heeds /readyz. Where a history breaks this (one clock jumps, or an issuer starts with a clock that just
 * jumped) it is *dim* from then on: 1, 2, 6 and 7 are required by the issuers' own clocks alone.
 */
#ifndef JT_TESTS_MODEL_WORLD_H
#define JT_TESTS_MODEL_WORLD_H

#include <setjmp.h>
#include <stdio.h>

#include "tests/model/rules.h"
#include "tests/model/steps.h"

#define KEYS_MAX    400
#define SHOWN_MAX   90 /* published at once: JT_KEYRING_PUBLISHED */
#define COMMITS_MAX 1200
#define ISSUERS_MAX 4
#define VERIFIERS   10
#define FOREVER_S   (INT64_C(1) << 40)

/* What is so of a key, whatever its row says. */
struct key {
    size_t published_in;         /* the commit */
    int64_t published_s, lead_s; /* real time; the lead when it began to sign */
    bool excepted;               /* from the lead */
    bool gone, revoked;
    int64_t live_until_s; /* of its last token to expire, as the latest of verifiers sees it */
};

/* The database after a commit: what an issuer that has read it knows. */
struct commit {
    size_t n;
    struct jt_key_times shown[SHOWN_MAX];
    bool has[KEYS_MAX]; /* by number */
    int64_t lifetime_s[JT_ALG_COUNT_];
};

struct issuer {
    struct jt_clock clock;
    struct jt_clockwatch watch;
    int64_t drift_s, jump_s; /* its wall clock beside real time */
    bool up, cut;
    int64_t late_until_s; /* reads nothing before */
    size_t commit;        /* that it has read */
    int64_t confirmed_s;  /* when it did, and the least staleness limit since */
    int64_t limit_s;
    int64_t due_s;
    size_t met_commit; /* when services and APIs last asked */
    bool met_up;
};

struct verifier {
    int64_t habit_s;   /* keeps a copy for so long */
    bool by_kid;       /* fetches for an unknown kid */
    bool has, excused; /* its copy came from an issuer that was not ready */
    size_t commit;
    int64_t fetched_s, asked_s;
};

/* What the histories contained. */
struct counts {
    uint64_t histories, dim, issuers, keys, commits, signed_on, by_hand, refused, forced, revoked,
        emergencies, added, retired, dropped, tokens, presented, fetches, stale_sets, excused_force,
        excused_revoked, excused_old, excused_unready, jumps, waits, starts, crashes, behind,
        beyond_limit, steps[STEP_KINDS_COUNT];
};

struct world {
    const struct rules *rules;
    struct counts *counts;
    bool tell; /* each step, on standard output */
    uint64_t chance;
    int64_t now_s;
    struct jt_schedule_conf conf;
    bool jumps, is_dim, was_full;
    int64_t jumped_s, met_s;
    size_t n_keys, n_commits, n_issuers;
    struct jt_key_times rows[KEYS_MAX]; /* as the store gives them: by publication, then kid */
    struct key keys[KEYS_MAX];          /* by number */
    struct commit commits[COMMITS_MAX];
    int64_t lifetime_s[JT_ALG_COUNT_];
    struct issuer issuers[ISSUERS_MAX];
    struct verifier verifiers[VERIFIERS];
    jmp_buf failed;
    char why[400];
};

extern struct world w;

/* Runs `steps` by `rules`: NULL, or a sentence of what broke (until the next call). */
const char *world_run(const struct steps *steps, const struct rules *rules, struct counts *counts,
                      bool tell);

/* --- for the parts of the model --- */

#define MUST(condition, ...)         \
    do {                             \
        if (!(condition)) {          \
            world_fail(__VA_ARGS__); \
        }                            \
    } while (0)
_Noreturn void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void world_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

int64_t world_draw(int64_t below); /* by the chance of the present step */
int64_t world_wall_s(const struct issuer *issuer);
bool world_is_ready(const struct issuer *issuer);

size_t rows_number(const char *kid);
/* Carries `plan` out by the clock of `issuer` and commits; `excepted` from the lead. */
void rows_apply(const struct issuer *issuer, const struct jt_schedule_plan *plan, bool excepted);
bool rows_have_room(const struct jt_schedule_plan *plan);
void rows_set_lifetime(enum jt_alg alg, int64_t lifetime_s);

void moves_do(enum step_kind kind);
void world_advance(int64_t to_s);
void world_read(struct issuer *issuer);
void world_look(struct issuer *issuer);
bool world_tick(struct issuer *issuer);
void world_start(struct issuer *issuer);
bool world_is_connected(const struct issuer *issuer);

void world_set_late(void); /* what the configuration makes of several issuers */

void crowd_begin(void);
void crowd_fetch(struct verifier *verifier);
/* Services ask every issuer for tokens, and present all that live to every verifier. */
void crowd_meet(void);

#endif
