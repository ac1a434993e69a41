/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that take files of declarations: apply and diff.
 * Ownership: none. Thread rule: one thread.
 */
#ifndef JT_CLI_APPLY_H
#define JT_CLI_APPLY_H

#include "issuer/cli/cli_options.h"

enum jt_err jt_cli_apply_run(const struct jt_cli_run *run, struct jt_diag *diag);
/* JT_ERR_DIFFERENT when something would change. */
enum jt_err jt_cli_apply_diff(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
