/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand where the table says CLIENT, GRANT, FILE and so on: words of the table, names that
 * the issuer is asked for, files.
 * Ownership: borrows.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CANDIDATES_H
#define JT_CLI_CANDIDATES_H

#include "common/base/span.h"
#include "issuer/cli/cli_complete.h"

struct jt_cli_offer {
    const struct jt_cli_run *run;
    const struct jt_cli_line *line;
    struct jt_span before; /* of the last word: "--option=", or nothing */
    struct jt_span begin;  /* what each candidate begins with */
};

/* Prints `value` if it begins as it must. */
void jt_cli_candidates_offer(const struct jt_cli_offer *offer, struct jt_span value,
                             const char *help);

/* Offers what may stand for the placeholder `what` (with the brackets and points of usage lines),
 * or, if not NULL, the words `choices`. */
void jt_cli_candidates_value(const struct jt_cli_offer *offer, struct jt_span what,
                             const char *choices);

#endif
