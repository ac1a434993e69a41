/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_object.h"

#include <stdio.h>

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"

#include "common/base/base.h"

static const struct jt_cli_field resource_fields[] = {
    {"identifier", "identifier", JT_CLI_FORM_PLAIN, true},
    {"scopes", "scopes", JT_CLI_FORM_PLAIN, true},
    {"lifetime_s", "lifetime", JT_CLI_FORM_DURATION, true},
    {"alg", "alg", JT_CLI_FORM_PLAIN, true},
    {"typ", "typ", JT_CLI_FORM_PLAIN, true},
    {"claims", "claims", JT_CLI_FORM_PLAIN, false},
    {"shared", "shared", JT_CLI_FORM_PLAIN, false},
    {0}};

static const struct jt_cli_field role_fields[] = {
    {"name", "name", JT_CLI_FORM_PLAIN, true}, {"grants", "grants", JT_CLI_FORM_PLAIN, true}, {0}};

static const struct jt_cli_field client_fields[] = {
    {"name", "name", JT_CLI_FORM_PLAIN, true},
    {"client_id", "client_id", JT_CLI_FORM_PLAIN, true},
    {"enabled", "enabled", JT_CLI_FORM_PLAIN, true},
    {"scope_policy", "scope_policy", JT_CLI_FORM_PLAIN, false},
    {"default_resource", "default_resource", JT_CLI_FORM_PLAIN, false},
    {"roles", "roles", JT_CLI_FORM_PLAIN, true},
    {"grants", "grants", JT_CLI_FORM_PLAIN, true},
    {"secrets", "secrets", JT_CLI_FORM_SECRET, false},
    {0}};

const struct jt_cli_noun jt_cli_object_resource = {"resource", "resources", "identifier",
                                                   resource_fields};
const struct jt_cli_noun jt_cli_object_role = {"role", "roles", "name", role_fields};
const struct jt_cli_noun jt_cli_object_client = {"client", "clients", "name", client_fields};

static void print(const struct jt_cli_run *run, const json_t *object)
{
    if (run->json) {
        jt_cli_output_json(object);
    } else {
        jt_cli_output_object(run->command->noun->fields, object);
    }
}

enum jt_err jt_cli_object_create(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    JT_TRY(jt_cli_body_text(body, noun->key, noun->key, run->args[0], diag));
    struct jt_cli_admin_request request = {"POST", {noun->collection}, body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print(run, answer);
    return JT_OK;
}

enum jt_err jt_cli_object_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    JT_JSON_AUTO json_t *answer = NULL;
    const json_t *items = NULL;
    struct jt_cli_admin_request request = {"GET", {noun->collection}, NULL};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    JT_TRY(jt_cli_admin_list(answer, "items", &items, diag));
    if (run->json) {
        jt_cli_output_json(items);
    } else if (json_array_size(items) == 0) {
        jt_cli_output_talk("no %s yet; jeton %s create --help", noun->collection, noun->name);
    } else {
        jt_cli_output_table(noun->fields, items);
    }
    return JT_OK;
}

enum jt_err jt_cli_object_show(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_cli_admin_request request = {
        "GET", {run->command->noun->collection, run->args[0]}, NULL};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print(run, answer);
    return JT_OK;
}

enum jt_err jt_cli_object_update(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_JSON_AUTO json_t *answer = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    if (json_object_size(body) == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "nothing to change was given; see jeton %s --help",
                            run->command->path);
    }
    struct jt_cli_admin_request request = {
        "PATCH", {run->command->noun->collection, run->args[0]}, body};
    JT_TRY(jt_cli_admin_call(run, &request, &answer, diag));
    print(run, answer);
    return JT_OK;
}

enum jt_err jt_cli_object_delete(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_noun *noun = run->command->noun;
    char consequence[64];
    (void)snprintf(consequence, sizeof consequence, "This deletes the %s", noun->name); /* short */
    JT_TRY(jt_cli_confirm_ask(run, run->args[0], consequence, diag));
    struct jt_cli_admin_request request = {"DELETE", {noun->collection, run->args[0]}, NULL};
    JT_TRY(jt_cli_admin_call(run, &request, NULL, diag));
    jt_cli_output_talk("deleted the %s %s", noun->name, run->args[0]);
    return JT_OK;
}
