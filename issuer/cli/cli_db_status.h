/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `db status`: what an issuer's database holds, told without changing it. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_DB_STATUS_H
#define JT_CLI_DB_STATUS_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_db_status(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
