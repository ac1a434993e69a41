/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_client.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

#define CLIENT                                                                    \
    OPTION("role", "ROLE", LIST, "roles", "a role it holds; repeatable"), GRANTS, \
        OPTION("default-resource", "URI", TEXT, "default_resource",               \
               "when its request names none"),                                    \
        CHOICE("scope-policy", "POLICY", "filter strict", "scope_policy",         \
               "filter (default): leave out what is not held; strict: refuse")

static const struct jt_cli_option client_create[] = {
    CLIENT,
    OPTION("secret-name", "NAME", TEXT, "secret_name", "of its first secret"),
    OPTION("secret-lifetime", "TIME", SECONDS, "secret_lifetime_s",
           "of its first secret, e.g. 90d (default: no end)"),
    {0}};
static const struct jt_cli_option client_update[] = {
    OPTION("name", "NAME", TEXT, "name", "its new name"),
    OPTION("enable", NULL, TRUE, "enabled", "it gets tokens again"),
    OPTION("disable", NULL, FALSE, "enabled", "it gets no more tokens"),
    CLIENT,
    RESET,
    {0}};
static const struct jt_cli_option secret_add[] = {
    OPTION("name", "NAME", TEXT, "name", "to tell it from the others"),
    OPTION("lifetime", "TIME", SECONDS, "lifetime_s", "e.g. 90d (default: no end)"),
    {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_client[] = {
    {.path = "client create",
     .args = "NAME",
     .options = client_create,
     .noun = &jt_cli_object_client,
     .run = jt_cli_client_create,
     .help = "register a service; prints its client_id and client_secret, this once",
     .examples = "jeton client create cart-service --role billing\n"
                 "jeton client create cart-service --grant " PAYMENT
                 "#payments:read --secret-lifetime 90d\n"
                 "(umask 077; jeton client create cart-service --role billing -o json >cart.json)"},
    {.path = "client list",
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_list,
     .help = "list the clients",
     .examples = "jeton client list"},
    {.path = "client show",
     .args = "CLIENT",
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_show,
     .help = "show one client, by client_id or name",
     .examples = "jeton client show cart-service"},
    {.path = "client update",
     .args = "CLIENT",
     .options = client_update,
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_update,
     .help = "change what is given, leave the rest (lists are replaced)",
     .examples = "jeton client update cart-service --disable\n"
                 "jeton client update cart-service --default-resource " PAYMENT},
    {.path = "client delete",
     .args = "CLIENT",
     .options = confirmed,
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_delete,
     .help = "delete a client and its secrets",
     .examples = "jeton client delete cart-service"},
    {.path = "client secret add",
     .args = "CLIENT",
     .options = secret_add,
     .run = jt_cli_client_secret_add,
     .help = "one more secret beside the live ones; prints it, this once",
     .examples = "jeton client secret add cart-service --name 2026-spring --lifetime 90d"},
    {.path = "client secret list",
     .args = "CLIENT",
     .run = jt_cli_client_secret_list,
     .help = "list the secrets' names and ends",
     .examples = "jeton client secret list cart-service"},
    {.path = "client secret revoke",
     .args = "CLIENT ID",
     .options = confirmed,
     .run = jt_cli_client_secret_revoke,
     .help = "end a secret at once",
     .examples = "jeton client secret revoke cart-service 3f9a"},
    {.path = "client grant",
     .args = "CLIENT GRANT...",
     .run = jt_cli_client_grant,
     .help = "add grants to those a client holds",
     .examples = "jeton client grant cart-service " PAYMENT "#payments:read"},
    {.path = "client ungrant",
     .args = "CLIENT GRANT...",
     .run = jt_cli_client_ungrant,
     .help = "take grants away",
     .examples = "jeton client ungrant cart-service " PAYMENT "#payments:read"},
    {0},
};
