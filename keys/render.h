/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The payload of a token, encoded. What a client's tokens for a resource and a scope have in common
 * (iss, sub, aud, client_id, scope) is checked and encoded once, when it comes a second time, and
 * then kept, for so many of these as there is room. It is found again by its own bytes, every one
 * compared, so that it cannot be of another client, right or configuration than the claims that are
 * asked for; there is nothing to invalidate. It holds no secret. Internal to keys/.
 * Ownership: new gives one.
 * Thread rule: one thread.
 * Sources: RFC 7515 sec. 3.1, RFC 9068 sec. 2.2.
 */
#ifndef JT_KEYS_RENDER_H
#define JT_KEYS_RENDER_H

#include "keys/signer.h"

struct jt_render;

#define JT_RENDER_KEPT 256 /* at most; of a kilobyte each, where claims are of the usual size */

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_render_new(struct jt_render **out_render);

/* NULL is harmless. */
void jt_render_free(struct jt_render *render);
JT_AUTOP_DEFINE(render);

/* Appends the encoded claims to `out` if a key that signs at most `longest_s` may sign them; the
 * errors of jt_claims_check, JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_render_put(struct jt_render *render, const struct jt_claims *claims,
                                      int64_t longest_s, struct jt_buf *out);

#endif
