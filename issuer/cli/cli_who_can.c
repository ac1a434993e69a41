/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_who_can.h"

#include "issuer/cli/cli_admin.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_output.h"

#include "common/base/base.h"

#define QUERY_MAX 8192

static const struct jt_cli_field fields[] = {{"name", "name", JT_CLI_FORM_PLAIN, true},
                                             {"client_id", "client_id", JT_CLI_FORM_PLAIN, true},
                                             {"enabled", "enabled", JT_CLI_FORM_PLAIN, true},
                                             {"via", "via", JT_CLI_FORM_SOURCE, true},
                                             {0}};
static const struct jt_cli_shape shape = {"name", fields};

enum jt_err jt_cli_who_can(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const char *resource = NULL, *scope = jt_cli_options_text(run, "scope");
    JT_AUTO(buf) query = JT_BUF_INIT(QUERY_MAX);
    JT_TRY(jt_cli_options_need(run, "resource", &resource, diag));
    JT_TRY(jt_cli_admin_query(&query, "resource", resource));
    if (scope != NULL) {
        JT_TRY(jt_cli_admin_query(&query, "scope", scope));
    }
    const struct jt_cli_pages pages = {run, "who-can", jt_buf_str(&query), UINT64_MAX};
    struct jt_cli_listing listing;
    jt_cli_show_begin(&listing, run, &shape);
    enum jt_err err = jt_cli_show_end(&listing, jt_cli_object_pages(&pages, &listing, diag), diag);
    if (err == JT_OK && listing.n == 0 && jt_cli_show_people(run)) {
        jt_cli_output_talk("no client; jeton explain --client CLIENT --resource %s says why not",
                           resource);
    }
    return err;
}
