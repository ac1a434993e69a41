/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_kek.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

const struct jt_cli_command jt_cli_table_kek[] = {
    {.path = "kek status",
     .run = jt_cli_kek_status,
     .help = "show the key-encryption keys and what to do next",
     .more =
         "The key-encryption key seals the signing keys and the pepper of client secrets in the "
         "database. Its id tells nothing of it. A key that is not_given is one that rows are "
         "sealed under and this issuer was not given.",
     .examples = "jeton kek status"},
    {.path = "kek rotate",
     .run = jt_cli_kek_rotate,
     .help = "seal every row under the next key-encryption key",
     .more = "Name the new key as keys.kek_next_file on every issuer and reload them before; "
             "afterwards name it as keys.kek_file, drop keys.kek_next_file, reload again, and "
             "destroy the old one. All rows move in one transaction, under the running daemon. A "
             "backup of before still opens with the old key: if that was stolen, revoke the "
             "signing keys too.",
     .examples = "jeton kek rotate"},
    {0},
};
