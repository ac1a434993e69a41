/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, HMAC-SHA-256 and HKDF-SHA-256 over libcrypto. No other digest has a place here:
 * signature digests belong to the algorithm table.
 * Ownership: none.
 * Thread rule: any thread.
 * Sources: FIPS 180-4, RFC 2104, RFC 5869.
 */
#ifndef JT_BASE_DIGEST_H
#define JT_BASE_DIGEST_H

#include "common/base/err.h"
#include "common/base/span.h"

#define JT_SHA256_LEN 32

/* JT_ERR_CRYPTO when libcrypto fails; `out` is then undefined. An empty `key` is never meant, here
 * and in jt_digest_hkdf: JT_ERR_ARGUMENT. */
JT_MUST_USE enum jt_err jt_digest_sha256(struct jt_span bytes, uint8_t out[JT_SHA256_LEN]);
JT_MUST_USE enum jt_err jt_digest_hmac(struct jt_span key, struct jt_span bytes,
                                       uint8_t out[JT_SHA256_LEN]);

/* RFC 5869 with an empty salt: `n` bytes (1 to 255 * 32, else JT_ERR_CRYPTO) for the purpose
 * `info`. */
JT_MUST_USE enum jt_err jt_digest_hkdf(struct jt_span key, struct jt_span info, uint8_t *out,
                                       size_t n);

#endif
