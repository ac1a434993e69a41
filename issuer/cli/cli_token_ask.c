/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_token_ask.h"

#include <stdlib.h>

#include "issuer/cli/cli_discovery.h"
#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_input.h"

#include "common/base/base.h"

#define URL_LIMIT  8192
#define FORM_LIMIT ((size_t)256 * 1024)

/* The halves of Basic, each form-encoded. A secret is at most JT_CLI_INPUT_MAX long, so the
 * buffers, made at their full size at once, never move and leave nothing behind when they are
 * wiped. */
struct credentials {
    struct jt_buf id, secret;
};

#define CREDENTIALS_LIMIT (3 * JT_CLI_INPUT_MAX)
#define CREDENTIALS_INIT                                               \
    {                                                                  \
        JT_BUF_INIT(CREDENTIALS_LIMIT), JT_BUF_INIT(CREDENTIALS_LIMIT) \
    }

static void release(struct credentials *c)
{
    jt_secret_wipe(c->secret.p, c->secret.cap);
    jt_buf_release(&c->secret);
    jt_buf_release(&c->id);
}

static enum jt_err encode(struct credentials *c, struct jt_span id, struct jt_span secret)
{
    JT_TRY(jt_buf_reserve(&c->secret, CREDENTIALS_LIMIT));
    /* RFC 6749 sec. 2.3.1: both are form-encoded before they go into Basic */
    JT_TRY(jt_cli_http_encode(&c->id, id));
    return jt_cli_http_encode(&c->secret, secret);
}

static enum jt_err from_file(const char *path, struct credentials *c, struct jt_diag *diag)
{
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_JSON_AUTO json_t *json = NULL;
    struct jt_span id, secret;
    JT_TRY(jt_cli_input_private(path, &bytes, diag));
    if (jt_json_load_object(jt_secret_span(&bytes), JT_JSON_DEPTH, &json) != JT_OK ||
        jt_json_string(json, "client_id", &id) != JT_OK ||
        jt_json_string(json, "client_secret", &secret) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "%s is not a JSON object with the strings client_id and client_secret",
                            path);
    }
    return encode(c, id, secret);
}

static enum jt_err find_credentials(const char *path, struct credentials *c, struct jt_diag *diag)
{
    if (path != NULL) {
        return from_file(path, c, diag);
    }
    const char *id = getenv("JETON_CLIENT_ID");
    const char *secret = getenv("JETON_CLIENT_SECRET");
    if (id == NULL || secret == NULL || strlen(secret) > JT_CLI_INPUT_MAX) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "no credentials; set JETON_CLIENT_ID and JETON_CLIENT_SECRET, or give "
                            "--credentials FILE");
    }
    return encode(c, jt_span_str(id), jt_span_str(secret));
}

/* Appends the token endpoint that the issuer's metadata names. */
static enum jt_err discover(const struct jt_cli_token_ask *ask, struct jt_buf *out,
                            struct jt_diag *diag)
{
    const struct jt_cli_discovery_ask discovery = {
        ask->issuer, ask->issuer_name, JT_CLI_DISCOVERY_OAUTH, ask->ca_file, ask->timeout_ms};
    JT_JSON_AUTO json_t *json = NULL;
    struct jt_span endpoint;
    int64_t date_s = 0;
    JT_TRY(jt_cli_discovery_get(&discovery, &json, &date_s, diag));
    if (jt_json_string(json, "token_endpoint", &endpoint) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "the metadata of %s names no token_endpoint; check %s", ask->issuer,
                            ask->issuer_name);
    }
    JT_TRY(jt_buf_put(out, endpoint));
    return jt_cli_http_check_url("the issuer's token_endpoint", jt_buf_str(out), diag);
}

/* RFC 6749 sec. 5.2: error and error_description */
static enum jt_err refused(long status, const json_t *json, struct jt_diag *diag)
{
    struct jt_span code = jt_json_value(json_object_get(json, "error"));
    struct jt_span text = jt_json_value(json_object_get(json, "error_description"));
    if (code.n == 0) {
        return jt_diag_fail(diag, JT_ERR_REFUSED,
                            "the token endpoint answered %ld without an OAuth error; look at the "
                            "issuer's log",
                            status);
    }
    return jt_diag_fail(diag, JT_ERR_REFUSED, "%.*s%s%.*s", (int)code.n, (const char *)code.p,
                        text.n > 0 ? ": " : "", (int)text.n, (const char *)text.p);
}

/* The token in an answer; the sentence never repeats what came instead. */
static enum jt_err read_token(const json_t *answer, struct jt_span *out_token, struct jt_diag *diag)
{
    if (jt_json_string(answer, "access_token", out_token) != JT_OK ||
        memchr(out_token->p, '\n', out_token->n) != NULL) {
        return jt_diag_fail(diag, JT_ERR_REFUSED,
                            "the token endpoint answered without an access_token; look at the "
                            "issuer's log");
    }
    return JT_OK;
}

static enum jt_err send(const struct jt_cli_token_ask *ask, const char *endpoint,
                        struct credentials *c, json_t **out_answer, struct jt_diag *diag)
{
    JT_AUTO(buf) form = JT_BUF_INIT(FORM_LIMIT);
    JT_AUTO(cli_http_answer) answer = JT_CLI_HTTP_ANSWER_INIT;
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(jt_buf_puts(&form, "grant_type=client_credentials"));
    JT_TRY(jt_buf_put(&form, ask->form));
    struct jt_cli_http_request request = {
        .method = "POST",
        .url = endpoint,
        .ca_file = ask->ca_file,
        .timeout_ms = ask->timeout_ms,
        .content_type = "application/x-www-form-urlencoded",
        .body = jt_buf_span(&form),
        .user = jt_buf_str(&c->id),
        .password = jt_buf_str(&c->secret),
    };
    JT_TRY(jt_cli_http_send(&request, &answer, diag));
    enum jt_err err = jt_json_load_object(jt_cli_http_body(&answer), JT_JSON_DEPTH, &json);
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    if (answer.status != 200 || err != JT_OK) {
        return refused(answer.status, json, diag);
    }
    *out_answer = json;
    json = NULL;
    return JT_OK;
}

enum jt_err jt_cli_token_ask_send(const struct jt_cli_token_ask *ask, json_t **out_answer,
                                  struct jt_span *out_token, struct jt_diag *diag)
{
    JT_AUTO(buf) endpoint = JT_BUF_INIT(URL_LIMIT);
    json_t *answer = NULL;
    struct credentials c = CREDENTIALS_INIT;
    enum jt_err err = find_credentials(ask->credentials, &c, diag);
    err = err == JT_OK ? discover(ask, &endpoint, diag) : err;
    err = err == JT_OK ? send(ask, jt_buf_str(&endpoint), &c, &answer, diag) : err;
    release(&c);
    err = err == JT_OK ? read_token(answer, out_token, diag) : err;
    if (err != JT_OK) {
        json_decref(answer);
        return err;
    }
    *out_answer = answer;
    return JT_OK;
}
