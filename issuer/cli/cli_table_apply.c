/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_apply.h"
#include "issuer/cli/cli_export.h"
#include "issuer/cli/cli_table_rows.h"
#include "issuer/cli/cli_validate.h"

#include "common/base/base.h"

#define FILES \
    LETTER('f', "file", "FILE", LIST, NULL, "YAML or JSON, a folder of them, or - (repeatable)")
#define PRUNE                                                                                 \
    OPTION("prune", "NAME=VALUE", TEXT, NULL, "delete what has this label and is not there"), \
        OPTION("prune-all", NULL, TRUE, NULL, "delete whatever is not there")

static const struct jt_cli_option apply_options[] = {FILES, PRUNE, YES, {0}};
static const struct jt_cli_option diff_options[] = {FILES, PRUNE, {0}};
static const struct jt_cli_option export_options[] = {
    OPTION("label", "NAME[=VALUE]", TEXT, NULL, "only what has this label"),
    OPTION("lines", NULL, TRUE, NULL, "as JSON, an object a line (default: YAML)"),
    {0}};
static const struct jt_cli_option validate_options[] = {FILES, {0}};

const struct jt_cli_command jt_cli_table_apply[] = {
    {.path = "apply",
     .options = apply_options,
     .run = jt_cli_apply_run,
     .help = "make the model what files say, all of it or nothing",
     .more =
         "A file holds objects, each with its kind (resource, role, product, client) and the "
         "members that the API shows; a member that is not given is the default. A client keeps "
         "its secrets, and is known by its client_id or else by its name; a subscription "
         "without a status keeps the one it has. What the files do not name stays, unless it "
         "is pruned; an input without any object prunes nothing, unless it says [].",
     .examples = "jeton apply -f model.yaml\n"
                 "jeton apply -f teams/cart/ --prune team=cart\n"
                 "jeton export -o json | jeton --socket /run/other/admin.sock apply -f -"},
    {.path = "diff",
     .options = diff_options,
     .run = jt_cli_apply_diff,
     .help = "show what apply would change (status 6: something)",
     .examples = "jeton diff -f model.yaml\n"
                 "jeton diff -f teams/cart/ --prune team=cart"},
    {.path = "export",
     .options = export_options,
     .run = jt_cli_export_run,
     .help = "print the model as apply takes it, without secrets",
     .examples = "jeton export >model.yaml\njeton export --label team=cart --lines >cart.jsonl"},
    {.path = "validate",
     .options = validate_options,
     .run = jt_cli_validate_run,
     .help = "find every fault in files, without an issuer",
     .examples = "jeton validate -f teams/cart/"},
    {0},
};
