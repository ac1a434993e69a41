/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_admin_setup.h"
#include "issuer/cli/cli_completion.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

static const struct jt_cli_option admin_setup[] = {
    OPTION("client", "NAME", TEXT, NULL, "a client that may do everything; prints its credentials"),
    {0}};

const struct jt_cli_command jt_cli_table_admin[] = {
    {.path = "admin setup",
     .options = admin_setup,
     .run = jt_cli_admin_setup,
     .help = "make what the admin API needs over TCP",
     .more = "The resource is the issuer's own, with a scope for each right of the admin API; the "
             "role jeton-admin holds all of them. What is there is completed, so that it can be "
             "run again, after an upgrade for example.",
     .examples = "(umask 077; jeton admin setup --client ops -o json >admin.json)"},
    {.path = "completion",
     .args = "SHELL [WORD]...",
     .run = jt_cli_completion,
     .any_args = true,
     .help = "print what completes jeton in bash, zsh or fish",
     .more =
         "With words, which come after a --, it prints instead what the last of them may become; "
         "the scripts ask so. Names of objects come from the issuer that the words name.",
     .examples = "source <(jeton completion bash)\njeton completion bash -- client show ''"},
    {0},
};
