/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_key.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

static const struct jt_cli_option key_rotate[] = {
    OPTION("alg", "ALG", TEXT, "alg", "rotate the keys of this algorithm (default: all in use)"),
    OPTION("force", NULL, TRUE, "force", "within the lead, though some verifiers lack the next"),
    {0}};
static const struct jt_cli_option key_revoke[] = {
    OPTION("force", NULL, TRUE, "force", "though the key that takes over is within its lead"),
    YES,
    {0}};

const struct jt_cli_command jt_cli_table_key[] = {
    {.path = "key list",
     .run = jt_cli_key_list,
     .help = "list the signing keys, newest first",
     .more = "The state is next (published, signs later), active (signs), retiring (signs no more, "
             "still verifies), dropped or revoked.",
     .examples = "jeton key list"},
    {.path = "key rotate",
     .options = key_rotate,
     .run = jt_cli_key_rotate,
     .help = "let the standing next key sign from now on",
     .more = "Another next key is published. It is refused while the next key has been published "
             "for less than the issuer's lead, because some verifiers may not have seen it; "
             "--force does it nevertheless.",
     .examples = "jeton key rotate\njeton key rotate --alg RS256"},
    {.path = "key revoke",
     .args = "KID",
     .options = key_revoke,
     .run = jt_cli_key_revoke,
     .help = "take a key out of the key set; its tokens are refused",
     .more = "Tokens that it signed are refused as soon as verifiers fetch the set again. Revoking "
             "the active key lets the next one sign; within its lead that needs --force.",
     .examples = "jeton key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
    {0},
};
