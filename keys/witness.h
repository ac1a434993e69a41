/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The independent second implementation (libjwt): judges a probe token of a new key against the
 * public key as it will be published, before the key may sign. What libjwt cannot judge (PS256,
 * EdDSA) a second path judges: OpenSSL's one-shot verification from the published JWK. It is never
 * on the request path and never judges tokens of others.
 * Ownership: none.
 * Thread rule: one thread at a time.
 * Sources: RFC 7515; docs/decisions.md.
 */
#ifndef JT_KEYS_WITNESS_H
#define JT_KEYS_WITNESS_H

#include "common/base/diag.h"
#include "common/jose/alg.h"

/* Who judges probes of `alg`: "libjwt", or "openssl" for the second path. */
const char *jt_witness_name(enum jt_alg alg);

/* The typ of a probe: libjwt 1.10 refuses any other. */
#define JT_WITNESS_TYP "JWT"

/* Is `token`, a compact JWS of `alg`, verified by the public JWK `public_jwk` (JSON text), and is
 * the same token with one bit of its signature changed refused? JT_ERR_WITNESS with a sentence when
 * not; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_witness_judge(struct jt_span token, struct jt_span public_jwk,
                                         enum jt_alg alg, struct jt_diag *diag);

#endif
