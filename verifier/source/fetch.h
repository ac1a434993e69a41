/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetch that libjeton brings: over libcurl, or, in a build without it, none. Bounded in time (2
 * s to connect, 5 s in all) and size; https, or http on loopback; never following a redirect.
 * Ownership: jt_fetch_new gives it.
 * Thread rule: one thread at a time.
 * Source: RFC 9110 sec. 15.4.
 */
#ifndef JT_VERIFIER_FETCH_H
#define JT_VERIFIER_FETCH_H

#include "common/base/diag.h"

#include <jeton/verifier.h>

struct jt_fetch;

/* Gives a fetch that trusts the certificates in `ca_file` (NULL: the system's). JT_ERR_NOMEM;
 * JT_ERR_ARGUMENT with a sentence when this build has none. */
JT_MUST_USE enum jt_err jt_fetch_new(const char *ca_file, struct jt_diag *diag,
                                     struct jt_fetch **out_fetch);

void jt_fetch_free(struct jt_fetch *fetch);

/* The hook of the public header; `ctx` is a struct jt_fetch. The body lives until its next call. */
jeton_status jt_fetch_get(void *ctx, const char *url, size_t max_body, struct jeton_response *out);

/* Why the last jt_fetch_get failed, in a few words. Borrowed. */
const char *jt_fetch_reason(const struct jt_fetch *fetch);

#endif
