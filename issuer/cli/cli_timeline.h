/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `jeton key timeline`: the keys as bars over time in the terminal, from what GET /keys answers.
 * Ownership: none.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_TIMELINE_H
#define JT_CLI_TIMELINE_H

#include "issuer/cli/cli_options.h"

#include <jansson.h>

JT_MUST_USE enum jt_err jt_cli_timeline(const struct jt_cli_run *run, struct jt_diag *diag);

/* What decides how a picture looks. */
struct jt_cli_timeline_look {
    size_t width; /* of a line, in characters */
    bool ascii;   /* no blocks of Unicode */
    bool all;     /* keys that are gone for long, too */
    bool colour;
};

/* Draws `answer`, of GET /keys, on standard output. JT_ERR_NOMEM; JT_ERR_UNREACHABLE when it is
 * not such an answer. */
JT_MUST_USE enum jt_err jt_cli_timeline_draw(const json_t *answer,
                                             const struct jt_cli_timeline_look *look,
                                             struct jt_diag *diag);

#endif
