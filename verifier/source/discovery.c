/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/discovery.h"

#include "common/json/json.h"
#include "verifier/source/fetchurl.h"

#include "common/base/base.h"

static struct jt_span without_last_slash(struct jt_span s)
{
    return s.n > 0 && s.p[s.n - 1] == '/' ? jt_span_of(s.p, s.n - 1) : s;
}

enum jt_err jt_discovery_place(struct jt_span issuer, size_t at, struct jt_buf *out)
{
    struct jt_fetchurl url;
    JT_TRY(jt_fetchurl_parse(issuer, &url));
    /* RFC 8414 sec. 2: an issuer has no query */
    if (url.path.n > 0 && memchr(url.path.p, '?', url.path.n) != NULL) {
        return JT_ERR_URL;
    }
    struct jt_span path = without_last_slash(url.path);
    JT_TRY(jt_buf_put(out, url.origin));
    if (at == 0) {
        /* OpenID Connect Discovery 1.0 sec. 4: appended to the issuer */
        JT_TRY(jt_buf_put(out, path));
        return jt_buf_puts(out, "/.well-known/openid-configuration");
    }
    /* RFC 8414 sec. 3: inserted between host and path */
    JT_TRY(jt_buf_puts(out, "/.well-known/oauth-authorization-server"));
    return jt_buf_put(out, path);
}

static enum jt_err read_uri(const json_t *object, struct jt_span issuer, struct jt_diag *diag,
                            char **out_uri)
{
    struct jt_span named, uri;
    struct jt_fetchurl issuer_url, uri_url;
    /* RFC 8414 sec. 3.3: the document's issuer is exactly the one it was asked for */
    if (jt_json_string(object, "issuer", &named) != JT_OK || !jt_span_eq(named, issuer)) {
        return jt_diag_fail(diag, JT_ERR_DISCOVERY,
                            "its issuer is not exactly the policy's issuer");
    }
    if (jt_json_string(object, "jwks_uri", &uri) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_DISCOVERY, "it has no jwks_uri");
    }
    /* RFC 8414 sec. 2: jwks_uri is https; what https vouched for is not handed on to http */
    if (jt_fetchurl_parse(uri, &uri_url) != JT_OK ||
        jt_fetchurl_parse(issuer, &issuer_url) != JT_OK || (issuer_url.tls && !uri_url.tls)) {
        return jt_diag_fail(diag, JT_ERR_DISCOVERY, "its jwks_uri is not https");
    }
    return jt_buf_strdup(uri, out_uri);
}

enum jt_err jt_discovery_read(struct jt_span issuer, struct jt_span text, struct jt_diag *diag,
                              char **out_uri)
{
    json_t *object = NULL;
    enum jt_err err = jt_json_load_object(text, JT_JSON_DEPTH, &object);
    if (err != JT_OK) {
        return err == JT_ERR_NOMEM
                   ? err
                   : jt_diag_fail(diag, JT_ERR_DISCOVERY, "it is not a JSON object");
    }
    err = read_uri(object, issuer, diag, out_uri);
    json_decref(object);
    return err;
}
