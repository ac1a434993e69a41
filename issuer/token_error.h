/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token request that failed is told: status, OAuth code and description. The token endpoint
 * answers with it and explain repeats it.
 * Ownership: texts are constant or the caller's.
 * Thread rule: any thread.
 * Source: RFC 6749 sec. 5.2.
 */
#ifndef JT_ISSUER_TOKEN_ERROR_H
#define JT_ISSUER_TOKEN_ERROR_H

#include "common/base/buf.h"

struct jt_token_error {
    int status; /* of a client that used the Authorization header; see below */
    const char *code;
    const char *description; /* before it is made to fit (jt_token_error_put) */
};

/* The error that `err`, with its `sentence`, becomes. An `invalid_client` is 401 here; it is told
 * as 400 to a client that did not use the Authorization header. What is wrong with this server is
 * told to nobody outside. */
struct jt_token_error jt_token_error_of(enum jt_err err, const char *sentence);

/* Appends `description` in the characters that error_description may hold. JT_ERR_LIMIT,
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_token_error_put(struct jt_buf *out, const char *description);

/* Of a client that is unknown, disabled, or has no such secret: the same words for each. */
#define JT_TOKEN_ERROR_CLIENT "unknown client, wrong or expired secret, or client disabled"

#endif
