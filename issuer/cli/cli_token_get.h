/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `token get`: discovery, then the token endpoint with client_secret_basic. Handler of the table.
 * Thread rule: one thread.
 * Sources: RFC 8414, RFC 6749 sec. 2.3.1, 4.4, 5.2; RFC 8707.
 */
#ifndef JT_CLI_TOKEN_GET_H
#define JT_CLI_TOKEN_GET_H

#include "issuer/cli/cli_options.h"

JT_MUST_USE enum jt_err jt_cli_token_get(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
