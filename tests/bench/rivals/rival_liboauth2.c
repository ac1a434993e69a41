/* SPDX-License-Identifier: Apache-2.0 */
/*
 * liboauth2, on cjose: one key as JWK, exp and iat required. It caches what it has verified in shared
 * memory unless the cache named does not exist, so there are two: without it, and with it, where a
 * token that is asked for again and again is the best case. Without a log, its fastest.
 */
#include <oauth2/cfg.h>
#include <oauth2/mem.h>
#include <oauth2/oauth2.h>

#include "tests/bench/meter.h"
#include "tests/bench/rivals/rival.h"

#define CHECKS "verify.exp=required&verify.iat=required"

static unsigned users;
static oauth2_log_t *global;

static void *prepare(const struct rival_task *task, const char *options)
{
    if (users++ == 0) {
        global = oauth2_init(OAUTH2_LOG_ERROR, NULL);
        meter_must(global != NULL, "oauth2_init");
    }
    oauth2_cfg_token_verify_t *verify = NULL;
    char *wrong = oauth2_cfg_token_verify_add_options(NULL, &verify, "jwk", task->jwk, options);
    meter_must(wrong == NULL, "oauth2_cfg_token_verify_add_options");
    return verify;
}

static void *prepare_plain(const struct rival_task *task)
{
    return prepare(task, CHECKS "&verify.cache=none");
}

static void *prepare_cached(const struct rival_task *task)
{
    return prepare(task, CHECKS);
}

static bool verify(void *state, const char *token)
{
    json_t *claims = NULL;
    bool ok = oauth2_token_verify(NULL, NULL, state, token, &claims);
    json_decref(claims);
    return ok;
}

static void release(void *state)
{
    oauth2_cfg_token_verify_free(NULL, state);
    if (--users == 0) {
        oauth2_shutdown(global);
    }
}

extern const struct rival rival_liboauth2, rival_liboauth2_cached;
const struct rival rival_liboauth2 = {"liboauth2",   NULL,   {"RS256", "ES256"},
                                      prepare_plain, verify, release};
const struct rival rival_liboauth2_cached = {"liboauth2, cache hit", NULL,   {"RS256", "ES256"},
                                             prepare_cached,         verify, release};
