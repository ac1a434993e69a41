/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "common/json/json.h"
#include "issuer/oauth/oauth.h"

#include "common/base/base.h"

static json_t *algorithms_json(const struct jt_key_part *keys)
{
    json_t *array = json_array();
    for (enum jt_alg alg = JT_ALG_NONE + 1; array != NULL && alg < JT_ALG_COUNT_; alg++) {
        if (jt_key_part_keeps(keys, alg) &&
            json_array_append_new(array, json_string(jt_alg_row(alg)->name)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

/* RFC 8414 sec. 2; the members that only OpenID Connect asks for stand here because many verifiers
 * know that document alone and refuse it without them. */
static json_t *make(const struct jt_config *config, const struct jt_key_part *keys)
{
    return json_pack("{s:s, s:s+, s:s+, s:[s], s:[s,s], s:[], s:[s], s:o}", "issuer",
                     config->issuer, "token_endpoint", config->issuer, "/oauth2/token", "jwks_uri",
                     config->issuer, "/.well-known/jwks.json", "grant_types_supported",
                     "client_credentials", "token_endpoint_auth_methods_supported",
                     "client_secret_basic", "client_secret_post", "response_types_supported",
                     "subject_types_supported", "public", "id_token_signing_alg_values_supported",
                     algorithms_json(keys));
}

void jt_metadata_get(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the worker knows the issuer */
    struct jt_issuer_worker *worker = request->thread;
    const struct jt_root *root = jt_issuer_enter(worker);
    json_t *document = make(&root->settings->config, root->keys);
    jt_answer_header(answer, "Cache-Control", "public, max-age=%lld",
                     (long long)root->settings->config.max_age_s);
    jt_issuer_exit(worker);
    if (document == NULL || jt_json_dump(document, &answer->body) != JT_OK) {
        jt_oauth_refuse(answer, JT_ERR_NOMEM, "", false);
    } else {
        answer->status = 200;
        answer->content_type = "application/json";
    }
    json_decref(document);
}
