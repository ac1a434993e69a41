/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_doctor.h"
#include "issuer/cli/cli_explain.h"
#include "issuer/cli/cli_table_rows.h"
#include "issuer/cli/cli_who_can.h"

#include "common/base/base.h"

static const struct jt_cli_option explain[] = {
    OPTION("client", "CLIENT", TEXT, "client", "that would ask, by client_id or name (required)"),
    OPTION("resource", "URI", LIST, "resource", "the API it would name; repeatable"),
    OPTION("scope", "SCOPES", LIST, NULL, "that it would ask for; repeatable (default: all held)"),
    {0}};
static const struct jt_cli_option who_can[] = {
    OPTION("resource", "URI", TEXT, "resource", "the API (required)"),
    OPTION("scope", "SCOPE", TEXT, "scope", "one of its scopes (default: any token for it)"),
    {0}};
static const struct jt_cli_option doctor[] = {
    OPTION("issuer", "URL", TEXT, NULL, "its public URL (default: as the daemon says)"),
    OPTION("ca-file", "PEM", TEXT, NULL, "trust these instead of the system's"),
    {0}};

const struct jt_cli_command jt_cli_table_ask[] = {
    {.path = "explain",
     .options = explain,
     .run = jt_cli_explain,
     .help = "tell what a token request would get, and why",
     .more = "It is decided by what decides for the token endpoint; nothing is issued. Ends with 2 "
             "when the request would be refused, and with 3 when there is no such client.",
     .examples = "jeton explain --client cart-service --resource " PAYMENT "\n"
                 "jeton explain --client cart-service --scope \"payments:read payments:write\""},
    {.path = "who-can",
     .options = who_can,
     .run = jt_cli_who_can,
     .help = "list the clients that would get a scope, and why",
     .examples = "jeton who-can --resource " PAYMENT " --scope payments:write\n"
                 "jeton who-can --resource " PAYMENT " -o name"},
    {.path = "doctor",
     .options = doctor,
     .run = jt_cli_doctor,
     .help = "check that all is in order, and say how to mend it",
     .more =
         "What the daemon says of itself, and what is seen from here: its public URL, the key set "
         "there, the clocks. Ends with 1 when a check fails; a warning is no failure.",
     .examples = "jeton doctor\njeton doctor --issuer https://id.example.com"},
    {0},
};
