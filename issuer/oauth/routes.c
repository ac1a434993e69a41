/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "issuer/oauth/oauth.h"

#include "common/base/base.h"

enum place { AFTER_PATH, BEFORE_PATH };

static const struct {
    const char *method;
    const char *path;
    enum place place; /* RFC 8414 sec. 3.1: well-known stands before the issuer's path ... */
    jt_handler_fn handler;
    size_t max_body;
} table[] = {
    {"POST", "/oauth2/token", AFTER_PATH, jt_token_post, JT_OAUTH_MAX_BODY},
    {"GET", "/.well-known/jwks.json", AFTER_PATH, jt_jwks_get, 0},
    {"GET", "/.well-known/oauth-authorization-server", BEFORE_PATH, jt_metadata_get, 0},
    {"GET", "/.well-known/openid-configuration", BEFORE_PATH, jt_metadata_get, 0},
    /* ... and OpenID Connect Discovery 1.0 sec. 4 puts it behind */
    {"GET", "/.well-known/openid-configuration", AFTER_PATH, jt_metadata_get, 0},
};

_Static_assert(JT_COUNT(table) == JT_OAUTH_N_ROUTES, "one path per row");

enum jt_err jt_oauth_routes_make(const char *issuer_path, struct jt_oauth_routes *out_routes)
{
    *out_routes = (struct jt_oauth_routes){0};
    for (size_t i = 0; i < JT_COUNT(table); i++) {
        if (issuer_path[0] == 0 && i + 1 == JT_COUNT(table)) {
            break; /* without a path the two forms are one */
        }
        struct jt_buf path = JT_BUF_INIT(1024);
        bool before = table[i].place == BEFORE_PATH;
        enum jt_err err = jt_buf_printf(&path, "%s%s", before ? table[i].path : issuer_path,
                                        before ? issuer_path : table[i].path);
        if (err != JT_OK) {
            jt_buf_release(&path);
            jt_oauth_routes_release(out_routes);
            return err;
        }
        char *text = (char *)jt_buf_take(&path);
        out_routes->paths[i] = text;
        out_routes->routes[i] = (struct jt_route){.method = table[i].method,
                                                  .path = text,
                                                  .handler = table[i].handler,
                                                  .max_body = table[i].max_body};
        out_routes->n = i + 1;
    }
    return JT_OK;
}

void jt_oauth_routes_release(struct jt_oauth_routes *routes)
{
    for (size_t i = 0; i < JT_OAUTH_N_ROUTES; i++) {
        free(routes->paths[i]);
    }
    *routes = (struct jt_oauth_routes){0};
}
