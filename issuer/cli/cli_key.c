/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_key.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_body.h"
#include "issuer/cli/cli_confirm.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

static const struct jt_cli_field fields[] = {
    {"kid", "kid", JT_CLI_FORM_PLAIN, true},
    {"alg", "alg", JT_CLI_FORM_PLAIN, true},
    {"state", "state", JT_CLI_FORM_STATUS, true},
    {"published_at_s", "published", JT_CLI_FORM_TIME, true},
    {"sign_from_s", "signs from", JT_CLI_FORM_TIME, true},
    {"sign_until_s", "signs until", JT_CLI_FORM_TIME, true},
    {"drop_at_s", "drop at", JT_CLI_FORM_TIME, true},
    {"revoked_at_s", "revoked", JT_CLI_FORM_TIME, true},
    {0}};
static const struct jt_cli_shape shape = {"kid", fields};

/* Sends the request, whose answer is the list of keys, and prints that. */
static enum jt_err call(const struct jt_cli_run *run, const struct jt_cli_admin_request *request,
                        struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *items = NULL;
    JT_TRY(jt_cli_admin_call(run, request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "items", &items, diag));
    const json_t *note = json_object_get(answer, "note");
    if (json_is_string(note)) {
        jt_cli_output_talk("%s", json_string_value(note));
    }
    return jt_cli_show_list(run, &shape, items, diag);
}

enum jt_err jt_cli_key_list(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_admin_request request = {.method = "GET", .path = {"keys"}};
    return call(run, &request, diag);
}

enum jt_err jt_cli_key_rotate(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"keys", "rotate"}, .body = body};
    return call(run, &request, diag);
}

enum jt_err jt_cli_key_revoke(const struct jt_cli_run *run, struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *body = NULL;
    JT_TRY(jt_cli_confirm_ask(
        run, run->args[0], "Every token that this key signed will be refused, unexpired ones too",
        diag));
    JT_TRY(jt_cli_body_make(run, &body, diag));
    struct jt_cli_admin_request request = {
        .method = "POST", .path = {"keys", run->args[0], "revoke"}, .body = body};
    return call(run, &request, diag);
}
