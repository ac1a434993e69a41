/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_key.h"
#include "issuer/cli/cli_table_rows.h"
#include "issuer/cli/cli_timeline.h"

#include "common/base/base.h"

static const struct jt_cli_option key_rotate[] = {
    OPTION("alg", "ALG", TEXT, "alg", "rotate the keys of this algorithm (default: all in use)"),
    OPTION("force", NULL, TRUE, "force", "within the lead, though some verifiers lack the next"),
    {0}};
static const struct jt_cli_option key_revoke[] = {
    OPTION("all", NULL, TRUE, NULL, "every key of every algorithm; fresh ones sign at once"),
    OPTION("force", NULL, TRUE, "force", "though the key that takes over is within its lead"),
    YES,
    {0}};
static const struct jt_cli_option key_timeline[] = {
    OPTION("all", NULL, TRUE, NULL, "keys that are gone for more than a week, too"),
    OPTION("ascii", NULL, TRUE, NULL, "draw with ASCII (default: as the locale says)"),
    {0}};

const struct jt_cli_command jt_cli_table_key[] = {
    {.path = "key list",
     .run = jt_cli_key_list,
     .help = "list the signing keys, newest first",
     .more =
         "The state is next (published, signs later), active (signs), retiring (signs no more, "
         "still verifies), dropped or revoked. LONGEST is the longest lifetime that the key may "
         "sign, UNEXPIRED how many live tokens this issuer signed with it at most (- when it "
         "does not know), WITNESS who judged it before it was published: libjwt, or openssl for "
         "what libjwt cannot judge.",
     .examples = "jeton key list"},
    {.path = "key timeline",
     .options = key_timeline,
     .run = jt_cli_timeline,
     .help = "draw the keys over time, with what is planned",
     .more =
         "A bar for each key: published, signs, retires; the upright line is now, and what is "
         "right of it is planned. As wide as the terminal, or COLUMNS. With -o json: the times.",
     .examples = "jeton key timeline\njeton key timeline --all -o json"},
    {.path = "key reach",
     .run = jt_cli_key_reach,
     .help = "estimate how many verifiers have the newest key set",
     .more = "By the fetches of the set that this issuer answered in the last 5 minutes, in the "
             "last hour and since the set changed: how many carried the newest set, and how many "
             "asked with its ETag. Caches and NAT stand between, so it is an estimate.",
     .examples = "jeton key reach"},
    {.path = "key rotate",
     .options = key_rotate,
     .run = jt_cli_key_rotate,
     .help = "let the standing next key sign from now on",
     .more = "Another next key is published. It is refused while the next key has been published "
             "for less than the issuer's lead, because some verifiers may not have seen it; "
             "--force does it nevertheless. Either way it tells how long ago the next key was "
             "published and how often the set was fetched since.",
     .examples = "jeton key rotate\njeton key rotate --alg RS256\njeton key rotate --force"},
    {.path = "key revoke",
     .args = "[KID]",
     .options = key_revoke,
     .run = jt_cli_key_revoke,
     .help = "take a key, or all, out of the set; tokens are refused",
     .more =
         "Tokens that it signed are refused as soon as verifiers fetch the set again; until then "
         "those with a cached set accept them, and with --all refuse the new ones. Revoking "
         "the active key lets the next one sign; within its lead that needs --force. --all is "
         "for a stolen database, key-encryption key or memory.",
     .examples = "jeton key revoke NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\n"
                 "jeton key revoke --yes -- -kid-that-begins-with-a-dash\n"
                 "jeton key revoke --all --yes"},
    {.path = "key add-algorithm",
     .args = "ALG",
     .run = jt_cli_key_add_algorithm,
     .help = "publish the first key of a further algorithm",
     .more = "It signs when the lead has passed; resources may take the algorithm then. Its keys "
             "rotate as all others do, without a change of the configuration.",
     .examples = "jeton key add-algorithm RS256"},
    {.path = "key retire-algorithm",
     .args = "ALG",
     .run = jt_cli_key_retire_algorithm,
     .help = "let the keys of an algorithm sign no more",
     .more =
         "The active key stays in the set until its last token has expired; the next key leaves "
         "at once. Refused while the configuration names the algorithm or a resource uses it.",
     .examples = "jeton key retire-algorithm RS256"},
    {0},
};
