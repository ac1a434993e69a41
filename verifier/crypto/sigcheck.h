/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature checks with everything prepared: per key and algorithm a libcrypto context that is
 * verify-initialised once, over a copy of the key of its own (libcrypto locks inside a key object,
 * so workers share none); for ES256 the key's table, once there is one. It does not choose keys and
 * does not know what was signed.
 * Ownership: jt_sigcheck_new gives it; it holds no reference to a key between calls.
 * Thread rule: one thread.
 * Sources: RFC 7518 sec. 3, RFC 8032 sec. 5.1.7, RFC 8037 sec. 3.1.
 */
#ifndef JT_VERIFIER_SIGCHECK_H
#define JT_VERIFIER_SIGCHECK_H

#include "common/jose/jwks.h"
#include "verifier/verkey.h"

struct jt_sigcheck;

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_sigcheck_new(struct jt_sigcheck **out_check);

void jt_sigcheck_free(struct jt_sigcheck *check);

/* Is `signature` one of `alg` over `message` by `key`, which must fit `alg` and stands at place `at`
 * (below JT_JWKS_MAX_KEYS) of its set: what is prepared for a key is kept at its place.
 * JT_ERR_SIGNATURE; JT_ERR_NOMEM and JT_ERR_CRYPTO when that could not be found out. */
JT_MUST_USE enum jt_err jt_sigcheck_verify(struct jt_sigcheck *check, const struct jt_verkey *key,
                                           size_t at, const struct jt_alg_row *alg,
                                           struct jt_span message, struct jt_span signature);

/* Would a table have been of use: `alg` is ES256, and `key` has none. */
bool jt_sigcheck_lacks_table(const struct jt_verkey *key, const struct jt_alg_row *alg);

#endif
