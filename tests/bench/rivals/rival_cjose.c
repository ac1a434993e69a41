/* SPDX-License-Identifier: Apache-2.0 */
/* cjose: the key is parsed once; a JWS is verified, its payload is bytes to it. */
#include <cjose/cjose.h>
#include <string.h>

#include "tests/bench/meter.h"
#include "tests/bench/rivals/rival.h"

static void *prepare(const struct rival_task *task)
{
    cjose_err err;
    cjose_jwk_t *jwk = cjose_jwk_import(task->jwk, strlen(task->jwk), &err);
    meter_must(jwk != NULL, "cjose_jwk_import");
    return jwk;
}

static bool verify(void *state, const char *token)
{
    cjose_err err;
    uint8_t *payload = NULL;
    size_t payload_n = 0;
    cjose_jws_t *jws = cjose_jws_import(token, strlen(token), &err);
    bool ok = jws != NULL && cjose_jws_verify(jws, state, &err) &&
              cjose_jws_get_plaintext(jws, &payload, &payload_n, &err);
    cjose_jws_release(jws);
    return ok;
}

static void release(void *state)
{
    (void)cjose_jwk_release(state);
}

extern const struct rival rival_cjose;
const struct rival rival_cjose = {"cjose", NULL, {"RS256", "ES256"}, prepare, verify, release};
