/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a token as JSON text, in a fixed order, without a DOM: for keys/, which signs them,
 * and for issuer/explain, which shows them.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: RFC 7519 sec. 4.1, RFC 9068 sec. 2.2.
 */
#ifndef JT_KEYS_CLAIMS_H
#define JT_KEYS_CLAIMS_H

#include "keys/signer.h"

/* May a key that signs at most `longest_s` sign these? JT_ERR_ARGUMENT: a claim that RFC 9068 asks
 * for is empty, or iat negative. JT_ERR_UTF8. JT_ERR_LIFETIME. */
JT_MUST_USE enum jt_err jt_claims_check(const struct jt_claims *claims, int64_t longest_s);

/* Appends the JSON object. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_claims_put(const struct jt_claims *claims, struct jt_buf *out);

/* Both in two halves, for who keeps the first (render.h): what a client's tokens for a resource and
 * a scope have in common (iss, sub, aud, client_id, scope), and what is a token's own, up to the end
 * of the object. */
JT_MUST_USE enum jt_err jt_claims_check_fixed(const struct jt_claims *claims);
JT_MUST_USE enum jt_err jt_claims_check_own(const struct jt_claims *claims, int64_t longest_s);
JT_MUST_USE enum jt_err jt_claims_put_fixed(const struct jt_claims *claims, struct jt_buf *out);
JT_MUST_USE enum jt_err jt_claims_put_own(const struct jt_claims *claims, struct jt_buf *out);

#endif
