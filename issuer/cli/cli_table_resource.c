/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

#define RESOURCE                                                                                   \
    OPTION("scope", "SCOPE", LIST, "scopes", "a scope it defines; repeatable"),                    \
        OPTION("lifetime", "TIME", SECONDS, "lifetime_s", "of its tokens, e.g. 15m (default 1h)"), \
        OPTION("alg", "ALG", TEXT, "alg", "that signs its tokens (default ES256)"),                \
        CHOICE("typ", "TYP", "at+jwt JWT", "typ",                                                  \
               "at+jwt (default), or JWT for verifiers that want it"),                             \
        OPTION("claims", "JSON", JSON, "claims", "an object of claims put into every token"),      \
        OPTION("shared", NULL, TRUE, "shared", "may stand in one token with other resources"),     \
        OWNED

static const struct jt_cli_option resource_create[] = {RESOURCE, {0}};
static const struct jt_cli_option resource_update[] = {
    RESOURCE,
    OPTION("no-shared", NULL, FALSE, "shared", "may not stand beside other resources"),
    UNLABEL,
    RESET,
    {0}};
static const struct jt_cli_option resource_list[] = {FILTERS("identifier"), {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_resource[] = {
    {.path = "resource create",
     .args = "URI",
     .options = resource_create,
     .noun = &jt_cli_object_resource,
     .run = jt_cli_object_create,
     .help = "register an API and its scopes",
     .more = "URI becomes the aud of its tokens, and is what a service sends as resource.",
     .examples =
         "jeton resource create " PAYMENT " --scope payments:read --scope payments:write\n"
         "jeton resource create https://old.example.com/ --typ JWT --alg RS256 --lifetime 10m"},
    {.path = "resource list",
     .options = resource_list,
     .noun = &jt_cli_object_resource,
     .run = jt_cli_object_list,
     .help = "list the APIs",
     .examples = "jeton resource list"},
    {.path = "resource show",
     .args = "URI",
     .noun = &jt_cli_object_resource,
     .run = jt_cli_object_show,
     .help = "show one API",
     .examples = "jeton resource show " PAYMENT},
    {.path = "resource update",
     .args = "URI",
     .options = resource_update,
     .noun = &jt_cli_object_resource,
     .run = jt_cli_object_update,
     .help = "change what is given, leave the rest",
     .more =
         "A list that is given replaces the old one; claims are merged into the old ones, and one "
         "that is null goes.",
     .examples = "jeton resource update " PAYMENT " --lifetime 15m\n"
                 "jeton resource update " PAYMENT " --reset claims"},
    {.path = "resource delete",
     .args = "URI",
     .options = confirmed,
     .noun = &jt_cli_object_resource,
     .run = jt_cli_object_delete,
     .help = "delete an API that nothing refers to",
     .examples = "jeton resource delete " PAYMENT},
    {0},
};
