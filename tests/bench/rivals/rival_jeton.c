/* SPDX-License-Identifier: Apache-2.0 */
/* libjeton, with every check, over a set of two keys. */
#include <stdlib.h>
#include <string.h>

#include "tests/bench/full_check.h"
#include "tests/bench/meter.h"
#include "tests/bench/rivals/rival.h"

static void *prepare(const struct rival_task *task, const struct full_check_variant *variant)
{
    struct full_check *full = malloc(sizeof *full);
    meter_must(full != NULL, "malloc");
    full_check_open(full, task->key, variant);
    return full;
}

static void *prepare_plain(const struct rival_task *task)
{
    return prepare(task, &full_check_variants[0]);
}

static void *prepare_cached(const struct rival_task *task)
{
    return prepare(task, &full_check_variants[2]);
}

static bool verify(void *state, const char *token)
{
    const struct full_check *full = state;
    return full_check_verify(full->worker, token, strlen(token)) == JETON_OK;
}

static void release(void *state)
{
    full_check_close(state);
    free(state);
}

extern const struct rival rival_jeton;
const struct rival rival_jeton = {"libjeton",    NULL,   {"RS256", "ES256", "EdDSA"},
                                  prepare_plain, verify, release};

extern const struct rival rival_jeton_cached;
const struct rival rival_jeton_cached = {"libjeton, cached", NULL,   {"RS256", "ES256", "EdDSA"},
                                         prepare_cached,     verify, release};
