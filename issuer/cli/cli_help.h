/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --help, from the command table: of the program, of the commands under some words, of one command.
 * Examples come first.
 * Ownership: none.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_HELP_H
#define JT_CLI_HELP_H

#include <stdio.h>

#include "issuer/cli/cli_options.h"

/* Writes the help that belongs to the words of `run` to `out`. */
void jt_cli_help_print(const struct jt_cli_run *run, FILE *out);

#endif
