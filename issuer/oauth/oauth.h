/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public listener's endpoints: token, key set, metadata. Handlers of common/http/server.h whose
 * `app` is the issuer and whose thread state is a struct jt_issuer_worker.
 * Ownership: as server.h says.
 * Thread rule: the server's threads; never blocks on disk or network.
 * Sources: RFC 6749, RFC 8707, RFC 9068, RFC 7517, RFC 8414.
 */
#ifndef JT_OAUTH_OAUTH_H
#define JT_OAUTH_OAUTH_H

#include "common/http/server.h"
#include "issuer/issuer.h"

/* The largest token request: ids, secrets, 128 scopes and 8 resources fit many times. */
#define JT_OAUTH_MAX_BODY (16 * 1024)

/* POST /oauth2/token (RFC 6749 sec. 4.4). */
void jt_token_post(void *app, const struct jt_request *request, struct jt_answer *answer);

/* GET /.well-known/jwks.json (RFC 7517 sec. 5). */
void jt_jwks_get(void *app, const struct jt_request *request, struct jt_answer *answer);

/* GET of both discovery documents (RFC 8414 sec. 3; OpenID Connect Discovery 1.0 sec. 4). */
void jt_metadata_get(void *app, const struct jt_request *request, struct jt_answer *answer);

/* The server's own refusals, in OAuth's error shape (RFC 6749 sec. 5.2). */
void jt_oauth_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer);

/* The paths of the endpoints for an issuer: its URL's path comes first; the two well-known
 * documents of RFC 8414 stand before it. Owned by the holder. */
#define JT_OAUTH_N_ROUTES 5
struct jt_oauth_routes {
    struct jt_route routes[JT_OAUTH_N_ROUTES];
    size_t n;
    char *paths[JT_OAUTH_N_ROUTES];
};
JT_MUST_USE enum jt_err jt_oauth_routes_make(const char *issuer_path,
                                             struct jt_oauth_routes *out_routes);
void jt_oauth_routes_release(struct jt_oauth_routes *routes);

/* Fills the answer with an OAuth error (RFC 6749 sec. 5.2): `err`'s row gives status and code,
 * `sentence` the description (made to fit its alphabet). `challenge`: the client used the
 * Authorization header, so a 401 carries WWW-Authenticate; without it, it becomes 400. */
void jt_oauth_refuse(struct jt_answer *answer, enum jt_err err, const char *sentence,
                     bool challenge);

#endif
