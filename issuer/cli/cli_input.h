/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this command reads beside its arguments: tokens and credentials, which never come from argv.
 * Ownership: fills a jt_secret of the caller's.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_INPUT_H
#define JT_CLI_INPUT_H

#include "common/base/secret.h"
#include "issuer/cli/cli_options.h"

#define JT_CLI_INPUT_MAX ((size_t)64 * 1024)

/* Reads the token in the file that the only argument names, or on standard input ("-", or no
 * argument), without the white space around it. JT_ERR_USAGE with a sentence: not readable, empty,
 * too long, or a token where the file's name belongs (never repeated). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_input_token(const struct jt_cli_run *run,
                                           struct jt_secret *out_token, struct jt_diag *diag);

/* Reads a file that holds a secret. JT_ERR_USAGE when it cannot be read, is too long, or its mode
 * lets the group or others read it. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_input_private(const char *path, struct jt_secret *out_bytes,
                                             struct jt_diag *diag);

#endif
