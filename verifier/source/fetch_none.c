/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/fetch.h"

#include "common/base/base.h"

enum jt_err jt_fetch_new(const char *ca_file, struct jt_diag *diag, struct jt_fetch **out_fetch)
{
    (void)ca_file; /* this build fetches nothing */
    (void)out_fetch;
    return jt_diag_fail(diag, JT_ERR_ARGUMENT,
                        "this libjeton was built without libcurl: set options.fetch, or "
                        "policy.jwks_file alone");
}

void jt_fetch_free(struct jt_fetch *fetch)
{
    (void)fetch; /* never made */
}

jeton_status jt_fetch_get(void *ctx, const char *url, size_t max_body, struct jeton_response *out)
{
    (void)ctx; /* never called: jt_fetch_new gives none */
    (void)url;
    (void)max_body;
    (void)out;
    return JETON_FETCH_FAILED;
}

const char *jt_fetch_reason(const struct jt_fetch *fetch)
{
    (void)fetch; /* as above */
    return "built without libcurl";
}
