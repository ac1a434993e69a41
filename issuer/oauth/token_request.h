/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token request: the form's bytes become a typed struct here and nowhere else, the client's
 * credentials of either method included.
 * Ownership: parse fills in place (spans point into the form it holds); release wipes.
 * Thread rule: one thread.
 * Sources: RFC 6749 sec. 2.3.1, 3.2, 4.4.2; RFC 8707 sec. 2; RFC 7617.
 */
#ifndef JT_OAUTH_TOKEN_REQUEST_H
#define JT_OAUTH_TOKEN_REQUEST_H

#include "common/http/form.h"
#include "common/http/server.h"
#include "issuer/access/decide.h"

struct jt_token_request {
    struct jt_span grant_type, scope;
    struct jt_span resources[JT_DECIDE_MAX_RESOURCES + 1]; /* one more, so that too many are seen */
    size_t n_resources;
    struct jt_span client_id, client_secret;
    bool by_header; /* the credentials came in the Authorization header */
    struct jt_form form, query;
    struct jt_secret basic; /* what Basic credentials decode to */
};

/* Reads `request`. `allow_query`: grant_type, scope, resource and audience may stand in the query.
 * JT_ERR_MEDIA_TYPE, JT_ERR_FORM, JT_ERR_REPEATED, JT_ERR_REQUEST, JT_ERR_CLIENT, JT_ERR_NOMEM with
 * a sentence. `*out_request` needs release in any case; by_header is right in any case. */
JT_MUST_USE enum jt_err jt_token_request_parse(const struct jt_request *request, bool allow_query,
                                               struct jt_token_request *out_request,
                                               struct jt_diag *diag);
void jt_token_request_release(struct jt_token_request *request);

#endif
