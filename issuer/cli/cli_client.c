/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_client.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_output.h"

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
    {0}};

/* Prints the one answer that carries a secret. */
static void print_once(const struct jt_cli_run *run, const struct jt_cli_field *fields,
                       const json_t *answer)
{
    if (run->json) {
        jt_cli_output_json(answer);
    } else {
        jt_cli_output_object(fields, answer);
    }
    jt_cli_output_talk("the client_secret is shown this once; keep it where %s reads it",
                       run->args[0]);
}

enum jt_err jt_cli_client_create(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    JT_TRY(jt_cli_body_text(body, "name", "the client's name", run->args[0], diag));
    struct jt_cli_admin_request request = {"POST", {"clients"}, body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print_once(run, new_client_fields, answer);
    return JT_OK;
}

enum jt_err jt_cli_client_secret_add(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {"POST", {"clients", run->args[0], "secrets"}, body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print_once(run, new_secret_fields, answer);
    return JT_OK;
}

enum jt_err jt_cli_client_secret_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_cli_admin_request request = {"GET", {"clients", run->args[0]}, NULL};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    const json_t *secrets = NULL;
    JT_TRY(jt_cli_admin_list(answer, "secrets", &secrets, diag));
    if (run->json) {
        jt_cli_output_json(secrets);
    } else if (json_array_size(secrets) == 0) {
        jt_cli_output_talk("%s has no secret; jeton client secret add --help", run->args[0]);
    } else {
        jt_cli_output_table(secret_fields, secrets);
    }
    return JT_OK;
}

enum jt_err jt_cli_client_secret_revoke(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_TRY(jt_cli_confirm_ask(run, run->args[1],
                              "Whoever still uses this secret gets no more tokens", diag));
    struct jt_cli_admin_request request = {
        "DELETE", {"clients", run->args[0], "secrets", run->args[1]}, NULL};
    JT_TRY(jt_cli_admin_call(run, &request, NULL, diag));
    jt_cli_output_talk("revoked the secret %s of %s", run->args[1], run->args[0]);
    return JT_OK;
}

static void print_client(const struct jt_cli_run *run, const json_t *client)
{
    if (run->json) {
        jt_cli_output_json(client);
    } else {
        jt_cli_output_object(jt_cli_object_client.fields, client);
    }
}

enum jt_err jt_cli_client_grant(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = json_object();
    JT_JSON_AUTO json_t *answer = NULL;
    for (size_t i = 1; i < run->n_args; i++) {
        JT_TRY(jt_cli_body_append(body, "grants", "a grant", run->args[i], diag));
    }
    struct jt_cli_admin_request request = {"POST", {"clients", run->args[0], "grants"}, body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print_client(run, answer);
    return JT_OK;
}

/* One request per grant: those before a refused one are gone, and the talk says so. */
enum jt_err jt_cli_client_ungrant(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    for (size_t i = 1; i < run->n_args; i++) {
        json_decref(answer);
        answer = NULL;
        struct jt_cli_admin_request request = {
            "DELETE", {"clients", run->args[0], "grants", run->args[i]}, NULL};
        JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
        jt_cli_output_talk("took %s from %s", run->args[i], run->args[0]);
    }
    print_client(run, answer);
    return JT_OK;
}
