/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/model/steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

static const struct {
    const char *name;
    unsigned weight;
} kinds[] = {
#define X(kind, name, weight) {name, weight},
    STEP_KINDS(X)
#undef X
};

uint64_t steps_draw(uint64_t *state, uint64_t below)
{
    *state += 0x9E3779B97F4A7C15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (z ^ (z >> 31)) % below;
}

const char *steps_name(enum step_kind kind)
{
    return kinds[kind].name;
}

static enum step_kind draw_kind(uint64_t *state)
{
    uint64_t all = 0;
    for (size_t i = 0; i < STEP_KINDS_COUNT; i++) {
        all += kinds[i].weight;
    }
    uint64_t at = steps_draw(state, all);
    enum step_kind kind = STEP_PASS;
    while (at >= kinds[kind].weight) {
        at -= kinds[kind++].weight;
    }
    return kind;
}

void steps_make(uint64_t seed, struct steps *out)
{
    uint64_t state = seed;
    *out = (struct steps){.seed = seed};
    out->n = 40 + steps_draw(&state, STEPS_MAX - 40 + 1);
    for (size_t i = 0; i < out->n; i++) {
        out->at[i].kind = draw_kind(&state);
        out->at[i].chance = steps_draw(&state, UINT64_MAX);
    }
}

/* "0-4,7,9" */
static bool read_kept(const char *text, struct steps *out)
{
    for (size_t i = 0; i < out->n; i++) {
        out->left_out[i] = true;
    }
    while (*text != 0) {
        char *end = NULL;
        unsigned long from = strtoul(text, &end, 10), to = from;
        if (end == text) {
            return false;
        }
        if (*end == '-') {
            to = strtoul(end + 1, &end, 10);
        }
        for (unsigned long i = from; i <= to && i < out->n; i++) {
            out->left_out[i] = false;
        }
        text = *end == ',' ? end + 1 : end;
        if (*end != ',' && *end != 0) {
            return false;
        }
    }
    return true;
}

bool steps_read(const char *text, struct steps *out)
{
    char *end = NULL;
    uint64_t seed = strtoull(text, &end, 10);
    if (end == text || (*end != 0 && *end != ':')) {
        return false;
    }
    steps_make(seed, out);
    return *end == 0 || read_kept(end + 1, out);
}

const char *steps_text(const struct steps *steps)
{
    static char text[32 + 8 * STEPS_MAX];
    int at = snprintf(text, sizeof text, "%" PRIu64, steps->seed);
    char before = ':';
    if (steps_left(steps) == steps->n) {
        return text;
    }
    for (size_t i = 0; i < steps->n; i++) {
        size_t from = i;
        if (steps->left_out[i]) {
            continue;
        }
        while (i + 1 < steps->n && !steps->left_out[i + 1]) {
            i++;
        }
        at += snprintf(text + at, sizeof text - (size_t)at, from == i ? "%c%zu" : "%c%zu-%zu",
                       before, from, i);
        before = ',';
    }
    return text;
}

size_t steps_left(const struct steps *steps)
{
    size_t left = 0;
    for (size_t i = 0; i < steps->n; i++) {
        left += !steps->left_out[i];
    }
    return left;
}
