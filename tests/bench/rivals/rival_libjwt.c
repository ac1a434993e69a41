/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjwt 1.10: takes the key as PEM text with each token, and reads claims only for who asks. It
 * refuses a typ other than JWT. The header's algorithm is not compared with the key: that is left to
 * who calls jwt_get_alg afterwards.
 */
#include <jwt.h>
#include <string.h>

#include "tests/bench/rivals/rival.h"

static struct {
    const unsigned char *pem;
    int pem_n;
} prepared;

static void *prepare(const struct rival_task *task)
{
    prepared.pem = (const unsigned char *)task->pem;
    prepared.pem_n = (int)strlen(task->pem);
    return &prepared;
}

static bool verify(void *state, const char *token)
{
    (void)state;
    jwt_t *jwt = NULL;
    bool ok = jwt_decode(&jwt, token, prepared.pem, prepared.pem_n) == 0;
    jwt_free(jwt);
    return ok;
}

static void release(void *state)
{
    (void)state;
}

extern const struct rival rival_libjwt;
const struct rival rival_libjwt = {"libjwt", "JWT", {"RS256", "ES256"}, prepare, verify, release};
