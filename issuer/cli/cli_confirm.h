/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The question before something is deleted or revoked.
 * Ownership: none.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CONFIRM_H
#define JT_CLI_CONFIRM_H

#include "issuer/cli/cli_options.h"

/* JT_OK with --yes, or when a person at the terminal types `name` again after `consequence` was
 * told. JT_ERR_USAGE when something else is typed, or when there is no terminal and no --yes. */
JT_MUST_USE enum jt_err jt_cli_confirm_ask(const struct jt_cli_run *run, const char *name,
                                           const char *consequence, struct jt_diag *diag);

#endif
