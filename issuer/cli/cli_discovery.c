/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_discovery.h"

#include "common/base/base.h"

#define URL_LIMIT 8192

static struct jt_span without_slash(const char *text)
{
    struct jt_span span = jt_span_str(text);
    while (span.n > 0 && span.p[span.n - 1] == '/') {
        span.n--;
    }
    return span;
}

/* RFC 8414 sec. 3.1: the well-known path goes between the host and the issuer's own path; OpenID
 * Connect Discovery 1.0 sec. 4 puts its own behind. */
static enum jt_err put_url(const struct jt_cli_discovery_ask *ask, struct jt_buf *out)
{
    if (ask->which == JT_CLI_DISCOVERY_OPENID) {
        JT_TRY(jt_buf_put(out, without_slash(ask->issuer)));
        return jt_buf_puts(out, "/.well-known/openid-configuration");
    }
    const char *authority = strstr(ask->issuer, "://");
    const char *host = authority == NULL ? ask->issuer : authority + 3;
    const char *path = host + strcspn(host, "/");
    JT_TRY(jt_buf_put(out, jt_span_of(ask->issuer, (size_t)(path - ask->issuer))));
    JT_TRY(jt_buf_puts(out, "/.well-known/oauth-authorization-server"));
    return jt_buf_put(out, without_slash(path));
}

static enum jt_err not_it(const struct jt_cli_discovery_ask *ask, const char *url, const char *why,
                          struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_UNREACHABLE, "no issuer's metadata at %s (%s); check %s", url,
                        why, ask->issuer_name);
}

/* Often it is the same one but for a slash at the end. */
static enum jt_err another(const struct jt_cli_discovery_ask *ask, const char *url,
                           struct jt_span named, struct jt_diag *diag)
{
    char why[320];
    (void)snprintf(why, sizeof why, "it names another issuer, '%.*s'", /* fits */
                   (int)(named.n < 256 ? named.n : 256), named.n == 0 ? "" : (const char *)named.p);
    return not_it(ask, url, why, diag);
}

enum jt_err jt_cli_discovery_get(const struct jt_cli_discovery_ask *ask, json_t **out_document,
                                 int64_t *out_date_s, struct jt_diag *diag)
{
    JT_AUTO(buf) url = JT_BUF_INIT(URL_LIMIT);
    JT_AUTO(cli_http_answer) answer = JT_CLI_HTTP_ANSWER_INIT;
    JT_JSON_AUTO json_t *json = NULL;
    struct jt_span named = JT_SPAN_NONE;
    JT_TRY(jt_cli_http_check_url(ask->issuer_name, ask->issuer, diag));
    JT_TRY(put_url(ask, &url));
    struct jt_cli_http_request request = {.method = "GET",
                                          .url = jt_buf_str(&url),
                                          .ca_file = ask->ca_file,
                                          .timeout_ms = ask->timeout_ms};
    JT_TRY(jt_cli_http_send(&request, &answer, diag));
    if (answer.status != 200 ||
        jt_json_load_object(jt_cli_http_body(&answer), JT_JSON_DEPTH, &json) != JT_OK) {
        return not_it(ask, jt_buf_str(&url), "not the JSON that belongs there", diag);
    }
    /* RFC 8414 sec. 3.3: issuer must be identical to the one that was asked for */
    if (jt_json_string(json, "issuer", &named) != JT_OK || !jt_span_is(named, ask->issuer)) {
        return another(ask, jt_buf_str(&url), named, diag);
    }
    *out_date_s = answer.date_s;
    *out_document = json;
    json = NULL;
    return JT_OK;
}
