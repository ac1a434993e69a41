/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/setfetch.h"

#include <stdlib.h>

#include "common/jose/jwks.h"
#include "verifier/source/discovery.h"

#include "common/base/base.h"

#define URL_MAX 4096

void jt_setfetch_begin(struct jt_setfetch *fetch)
{
    fetch->place = 0;
}

const char *jt_setfetch_uri(const struct jt_setfetch *fetch)
{
    return fetch->policy->jwks_uri != NULL ? fetch->policy->jwks_uri : fetch->found_uri;
}

void jt_setfetch_forget(struct jt_setfetch *fetch)
{
    free(fetch->found_uri);
    fetch->found_uri = NULL;
}

static enum jt_err get(const struct jt_setfetch *fetch, const char *url, struct jeton_response *out,
                       struct jt_diag *diag)
{
    *out = (struct jeton_response){.max_age_s = -1};
    if (fetch->get(fetch->ctx, url, JT_JWKS_MAX_BYTES, out) == JETON_OK && out->body != NULL) {
        return JT_OK;
    }
    const char *reason = fetch->own != NULL ? jt_fetch_reason(fetch->own) : "the fetch hook failed";
    return jt_diag_fail(diag, JT_ERR_FETCH, "cannot fetch %.200s: %s", url, reason);
}

static enum jt_err read_metadata(struct jt_setfetch *fetch, const char *url,
                                 const struct jeton_response *response, struct jt_diag *diag)
{
    struct jt_diag inner = JT_DIAG_INIT;
    struct jt_span issuer = jt_span_of(fetch->policy->issuer, fetch->policy->issuer_len);
    enum jt_err err = jt_discovery_read(issuer, jt_span_of(response->body, response->body_len),
                                        &inner, &fetch->found_uri);
    if (err != JT_OK) {
        return jt_diag_fail(diag, err, "the metadata at %.200s is refused: %s", url,
                            jt_diag_text(&inner, err));
    }
    return JT_OK;
}

/* Looks at one place. Only a place that does not answer sends on to the next: a document that is
 * refused is refused. */
static enum jt_err discover(struct jt_setfetch *fetch, struct jt_diag *diag)
{
    struct jt_span issuer = jt_span_of(fetch->policy->issuer, fetch->policy->issuer_len);
    struct jt_buf url = JT_BUF_INIT(URL_MAX);
    struct jeton_response response;
    enum jt_err err = jt_discovery_place(issuer, fetch->place++, &url);
    if (err == JT_OK) {
        err = get(fetch, jt_buf_str(&url), &response, diag);
        if (err == JT_OK) {
            err = read_metadata(fetch, jt_buf_str(&url), &response, diag);
        } else if (fetch->place < JT_DISCOVERY_PLACES) {
            err = JT_OK;
        }
    }
    jt_buf_release(&url);
    return err;
}

enum jt_err jt_setfetch_request(struct jt_setfetch *fetch, struct jeton_response *out_set,
                                bool *out_more, struct jt_diag *diag)
{
    const char *uri = jt_setfetch_uri(fetch);
    *out_more = uri == NULL;
    return uri == NULL ? discover(fetch, diag) : get(fetch, uri, out_set, diag);
}
