/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_admin.h"

#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_target.h"

#include "common/base/base.h"

#define PATH_LIMIT 65536
#define BODY_LIMIT ((size_t)1024 * 1024)
#define UPLOAD_MS  3600000L /* sent and applied: an hour is no sign of life lost */

static enum jt_err put_url(const struct jt_cli_target *target,
                           const struct jt_cli_admin_request *request, struct jt_buf *out)
{
    const char *base = target->socket == NULL ? target->context->url : "http://localhost";
    size_t n = strlen(base);
    n -= n > 0 && base[n - 1] == '/';
    JT_TRY(jt_buf_put(out, jt_span_of(base, n)));
    JT_TRY(jt_buf_puts(out, "/admin/v1"));
    for (size_t i = 0; i < JT_CLI_ADMIN_DEPTH && request->path[i] != NULL; i++) {
        JT_TRY(jt_buf_putc(out, '/'));
        JT_TRY(jt_cli_http_encode(out, jt_span_str(request->path[i])));
    }
    if (request->query != NULL && request->query[0] != 0) {
        JT_TRY(jt_buf_putc(out, '?'));
        JT_TRY(jt_buf_puts(out, request->query));
    }
    return JT_OK;
}

enum jt_err jt_cli_admin_query(struct jt_buf *query, const char *name, const char *value)
{
    JT_TRY(jt_buf_printf(query, "%s%s=", query->len > 0 ? "&" : "", name));
    return jt_cli_http_encode(query, jt_span_str(value));
}

/* The string member `name` of an object that may be none; the empty span when there is none. */
static struct jt_span member(const json_t *object, const char *name)
{
    return jt_json_value(json_object_get(object, name));
}

/* Names what was asked for: the row's text alone does not tell it. */
static enum jt_err absent(const struct jt_cli_run *run, const char *name, struct jt_diag *diag)
{
    int n = (int)strcspn(run->command->path, " "); /* the noun; paths are short */
    return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                        "there is no %.*s '%s'; jeton %.*s list shows those there are", n,
                        run->command->path, name, n, run->command->path);
}

/* RFC 9457 sec. 3.1: detail is for the person, title is the kind of problem. */
static enum jt_err refused(const struct jt_cli_run *run, const struct jt_cli_admin_request *request,
                           long status, const json_t *problem, struct jt_diag *diag)
{
    enum jt_err err = status == 404 ? JT_ERR_NOT_FOUND : JT_ERR_REFUSED;
    struct jt_span text = member(problem, "detail");
    if (err == JT_ERR_NOT_FOUND && request->path[1] != NULL &&
        jt_span_is(text, jt_err_row(err)->text)) {
        return absent(run, request->path[1], diag);
    }
    if (text.n == 0) {
        text = member(problem, "title");
    }
    if (text.n == 0) {
        return jt_diag_fail(diag, err, "jetond answered %ld and gave no reason; look at its log",
                            status);
    }
    struct jt_span at_fault = member(problem, "member");
    bool told = at_fault.n == 0 || memmem(text.p, text.n, at_fault.p, at_fault.n) != NULL;
    bool forcible = jt_span_is(member(problem, "code"), "within_lead");
    return jt_diag_fail(diag, err, "%.*s%s%.*s%s", told ? 0 : (int)at_fault.n,
                        (const char *)at_fault.p, told ? "" : ": ", (int)text.n,
                        (const char *)text.p, forcible ? ". --force does it nevertheless" : "");
}

static enum jt_err not_jetond(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_target *target = run->target;
    if (target->socket == NULL) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "what answers at %s is not jetond's admin API; check the url of "
                            "context %s",
                            target->context->url, target->context->name);
    }
    return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                        "what answers on the admin socket is not jetond; check --socket");
}

static enum jt_err read_answer(const struct jt_cli_run *run,
                               const struct jt_cli_admin_request *request,
                               const struct jt_cli_http_answer *answer, json_t **out_json,
                               struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *json = NULL;
    struct jt_span body = jt_cli_http_body(answer);
    bool good = answer->status >= 200 && answer->status <= 299;
    if (body.n > 0) {
        enum jt_err err = jt_json_load(body, JT_JSON_DEPTH, &json);
        if (err == JT_ERR_NOMEM) {
            return err;
        }
        if (err != JT_OK && good) {
            return not_jetond(run, diag);
        }
    }
    if (!good) {
        return refused(run, request, answer->status, json, diag);
    }
    if (out_json != NULL && json == NULL) {
        return not_jetond(run, diag);
    }
    if (out_json != NULL) {
        *out_json = json;
        json = NULL;
    }
    return JT_OK;
}

enum jt_err jt_cli_admin_call(const struct jt_cli_run *run,
                              const struct jt_cli_admin_request *request, json_t **out_answer,
                              struct jt_diag *diag)
{
    const struct jt_cli_target *target = run->target;
    JT_AUTO(buf) url = JT_BUF_INIT(PATH_LIMIT);
    JT_AUTO(buf) body = JT_BUF_INIT(BODY_LIMIT);
    JT_TRY(jt_cli_target_open(run, diag));
    JT_TRY(put_url(target, request, &url));
    if (request->body != NULL) {
        JT_TRY(jt_json_dump(request->body, &body));
    }
    struct jt_cli_http_request http = {
        .method = request->method,
        .url = jt_buf_str(&url),
        .socket = target->socket,
        .ca_file = target->socket == NULL ? target->context->ca_file : NULL,
        .bearer = (const char *)target->bearer.p,
        .timeout_ms = request->upload != NULL ? UPLOAD_MS : target->timeout_ms,
        .content_type = request->upload != NULL ? "application/jsonl" : "application/json",
        .body = jt_buf_span(&body),
        .upload = request->upload,
    };
    JT_AUTO(cli_http_answer) answer = JT_CLI_HTTP_ANSWER_INIT;
    JT_TRY(jt_cli_http_send(&http, &answer, diag));
    return read_answer(run, request, &answer, out_answer, diag);
}

enum jt_err jt_cli_admin_list(const struct jt_cli_run *run, const json_t *answer, const char *name,
                              json_t **out_list, struct jt_diag *diag)
{
    json_t *list = json_object_get(answer, name);
    if (!json_is_array(list)) {
        return not_jetond(run, diag);
    }
    *out_list = list;
    return JT_OK;
}
