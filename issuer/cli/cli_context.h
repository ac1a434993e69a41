/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `context`: names for issuers, in a file of this user's. Handlers of the table; none
 * of them asks a server.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CONTEXT_H
#define JT_CLI_CONTEXT_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_context_add(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_context_list(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_context_show(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_context_use(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_context_remove(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
