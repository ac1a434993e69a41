/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing keys: handlers of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_KEY_H
#define JT_CLI_KEY_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_key_list(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_key_rotate(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_key_revoke(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_key_add_algorithm(const struct jt_cli_run *run,
                                                 struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_key_retire_algorithm(const struct jt_cli_run *run,
                                                    struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_key_reach(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
