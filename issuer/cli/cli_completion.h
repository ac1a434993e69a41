/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `completion SHELL`: the script that a shell reads, which asks `completion SHELL -- WORD...` for
 * what the last word may become. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_COMPLETION_H
#define JT_CLI_COMPLETION_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_completion(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
