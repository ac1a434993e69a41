/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_context.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

static const struct jt_cli_option context_add[] = {
    OPTION("url", "URL", TEXT, "url", "of its admin listener; or --socket PATH instead of these"),
    OPTION("issuer", "URL", TEXT, "issuer", "that gives tokens for it"),
    OPTION("credentials", "FILE", TEXT, NULL, "JSON with client_id and client_secret, mode 0600"),
    OPTION("ca-file", "PEM", TEXT, NULL, "trust these instead of the system's"),
    {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_context[] = {
    {.path = "context add",
     .args = "NAME",
     .options = context_add,
     .run = jt_cli_context_add,
     .help = "give an issuer's admin API a name",
     .more = "It is reached by a socket on this machine, or by a url, for which each command gets "
             "a token from the issuer as the client in the credentials file (jeton admin setup "
             "makes one); the token is kept in memory only.",
     .examples = "jeton context add local --socket /run/jeton/admin.sock\n"
                 "jeton context add prod --url https://admin.id.example.com "
                 "--issuer https://id.example.com --credentials admin.json"},
    {.path = "context list",
     .run = jt_cli_context_list,
     .help = "list the contexts",
     .examples = "jeton context list"},
    {.path = "context show",
     .args = "[CONTEXT]",
     .run = jt_cli_context_show,
     .help = "show one, or where commands go now",
     .examples = "jeton context show\njeton context show prod"},
    {.path = "context use",
     .args = "CONTEXT",
     .run = jt_cli_context_use,
     .help = "make it the one in use",
     .more = "The first of these that is given decides where a command goes: --socket, --context, "
             "JETON_SOCKET, JETON_CONTEXT, the context in use, /run/jeton/admin.sock.",
     .examples = "jeton context use prod"},
    {.path = "context remove",
     .args = "CONTEXT",
     .options = confirmed,
     .run = jt_cli_context_remove,
     .help = "forget a context; its issuer stays as it is",
     .examples = "jeton context remove prod"},
    {0},
};
