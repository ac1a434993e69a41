/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last of the words of an unfinished command line may become, from the command table and,
 * where the name of an object belongs, from the issuer that the line names.
 * Ownership: borrows the words.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_COMPLETE_H
#define JT_CLI_COMPLETE_H

#include "issuer/cli/cli_options.h"

/* An unfinished line, taken apart. */
struct jt_cli_line {
    char words[64]; /* of the command, so far */
    const struct jt_cli_command *command;
    const struct jt_cli_option *option; /* whose value the last word is; NULL: none */
    const char *args[2];                /* the first arguments before the last word */
    size_t n_args;
    bool ended; /* a -- was seen */
    const char *socket, *context;
    const char *begin; /* of the last word, without "--option=" */
};

/* Takes `n` words (at least one) apart. */
void jt_cli_complete_read(const char *const *words, size_t n, struct jt_cli_line *out_line);

/* Prints a line for each thing that the last word may become: VALUE TAB DESCRIPTION; or ":files"
 * where a file belongs. What cannot be found out is left out in silence. */
JT_MUST_USE enum jt_err jt_cli_complete_words(const struct jt_cli_run *run,
                                              const char *const *words, size_t n);

#endif
