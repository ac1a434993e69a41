/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_client.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

static const struct jt_cli_field new_client_fields[] = {
    {"client_id", "client_id", JT_CLI_FORM_PLAIN, false},
    {"client_secret", "client_secret", JT_CLI_FORM_PLAIN, false},
    {0}};

static const struct jt_cli_field new_secret_fields[] = {
    {"id", "id", JT_CLI_FORM_PLAIN, false},
    {"name", "name", JT_CLI_FORM_PLAIN, false},
    {"expires_s", "expires", JT_CLI_FORM_TIME, false},
    {"client_secret", "client_secret", JT_CLI_FORM_PLAIN, false},
    {0}};

static const struct jt_cli_field secret_fields[] = {
    {"id", "id", JT_CLI_FORM_PLAIN, true},
    {"name", "name", JT_CLI_FORM_PLAIN, true},
    {"created_s", "created", JT_CLI_FORM_TIME, true},
    {"expires_s", "expires", JT_CLI_FORM_TIME, true},
    {"last_used_s", "last used", JT_CLI_FORM_TIME, true},
    {0}};

static const struct jt_cli_shape new_client = {NULL, new_client_fields};
static const struct jt_cli_shape new_secret = {NULL, new_secret_fields};
static const struct jt_cli_shape secret = {"id", secret_fields};

/* Asked before a secret is made that is shown once. */
static enum jt_err check_shown(const struct jt_cli_run *run, struct jt_diag *diag)
{
    if (run->format == JT_CLI_AS_NAME) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "-o name would lose the secret, which is shown only once; use table, "
                            "json or yaml");
    }
    return JT_OK;
}

/* Prints the one answer that carries a secret. */
static enum jt_err print_once(const struct jt_cli_run *run, const struct jt_cli_shape *shape,
                              json_t *answer, struct jt_diag *diag)
{
    JT_TRY(jt_cli_show_object(run, shape, answer, diag));
    jt_cli_output_talk("the client_secret is shown this once; keep it where %s reads it",
                       run->args[0]);
    return JT_OK;
}

enum jt_err jt_cli_client_create(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(check_shown(run, diag));
    JT_TRY(jt_cli_body_make(run, &body, diag));
    JT_TRY(jt_cli_body_text(body, "name", "the client's name", run->args[0], diag));
    struct jt_cli_admin_request request = {.method = "POST", .path = {"clients"}, .body = body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    return print_once(run, &new_client, answer, diag);
}

enum jt_err jt_cli_client_secret_add(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(check_shown(run, diag));
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"clients", run->args[0], "secrets"}, .body = body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    return print_once(run, &new_secret, answer, diag);
}

enum jt_err jt_cli_client_secret_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *secrets = NULL;
    struct jt_cli_admin_request request = {.method = "GET", .path = {"clients", run->args[0]}};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "secrets", &secrets, diag));
    if (json_array_size(secrets) == 0 && jt_cli_show_people(run)) {
        jt_cli_output_talk("%s has no secret; jeton client secret add --help", run->args[0]);
    }
    return jt_cli_show_list(run, &secret, secrets, diag);
}

enum jt_err jt_cli_client_secret_revoke(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_TRY(jt_cli_confirm_ask(run, run->args[1],
                              "Whoever still uses this secret gets no more tokens", diag));
    struct jt_cli_admin_request request = {
        .method = "DELETE", .path = {"clients", run->args[0], "secrets", run->args[1]}};
    JT_TRY(jt_cli_admin_call(run, &request, NULL, diag));
    jt_cli_output_talk("revoked the secret %s of %s", run->args[1], run->args[0]);
    return JT_OK;
}

/* Sends a change of one client, whose answer is the client, and prints that. */
static enum jt_err change(const struct jt_cli_run *run, const struct jt_cli_admin_request *request,
                          struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_admin_call(run, request, &answer, diag));
    return jt_cli_show_object(run, &jt_cli_object_client.shape, answer, diag);
}

/* Adds the arguments after the client to what stands below it at `below`, all or none. */
static enum jt_err add_all(const struct jt_cli_run *run, const char *below, const char *what,
                           struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = json_object();
    for (size_t i = 1; i < run->n_args; i++) {
        JT_TRY(jt_cli_body_append(body, below, what, run->args[i], diag));
    }
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"clients", run->args[0], below}, .body = body};
    return change(run, &request, diag);
}

/* One request for each: those before a refused one are gone, and the talk says so. */
static enum jt_err take_each(const struct jt_cli_run *run, const char *below, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    for (size_t i = 1; i < run->n_args; i++) {
        json_decref(answer);
        answer = NULL;
        struct jt_cli_admin_request request = {
            .method = "DELETE", .path = {"clients", run->args[0], below, run->args[i]}};
        JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
        jt_cli_output_talk("took %s from %s", run->args[i], run->args[0]);
    }
    return jt_cli_show_object(run, &jt_cli_object_client.shape, answer, diag);
}

enum jt_err jt_cli_client_grant(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return add_all(run, "grants", "a grant", diag);
}

enum jt_err jt_cli_client_ungrant(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return take_each(run, "grants", diag);
}

enum jt_err jt_cli_client_assign(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return add_all(run, "roles", "a role", diag);
}

enum jt_err jt_cli_client_unassign(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return take_each(run, "roles", diag);
}

enum jt_err jt_cli_client_subscribe(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = json_object();
    JT_TRY(jt_cli_body_text(body, "product", "the product's name", run->args[1], diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"clients", run->args[0], "subscriptions"}, .body = body};
    return change(run, &request, diag);
}

enum jt_err jt_cli_client_unsubscribe(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_TRY(
        jt_cli_confirm_ask(run, run->args[1], "The client loses what this product gives it", diag));
    struct jt_cli_admin_request request = {
        .method = "DELETE", .path = {"clients", run->args[0], "subscriptions", run->args[1]}};
    return change(run, &request, diag);
}

/* Decides about a subscription: `decision` is "approve" or "revoke". */
static enum jt_err decide(const struct jt_cli_run *run, const char *decision, struct jt_diag *diag)
{
    struct jt_cli_admin_request request = {
        .method = "POST",
        .path = {"clients", run->args[0], "subscriptions", run->args[1], decision}};
    return change(run, &request, diag);
}

enum jt_err jt_cli_client_approve(const struct jt_cli_run *run, struct jt_diag *diag)
{
    return decide(run, "approve", diag);
}

enum jt_err jt_cli_client_revoke(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_TRY(
        jt_cli_confirm_ask(run, run->args[1], "The client loses what this product gives it", diag));
    return decide(run, "revoke", diag);
}
