/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_table.h"

#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

/* In the order of the help. */
static const struct jt_cli_command *const groups[] = {
    jt_cli_table_resource,     jt_cli_table_role,  jt_cli_table_product, jt_cli_table_client,
    jt_cli_table_subscription, jt_cli_table_apply, jt_cli_table_ask,     jt_cli_table_key,
    jt_cli_table_kek,          jt_cli_table_token, jt_cli_table_context, jt_cli_table_admin,
    jt_cli_table_db,
};

const struct jt_cli_option jt_cli_table_globals[] = {
    OPTION("socket", "PATH", TEXT, NULL, "the admin socket (default /run/jeton/admin.sock)"),
    OPTION("context", "CONTEXT", TEXT, NULL, "the issuer that jeton context add gave this name"),
    {"output", "FORMAT", JT_CLI_TEXT, NULL, "table (default, for people), json, yaml, or name",
     "table json yaml name", 'o'},
    OPTION("field", "MEMBER", TEXT, NULL,
           "this one value alone, e.g. lifetime_s, labels.team, 0.kid"),
    OPTION("no-color", NULL, TRUE, NULL, "no colours (as with NO_COLOR set)"),
    {"help", NULL, JT_CLI_TRUE, NULL, "this text", NULL, 'h'},
    OPTION("version", NULL, TRUE, NULL, "the version"),
    {0}};

const struct jt_cli_command *jt_cli_table_at(size_t index)
{
    for (size_t i = 0; i < JT_COUNT(groups); i++) {
        for (const struct jt_cli_command *c = groups[i]; c->path != NULL; c++) {
            if (index-- == 0) {
                return c;
            }
        }
    }
    return NULL;
}

bool jt_cli_table_under(const struct jt_cli_command *command, const char *prefix)
{
    size_t n = strlen(prefix);
    if (n == 0) {
        return true;
    }
    return strncmp(command->path, prefix, n) == 0 &&
           (command->path[n] == 0 || command->path[n] == ' ');
}

const struct jt_cli_option *jt_cli_table_option(const struct jt_cli_option *options,
                                                struct jt_span name)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (jt_span_is(name, options->name)) {
            return options;
        }
    }
    return NULL;
}

void jt_cli_table_arity(const char *args, size_t *out_least, size_t *out_most)
{
    struct jt_span rest = jt_span_str(args), word;
    *out_least = *out_most = 0;
    while (jt_span_word(&rest, &word)) {
        *out_least += word.p[0] != '[';
        ++*out_most;
        if (word.n > 3 && jt_span_is(jt_span_of(word.p + word.n - 3, 3), "...")) {
            *out_most = SIZE_MAX;
        }
    }
}
