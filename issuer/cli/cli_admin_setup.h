/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `admin setup`: what the admin API over TCP needs in the issuer itself. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_ADMIN_SETUP_H
#define JT_CLI_ADMIN_SETUP_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_admin_setup(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
