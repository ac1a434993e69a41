/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_object.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

static const struct jt_cli_option role_create[] = {GRANTS, OWNED, {0}};
static const struct jt_cli_option role_update[] = {GRANTS, OWNED, UNLABEL, RESET, {0}};
static const struct jt_cli_option role_list[] = {FILTERS("name"), {0}};
static const struct jt_cli_option confirmed[] = {YES, {0}};

const struct jt_cli_command jt_cli_table_role[] = {
    {.path = "role create",
     .args = "NAME",
     .options = role_create,
     .noun = &jt_cli_object_role,
     .run = jt_cli_object_create,
     .help = "name a set of grants",
     .examples = "jeton role create billing --grant " PAYMENT "#payments:write"},
    {.path = "role list",
     .options = role_list,
     .noun = &jt_cli_object_role,
     .run = jt_cli_object_list,
     .help = "list the roles",
     .examples = "jeton role list"},
    {.path = "role show",
     .args = "ROLE",
     .noun = &jt_cli_object_role,
     .run = jt_cli_object_show,
     .help = "show one role",
     .examples = "jeton role show billing"},
    {.path = "role update",
     .args = "ROLE",
     .options = role_update,
     .noun = &jt_cli_object_role,
     .run = jt_cli_object_update,
     .help = "change what is given, leave the rest",
     .more = "The grants that are given replace the old ones, for every client that holds it.",
     .examples = "jeton role update billing --grant " PAYMENT "#payments:read"},
    {.path = "role delete",
     .args = "ROLE",
     .options = confirmed,
     .noun = &jt_cli_object_role,
     .run = jt_cli_object_delete,
     .help = "delete a role that no client holds",
     .examples = "jeton role delete billing"},
    {0},
};
