/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_explain.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

#define GAP         2
#define SCOPE_LIMIT ((size_t)64 * 1024)

/* The API takes scopes as a token request does: one text. */
static enum jt_err put_scope(const struct jt_cli_run *run, json_t *body, struct jt_diag *diag)
{
    JT_AUTO(buf) scope = JT_BUF_INIT(SCOPE_LIMIT);
    const char *value;
    for (size_t at = 0; (value = jt_cli_options_next(run, "scope", &at)) != NULL;) {
        JT_TRY(jt_buf_puts(&scope, scope.len == 0 ? "" : " "));
        JT_TRY(jt_buf_puts(&scope, value));
    }
    return scope.len == 0 ? JT_OK
                          : jt_cli_body_text(body, "scope", "--scope", jt_buf_str(&scope), diag);
}

/* --- for people --- */

static struct jt_span text_of(const json_t *object, const char *name)
{
    return jt_json_value(json_object_get(object, name));
}

static void end_line(void)
{
    (void)fputc('\n', stdout); /* main asks ferror() at the end */
}

static void put_resources(struct jt_cli_pen *pen, const json_t *resources)
{
    size_t index;
    const json_t *resource;
    json_array_foreach(resources, index, resource)
    {
        jt_cli_pen_puts(pen, index == 0 ? "" : " and ");
        jt_cli_pen_text(pen, jt_json_value(resource));
    }
}

static const char *choice_text(struct jt_span chosen)
{
    static const struct {
        const char *name, *text;
    } choices[] = {{"default", ", its default resource"},
                   {"by_scope", ", the one of its resources that defines what it asks for"},
                   {"only", ", the only one it may call"}};
    for (size_t i = 0; i < JT_COUNT(choices); i++) {
        if (jt_span_is(chosen, choices[i].name)) {
            return choices[i].text;
        }
    }
    return "";
}

/* "cart gets a token for https://a, its default resource" or "cart is refused: ...". */
static void put_verdict(const struct jt_cli_run *run, const json_t *answer)
{
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    struct jt_span name = text_of(json_object_get(answer, "client"), "name");
    jt_cli_pen_text(&pen, name.n > 0 ? name : jt_span_str(jt_cli_options_text(run, "client")));
    if (jt_span_is(text_of(answer, "decision"), "granted")) {
        jt_cli_pen_puts(&pen, " gets a token for ");
        put_resources(&pen, json_object_get(answer, "resources"));
        jt_cli_pen_puts(&pen, choice_text(text_of(answer, "chosen")));
    } else {
        jt_cli_pen_puts(&pen, " is refused: ");
        jt_cli_pen_text(&pen, text_of(answer, "error"));
        jt_cli_pen_puts(&pen, ": ");
        jt_cli_pen_text(&pen, text_of(answer, "error_description"));
    }
    end_line();
}

/* The widest of what stands in the first column. */
static size_t first_column(const json_t *answer)
{
    static const char *const lists[][2] = {
        {"scopes", "scope"}, {"dropped", "scope"}, {"refused_resources", "resource"}};
    size_t widest = 0, index;
    const json_t *item;
    for (size_t i = 0; i < JT_COUNT(lists); i++) {
        json_array_foreach(json_object_get(answer, lists[i][0]), index, item)
        {
            struct jt_cli_pen pen = jt_cli_pen_on(NULL);
            jt_cli_pen_text(&pen, text_of(item, lists[i][1]));
            widest = pen.width > widest ? pen.width : widest;
        }
    }
    return widest + GAP;
}

/* The token endpoint does not tell which it was; operators may know. */
static void put_client(const json_t *client)
{
    static const char *const wants[][2] = {{"enabled", "it is disabled"},
                                           {"live_secret", "it has no live secret"}};
    for (size_t i = 0; i < JT_COUNT(wants); i++) {
        if (json_is_false(json_object_get(client, wants[i][0]))) {
            struct jt_cli_pen pen = jt_cli_pen_on(stdout);
            jt_cli_pen_text(&pen, text_of(client, "name"));
            jt_cli_pen_puts(&pen, "  refused: ");
            jt_cli_pen_puts(&pen, wants[i][1]);
            end_line();
        }
    }
}

static void put_given(const json_t *answer, size_t edge)
{
    bool several = json_array_size(json_object_get(answer, "resources")) > 1;
    size_t index;
    const json_t *item;
    json_array_foreach(json_object_get(answer, "scopes"), index, item)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        jt_cli_pen_text(&pen, text_of(item, "scope"));
        jt_cli_pen_pad(&pen, edge);
        if (several) {
            jt_cli_pen_puts(&pen, "at ");
            jt_cli_pen_text(&pen, text_of(item, "resource"));
            jt_cli_pen_puts(&pen, ": ");
        }
        jt_cli_pen_value(&pen, json_object_get(item, "via"), JT_CLI_FORM_SOURCE);
        end_line();
    }
}

static void put_against(const json_t *list, const char *name, const char *what, size_t edge)
{
    size_t index;
    const json_t *item;
    json_array_foreach(list, index, item)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        jt_cli_pen_text(&pen, text_of(item, name));
        jt_cli_pen_pad(&pen, edge);
        jt_cli_pen_puts(&pen, what);
        jt_cli_pen_text(&pen, text_of(item, "hint"));
        end_line();
    }
}

static enum jt_cli_form form_of(const char *claim)
{
    static const char *const times[] = {"iat", "nbf", "exp"};
    for (size_t i = 0; i < JT_COUNT(times); i++) {
        if (jt_span_is(jt_span_str(claim), times[i])) {
            return JT_CLI_FORM_TIME;
        }
    }
    return JT_CLI_FORM_PLAIN;
}

static void put_claims(json_t *claims)
{
    const char *name;
    json_t *value;
    if (claims != NULL && json_object_size(claims) > 0) {
        (void)fputs("\nclaims\n", stdout); /* as in end_line */
    }
    json_object_foreach(claims, name, value)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        jt_cli_pen_puts(&pen, "  ");
        jt_cli_pen_text(&pen, jt_span_str(name));
        jt_cli_pen_pad(&pen, 13);
        jt_cli_pen_puts(&pen, " ");
        jt_cli_pen_value(&pen, value, form_of(name));
        end_line();
    }
}

static void put_lines(const json_t *lines, const char *title)
{
    size_t index;
    const json_t *line;
    json_array_foreach(lines, index, line)
    {
        struct jt_cli_pen pen = jt_cli_pen_on(stdout);
        (void)fputs(index == 0 ? title : "", stdout); /* as in end_line */
        jt_cli_pen_puts(&pen, "  ");
        jt_cli_pen_text(&pen, jt_json_value(line));
        end_line();
    }
}

static void print(const struct jt_cli_run *run, const json_t *answer)
{
    size_t edge = first_column(answer);
    put_verdict(run, answer);
    put_client(json_object_get(answer, "client"));
    put_given(answer, edge);
    put_against(json_object_get(answer, "dropped"), "scope", "dropped: ", edge);
    put_against(json_object_get(answer, "refused_resources"), "resource", "refused: ", edge);
    put_lines(json_object_get(answer, "holds"), "\nmay call\n");
    put_claims(json_object_get(answer, "claims"));
    put_lines(json_object_get(answer, "fix"), "\nto mend it\n");
}

/* A refusal is told by the exit status too, so that a script can ask. */
static enum jt_err verdict(const struct jt_cli_run *run, const json_t *answer, struct jt_diag *diag)
{
    struct jt_span near = text_of(answer, "nearest"), error = text_of(answer, "error");
    if (json_is_null(json_object_get(answer, "client"))) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND, "there is no client '%s'; %s%.*s%s",
                            jt_cli_options_text(run, "client"), near.n > 0 ? "did you mean " : "",
                            near.n > 0 ? (int)near.n : 0, (const char *)near.p,
                            near.n > 0 ? "?" : "jeton client list shows those there are");
    }
    return error.n == 0 ? JT_OK
                        : jt_diag_fail(diag, JT_ERR_REFUSED,
                                       "a token request would be refused: %.*s; standard output "
                                       "says why",
                                       (int)error.n, (const char *)error.p);
}

enum jt_err jt_cli_explain(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const char *client = NULL;
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_options_need(run, "client", &client, diag));
    JT_TRY(jt_cli_body_make(run, &body, diag));
    JT_TRY(put_scope(run, body, diag));
    const struct jt_cli_admin_request request = {
        .method = "POST", .path = {"explain"}, .body = body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    if (jt_cli_show_people(run)) {
        print(run, answer);
    } else {
        JT_TRY(jt_cli_show_value(run, NULL, answer, diag));
    }
    return verdict(run, answer, diag);
}
