/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `db` but status: they work on an issuer's database itself, whether a daemon runs or not, and ask
 * no server. They open nothing that is sealed. Handlers of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_DB_H
#define JT_CLI_DB_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_db_migrate(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_db_backup(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_db_copy(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
