/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `who-can`: the clients that would get a scope. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_WHO_CAN_H
#define JT_CLI_WHO_CAN_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_who_can(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
