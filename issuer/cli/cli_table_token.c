/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_table_rows.h"
#include "issuer/cli/cli_token_get.h"
#include "issuer/cli/cli_token_inspect.h"
#include "issuer/cli/cli_token_verify.h"

#include "common/base/base.h"

#define CA_FILE OPTION("ca-file", "PEM", TEXT, NULL, "trust these instead of the system's")

static const struct jt_cli_option token_get[] = {
    OPTION("issuer", "URL", TEXT, NULL, "of the tokens (required)"),
    OPTION("resource", "URI", LIST, NULL, "the API to call; repeatable"),
    OPTION("scope", "SCOPES", LIST, NULL, "separated by spaces; repeatable (default: all held)"),
    OPTION("credentials", "FILE", TEXT, NULL, "JSON with client_id and client_secret, mode 0600"),
    CA_FILE,
    {0}};
static const struct jt_cli_option token_verify[] = {
    OPTION("issuer", "URL", TEXT, NULL, "that must have signed it (required)"),
    OPTION("audience", "URI", TEXT, NULL, "the API that judges it (required)"),
    OPTION("scope", "SCOPES", LIST, NULL, "that it must hold, all of them; repeatable"),
    OPTION("typ", "TYP", LIST, NULL, "accepted typ (default at+jwt); repeatable"),
    OPTION("jwks", "FILE", TEXT, NULL, "a JWK Set to use instead of fetching the issuer's"),
    CA_FILE,
    {0}};

const struct jt_cli_command jt_cli_table_token[] = {
    {.path = "token get",
     .options = token_get,
     .run = jt_cli_token_get,
     .help = "get a token as a client",
     .more = "Its id and secret come from JETON_CLIENT_ID and JETON_CLIENT_SECRET, or from the "
             "credentials file, which client create -o json makes.",
     .examples = "jeton token get --issuer https://id.example.com --resource " PAYMENT
                 " --credentials cart.json\n"
                 "jeton token get --issuer https://id.example.com --resource " PAYMENT
                 " --scope \"payments:read payments:write\""},
    {.path = "token inspect",
     .args = "[-|FILE]",
     .run = jt_cli_token_inspect,
     .help = "show what a token says, verifying nothing",
     .more = "It is read from FILE, or - for standard input (the default). Anyone can write such "
             "a token: token verify judges it.",
     .examples = "jeton token get ... | jeton token inspect\njeton token inspect token.txt"},
    {.path = "token verify",
     .args = "[-|FILE]",
     .options = token_verify,
     .run = jt_cli_token_verify,
     .help = "judge a token as an API would",
     .more =
         "It is read from FILE, or - for standard input (the default). Each check is printed in "
         "order: ok, failed with the reason and what to do, or not reached. It must hold every "
         "scope that is asked for.",
     .examples = "jeton token get ... | jeton token verify --issuer https://id.example.com"
                 " --audience " PAYMENT "\n"
                 "jeton token verify --issuer https://id.example.com --audience " PAYMENT
                 " --scope payments:read token.txt"},
    {0},
};
