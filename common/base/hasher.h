/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, and HMAC-SHA-256 under one key, on a prepared context: what digest.h does, for who does
 * it with every request. It allocates nothing and asks libcrypto for no algorithm again, which is
 * most of what the one-shot calls cost.
 * Ownership: new gives a hasher. Of the key it keeps what a MAC needs, in locked pages (secret.h).
 * Thread rule: one thread.
 * Sources: FIPS 180-4, RFC 2104.
 */
#ifndef JT_BASE_HASHER_H
#define JT_BASE_HASHER_H

#include "common/base/digest.h"
#include "common/base/macros.h"

struct jt_hasher;

/* An empty `key` is never meant: JT_ERR_ARGUMENT. JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_hasher_new(struct jt_span key, struct jt_hasher **out_hasher);

/* Wipes and frees; NULL is harmless. */
void jt_hasher_free(struct jt_hasher *hasher);
JT_AUTOP_DEFINE(hasher);

/* JT_ERR_CRYPTO when libcrypto fails; `out` is then undefined. */
JT_MUST_USE enum jt_err jt_hasher_sha256(struct jt_hasher *hasher, struct jt_span bytes,
                                         uint8_t out[JT_SHA256_LEN]);
JT_MUST_USE enum jt_err jt_hasher_hmac(struct jt_hasher *hasher, struct jt_span bytes,
                                       uint8_t out[JT_SHA256_LEN]);

#endif
