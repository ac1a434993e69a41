/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_db.h"
#include "issuer/cli/cli_db_status.h"
#include "issuer/cli/cli_table_rows.h"

#include "common/base/base.h"

#define CONFIG                                    \
    LETTER('c', "config", "FILE", TEXT, NULL,     \
           "jetond's configuration, which names " \
           "the database (default /etc/jeton/jetond.yaml)")
#define INSTEAD "instead of --config: sqlite:PATH, postgres:CONNINFO or a postgresql:// URI"

static const struct jt_cli_option db_status[] = {
    CONFIG, OPTION("database", "DATABASE", TEXT, NULL, INSTEAD), {0}};
static const struct jt_cli_option db_migrate[] = {
    CONFIG,
    OPTION("database", "DATABASE", TEXT, NULL, INSTEAD),
    OPTION("dry-run", NULL, TRUE, NULL, "tell what it would do, and change nothing"),
    {0}};
static const struct jt_cli_option db_backup[] = {
    CONFIG,
    OPTION("database", "DATABASE", TEXT, NULL, INSTEAD),
    OPTION("force", NULL, TRUE, NULL, "though there is a file of that name: it is replaced"),
    {0}};
static const struct jt_cli_option db_copy[] = {
    CONFIG,
    OPTION("from", "DATABASE", TEXT, NULL, INSTEAD),
    OPTION("to", "DATABASE", TEXT, NULL, "the same for the database to fill (required)"),
    {0}};

const struct jt_cli_command jt_cli_table_db[] = {
    {.path = "db status",
     .options = db_status,
     .run = jt_cli_db_status,
     .help = "show what a database holds and who has it open",
     .more = "It works on the database itself, with or without a daemon, and changes nothing.",
     .examples = "jeton db status\njeton db status --database sqlite:backup.db -o json"},
    {.path = "db migrate",
     .options = db_migrate,
     .run = jt_cli_db_migrate,
     .help = "bring the database's schema to that of this program",
     .more =
         "jetond does the same when it starts; this is for who wants to know before. It is one "
         "transaction: interrupted, the old schema stays. An SQLite database must not be in use "
         "by a daemon. There is no way back but a backup.",
     .examples = "jeton db migrate --dry-run\njeton db migrate"},
    {.path = "db backup",
     .args = "FILE",
     .options = db_backup,
     .run = jt_cli_db_backup,
     .help = "copy the running database into a new SQLite file",
     .more =
         "The file is one state of the whole database, verified, mode 0600; it appears under its "
         "name when it is complete. It is a database: jetond starts on it, and db copy brings "
         "it back to PostgreSQL. Together with the key-encryption key it holds the private "
         "keys; keep the two apart.",
     .examples = "jeton db backup /var/backups/jeton-$(date +%F).db\n"
                 "jeton db backup --database postgresql://db.example.com/jeton backup.db"},
    {.path = "db copy",
     .options = db_copy,
     .run = jt_cli_db_copy,
     .help = "copy a database into another, of SQLite or PostgreSQL",
     .more = "Everything is copied, in one transaction at the target, which must be empty or not "
             "there; then it is read back and compared. Stop the issuer before and start it on the "
             "target after: what it changes meanwhile would be lost.",
     .examples = "jeton db copy --to postgresql://db.example.com/jeton\n"
                 "jeton db copy --from sqlite:backup.db --to sqlite:/var/lib/jeton/jeton.db"},
    {0},
};
