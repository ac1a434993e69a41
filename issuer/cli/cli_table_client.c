/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_client.h"
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

#define CLIENT                                                                           \
    OPTION("role", "ROLE", LIST, "roles", "a role it holds; repeatable"), GRANTS, OWNED, \
        OPTION("default-resource", "URI", TEXT, "default_resource",                      \
               "when its request names none"),                                           \
        CHOICE("scope-policy", "POLICY", "filter strict", "scope_policy",                \
               "filter (default): leave out what is not held; strict: refuse")

static const struct jt_cli_option client_create[] = {
    CLIENT,
    OPTION("product", "PRODUCT", LIST, "subscriptions", "a product it subscribes to; repeatable"),
    OPTION("secret-name", "NAME", TEXT, "secret_name", "of its first secret"),
    OPTION("secret-lifetime", "TIME", SECONDS, "secret_lifetime_s",
           "of its first secret, e.g. 90d (default: no end)"),
    {0}};
static const struct jt_cli_option client_update[] = {
    OPTION("name", "NAME", TEXT, "name", "its new name"),
    OPTION("enable", NULL, TRUE, "enabled", "it gets tokens again"),
    OPTION("disable", NULL, FALSE, "enabled", "it gets no more tokens"),
    CLIENT,
    UNLABEL,
    RESET,
    {0}};
static const struct jt_cli_option client_list[] = {
    FILTERS("name"),
    OPTION("role", "ROLE", TEXT, "role", "those that hold this role"),
    OPTION("product", "PRODUCT", TEXT, "product", "those that subscribe to this product"),
    CHOICE("status", "STATUS", "pending approved revoked", "status",
           "those with a subscription in this state"),
    OPTION("resource", "URI", TEXT, "resource", "those that hold any right on this API"),
    OPTION("enabled", NULL, TRUE, "enabled", "those that get tokens"),
    OPTION("disabled", NULL, FALSE, "enabled", "those that get none"),
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
     .help = "register a service; prints its credentials, this once",
     .more = "The secret is not kept: the issuer has only a keyed hash of it.",
     .examples = "jeton client create cart-service --role billing --product checkout\n"
                 "jeton client create cart-service --grant " PAYMENT
                 "#payments:read --secret-lifetime 90d\n"
                 "(umask 077; jeton client create cart-service --role billing -o json >cart.json)"},
    {.path = "client list",
     .options = client_list,
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_list,
     .help = "list the clients",
     .more = "Filters that are given together must all be met.",
     .examples = "jeton client list\n"
                 "jeton client list --product checkout --status pending\n"
                 "jeton client list --resource " PAYMENT " -o name"},
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
     .help = "change what is given, leave the rest",
     .more = "A list that is given replaces the old one.",
     .examples = "jeton client update cart-service --disable\n"
                 "jeton client update cart-service --default-resource " PAYMENT},
    {.path = "client delete",
     .args = "CLIENT",
     .options = confirmed,
     .noun = &jt_cli_object_client,
     .run = jt_cli_object_delete,
     .help = "delete a client and its secrets",
     .more = "Tokens that it has live on until they expire.",
     .examples = "jeton client delete cart-service"},
    {.path = "client secret add",
     .args = "CLIENT",
     .options = secret_add,
     .run = jt_cli_client_secret_add,
     .help = "one more secret beside the live ones; printed this once",
     .examples = "jeton client secret add cart-service --name 2026-spring --lifetime 90d"},
    {.path = "client secret list",
     .args = "CLIENT",
     .run = jt_cli_client_secret_list,
     .help = "list the secrets' names, ends and last uses",
     .more = "The secrets themselves are nowhere: only a keyed hash of each is kept.",
     .examples = "jeton client secret list cart-service"},
    {.path = "client secret revoke",
     .args = "CLIENT ID",
     .options = confirmed,
     .run = jt_cli_client_secret_revoke,
     .help = "end a secret at once",
     .examples = "jeton client secret revoke cart-service 3f9a"},
    {0},
};
