/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-encryption key: handlers of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_KEK_H
#define JT_CLI_KEK_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_kek_status(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_kek_rotate(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
