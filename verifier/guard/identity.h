/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the token says is calling, as header lines for the application behind the proxy. Every line
 * is always there, empty when there is nothing to say, so that a proxy that copies them overwrites
 * what a client sent under their names.
 * Ownership: in place; the lines point into it.
 * Thread rule: one thread.
 * Sources: RFC 9110 sec. 5.5.
 */
#ifndef JT_GUARD_IDENTITY_H
#define JT_GUARD_IDENTITY_H

#include <jeton/verifier.h>

#include "common/http/server.h"

#define JT_IDENTITY_LINES     7
#define JT_IDENTITY_CLIENT    1 /* place of X-Auth-Client-Id */
#define JT_IDENTITY_VALUE_MAX 1024

struct jt_identity {
    struct jt_answer_line lines[JT_IDENTITY_LINES];
    char values[JT_IDENTITY_LINES][JT_IDENTITY_VALUE_MAX + 1];
};

/* All lines, each empty. */
void jt_identity_clear(struct jt_identity *identity);

/* Fills the lines from an accepted token. JT_ERR_CLAIMS when a claim cannot stand in a header as it
 * is (not printable ASCII, a space at an end, over JT_IDENTITY_VALUE_MAX bytes), `*out_header`
 * being the one: an application must not take a caller for another, or for none. */
JT_MUST_USE enum jt_err jt_identity_fill(struct jt_identity *identity,
                                         const struct jeton_result *result,
                                         const char **out_header);

#endif
