/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `token verify`: judges a token by libjeton, as an API would, and prints each check in the order
 * in which it is made. Handler of the table.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_TOKEN_VERIFY_H
#define JT_CLI_TOKEN_VERIFY_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_token_verify(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
