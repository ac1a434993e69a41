/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rhonabwy, on GnuTLS and nettle: the key is a JWK that is imported once, the claims are those that
 * r_jwt_validate_claims compares. It has no check of one scope among several.
 */
#include <rhonabwy.h>

#include "tests/bench/meter.h"
#include "tests/bench/rivals/rival.h"
#include "tests/bench/sample_token.h"

static void *prepare(const struct rival_task *task)
{
    meter_must(r_global_init() == RHN_OK, "r_global_init");
    jwk_t *jwk = r_jwk_quick_import(R_IMPORT_JSON_STR, task->jwk);
    meter_must(jwk != NULL, "r_jwk_quick_import");
    return jwk;
}

static bool verify(void *state, const char *token)
{
    jwt_t *jwt = r_jwt_quick_parse(token, R_PARSE_NONE, 0);
    bool ok =
        jwt != NULL && r_jwt_verify_signature(jwt, state, 0) == RHN_OK &&
        r_jwt_validate_claims(jwt, R_JWT_CLAIM_TYP, "at+jwt", R_JWT_CLAIM_ISS, SAMPLE_ISSUER,
                              R_JWT_CLAIM_AUD, SAMPLE_AUDIENCE, R_JWT_CLAIM_EXP, R_JWT_CLAIM_NOW,
                              R_JWT_CLAIM_NBF, R_JWT_CLAIM_NOW, R_JWT_CLAIM_NOP) == RHN_OK;
    r_jwt_free(jwt);
    return ok;
}

static void release(void *state)
{
    r_jwk_free(state);
    r_global_close();
}

extern const struct rival rival_rhonabwy;
const struct rival rival_rhonabwy = {"rhonabwy", NULL,   {"RS256", "ES256", "EdDSA"},
                                     prepare,    verify, release};
