/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JWK Set parsed from hostile bytes: the usable keys, in order, and how many were skipped.
 * Ownership: jt_jwks_parse gives a set, which holds a reference to each key.
 * Thread rule: immutable once made, any thread.
 * Source: RFC 7517 sec. 5.
 */
#ifndef JT_JOSE_JWKS_H
#define JT_JOSE_JWKS_H

#include "common/jose/jwk.h"

#define JT_JWKS_MAX_BYTES (256 * 1024)
#define JT_JWKS_MAX_KEYS  100

struct jt_jwks {
    size_t n;
    size_t skipped; /* members of `keys` that were not usable, or past JT_JWKS_MAX_KEYS */
    struct jt_jwk *keys[];
};

/* Gives the usable keys of `text`; an unusable or malformed member is skipped, not fatal.
 * JT_ERR_LIMIT over JT_JWKS_MAX_BYTES; JT_ERR_JSON when it is not an object with an array `keys`;
 * JT_ERR_JWKS_EMPTY when no key is usable; JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_jwks_parse(struct jt_span text, struct jt_jwks **out_jwks);

void jt_jwks_free(struct jt_jwks *jwks);
JT_AUTOP_DEFINE(jwks);

#endif
