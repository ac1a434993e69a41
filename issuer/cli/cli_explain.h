/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `explain`: what a token request of a client would get, a sentence a scope. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_EXPLAIN_H
#define JT_CLI_EXPLAIN_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_explain(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
