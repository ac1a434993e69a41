/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command validate: are files of declarations well formed? Asks no issuer, so it does not know
 * whether what they refer to is there.
 * Ownership: none. Thread rule: one thread.
 */
#ifndef JT_CLI_VALIDATE_H
#define JT_CLI_VALIDATE_H

#include "issuer/cli/cli_options.h"

/* Prints every fault to standard output, FILE:LINE:COLUMN first. JT_ERR_USAGE when there is one. */
enum jt_err jt_cli_validate_run(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
