/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name nearest to one that does not exist, for "did you mean". It decides nothing.
 * Ownership: borrows.
 * Thread rule: any thread.
 */
#ifndef JT_CLI_NEAREST_H
#define JT_CLI_NEAREST_H

#include "common/base/span.h"

struct jt_cli_nearest {
    struct jt_span wanted;
    struct jt_span name; /* the nearest so far; empty when none is near */
    size_t distance;
};

/* Starts a search for `wanted`. */
struct jt_cli_nearest jt_cli_nearest_start(struct jt_span wanted);

/* Offers a `name`; the nearest one within as many edits as half its length (at least one) is kept.
 */
void jt_cli_nearest_offer(struct jt_cli_nearest *search, struct jt_span name);

#endif
