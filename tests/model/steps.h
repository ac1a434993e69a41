/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A random history as a list of steps that can be drawn from a seed, shown as a short text, read
 * back and shortened. Each step carries its own chance, so that leaving out one changes none of the
 * others. A history's text is SEED, or SEED:0-4,7,9 for those of its steps.
 * Ownership: values. Thread rule: any thread.
 */
#ifndef JT_TESTS_MODEL_STEPS_H
#define JT_TESTS_MODEL_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEPS_MAX 160

/* name, weight */
#define STEP_KINDS(X)                                     \
    X(PASS, "time passes", 60)                            \
    X(FETCH, "a verifier fetches", 6)                     \
    X(ROTATE, "rotate", 8)                                \
    X(FORCE_ROTATE, "rotate by force", 3)                 \
    X(REVOKE, "revoke", 2)                                \
    X(FORCE_REVOKE, "revoke by force", 2)                 \
    X(REVOKE_ALL, "revoke all", 1)                        \
    X(ADD, "add an algorithm", 3)                         \
    X(RETIRE, "retire an algorithm", 3)                   \
    X(NAME, "keys.algorithms changes", 1)                 \
    X(LIFETIME, "a lifetime changes", 5)                  \
    X(LEAD, "keys.lead, period or jitter changes", 2)     \
    X(TAIL, "keys.staleness, skew or max_age changes", 2) \
    X(DRIFT, "a clock drifts", 4)                         \
    X(JUMP, "the clocks jump", 2)                         \
    X(JUMP_BACK, "the clocks are set right", 2)           \
    X(JUMP_ONE, "one clock jumps", 1)                     \
    X(LATE, "an issuer falls behind", 6)                  \
    X(CUT, "an issuer is cut off", 3)                     \
    X(HEAL, "all are connected", 4)                       \
    X(STOP, "an issuer stops", 2)                         \
    X(CRASH, "an issuer dies before a commit", 2)         \
    X(CRASH_AFTER, "an issuer dies after a commit", 2)    \
    X(START, "an issuer starts", 5)

enum step_kind {
#define X(kind, name, weight) STEP_##kind,
    STEP_KINDS(X)
#undef X
        STEP_KINDS_COUNT
};

struct steps {
    uint64_t seed;
    size_t n;
    bool left_out[STEPS_MAX];
    struct step {
        enum step_kind kind;
        uint64_t chance;
    } at[STEPS_MAX];
};

/* splitmix64: the next number below `below` of `*state`. */
uint64_t steps_draw(uint64_t *state, uint64_t below);

const char *steps_name(enum step_kind kind);

/* The whole history of `seed`. */
void steps_make(uint64_t seed, struct steps *out);

/* Of a text as steps_text writes it; false when it is not one. */
bool steps_read(const char *text, struct steps *out);

/* Into `out`, which lives until the next call. */
const char *steps_text(const struct steps *steps);

size_t steps_left(const struct steps *steps);

#endif
