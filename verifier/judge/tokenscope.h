/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scopes a token has, and whether they are what a route asks for.
 * Ownership: what is read borrows from the claims or the caller's buffer.
 * Thread rule: one thread.
 * Sources: RFC 6749 sec. 3.3, RFC 9068 sec. 2.2.3.
 */
#ifndef JT_VERIFIER_TOKENSCOPE_H
#define JT_VERIFIER_TOKENSCOPE_H

#include "common/base/buf.h"
#include "verifier/judge/payload.h"
#include "verifier/texts.h"

#include <jeton/verifier.h>

/* The scopes in the first of the claims `names` that is there, separated by spaces. An array is
 * joined into `joined`, which is cleared first; of its elements those that are no scope (empty, or
 * with a space) are left out: joined they would read as others. p is NULL when no claim is there.
 * JT_ERR_CLAIMS when it is neither a string nor an array of strings; JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_tokenscope_read(const struct jt_payload *claims,
                                           const struct jt_texts *names, struct jt_buf *joined,
                                           struct jt_span *out_scope);

/* Does `scope` hold one of `any_of` (if any are named) and each of `all_of`. */
bool jt_tokenscope_allows(struct jt_span scope, const struct jeton_require *require);

#endif
