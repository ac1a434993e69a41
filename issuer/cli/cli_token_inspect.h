/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `token inspect`: prints header and claims, verifying nothing and saying so. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_TOKEN_INSPECT_H
#define JT_CLI_TOKEN_INSPECT_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_token_inspect(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
