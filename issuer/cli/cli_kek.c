/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_kek.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_show.h"

#include "common/base/base.h"

static const struct jt_cli_field fields[] = {
    {"role", "role", JT_CLI_FORM_PLAIN, true},     {"id", "id", JT_CLI_FORM_PLAIN, true},
    {"keys", "keys", JT_CLI_FORM_PLAIN, true},     {"secrets", "secrets", JT_CLI_FORM_PLAIN, true},
    {"source", "source", JT_CLI_FORM_PLAIN, true}, {0}};
static const struct jt_cli_shape shape = {"id", fields};

static void talk(const json_t *answer)
{
    const json_t *moved = json_object_get(answer, "moved");
    const json_t *untrusted = json_object_get(answer, "untrusted");
    const json_t *step = json_object_get(answer, "step");
    if (json_is_integer(moved)) {
        jt_cli_output_talk("%lld rows were re-wrapped", (long long)json_integer_value(moved));
    }
    if (json_integer_value(untrusted) > 0) {
        jt_cli_output_talk("%lld rows do not carry this issuer's MAC and are passed over",
                           (long long)json_integer_value(untrusted));
    }
    if (json_is_string(step)) {
        jt_cli_output_talk("Next: %s", json_string_value(step));
    }
}

/* The list is for people; other forms get the whole answer. */
static enum jt_err call(const struct jt_cli_run *run, const struct jt_cli_admin_request *request,
                        struct jt_diag *diag)
{
    JT_JSON_AUTO json_t *answer = NULL;
    json_t *items = NULL;
    JT_TRY(jt_cli_admin_call(run, request, &answer, diag));
    JT_TRY(jt_cli_admin_list(run, answer, "items", &items, diag));
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, NULL, answer, diag);
    }
    talk(answer);
    return jt_cli_show_list(run, &shape, items, diag);
}

enum jt_err jt_cli_kek_status(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_admin_request request = {.method = "GET", .path = {"kek"}};
    return call(run, &request, diag);
}

enum jt_err jt_cli_kek_rotate(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_admin_request request = {.method = "POST", .path = {"kek", "rotate"}};
    return call(run, &request, diag);
}
