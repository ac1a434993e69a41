/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ES256 by a table made once per public key, for keys that thousands of signatures are checked
 * with: libcrypto keeps multiples of a group's generator, so in a copy of P-256 whose generator is
 * the public key, both products of the equation are fixed-base multiplications. No curve arithmetic
 * of ours. It does not decide when a table is worth making, and does not read JWS.
 * Ownership: the _new functions give; a table holds no reference to the key it was made from.
 * Thread rule: jt_p256 is immutable once made, any thread; jt_p256_scratch: one thread.
 * Sources: FIPS 186-5 sec. 6.4.2, SEC 1 sec. 4.1.4, RFC 7518 sec. 3.4.
 * Where libcrypto lacks the calls, or JETON_ES256_TABLE is off: p256_none.c.
 */
#ifndef JT_VERIFIER_P256_H
#define JT_VERIFIER_P256_H

#include "common/base/err.h"

#include <stdint.h>

struct evp_pkey_st; /* libcrypto's EVP_PKEY */

#define JT_P256_DIGEST_LEN    32
#define JT_P256_SIGNATURE_LEN 64 /* r || s */

struct jt_p256;
struct jt_p256_scratch;

/* Gives the table of `pkey`: 150 KB and some 20 ms of CPU, of which a few compare the table, entry
 * by entry, with the multiplication that EVP makes. Not for a request. JT_ERR_NOT_FOUND: this
 * libcrypto, on this machine, keeps or uses no tables (EVP is then all there is); JT_ERR_ARGUMENT: not a P-256 key;
 * JT_ERR_NOMEM, JT_ERR_CRYPTO. Its libcrypto errors leave the queue as it was. */
JT_MUST_USE enum jt_err jt_p256_new(const struct evp_pkey_st *pkey, struct jt_p256 **out_table);

/* NULL is harmless. */
void jt_p256_free(struct jt_p256 *table);
JT_AUTOP_DEFINE(p256);

/* Gives what a thread computes in, for whichever table. JT_ERR_NOT_FOUND as above; JT_ERR_NOMEM,
 * JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_p256_scratch_new(struct jt_p256_scratch **out_scratch);

/* NULL is harmless. */
void jt_p256_scratch_free(struct jt_p256_scratch *scratch);
JT_AUTOP_DEFINE(p256_scratch);

/* Is `signature` one over `digest` by the table's key. JT_ERR_SIGNATURE: it is not. JT_ERR_NOMEM,
 * JT_ERR_CRYPTO: that could not be found out, ask EVP; only then libcrypto's error queue grows. */
JT_MUST_USE enum jt_err jt_p256_verify(const struct jt_p256 *table, struct jt_p256_scratch *scratch,
                                       const uint8_t digest[JT_P256_DIGEST_LEN],
                                       const uint8_t signature[JT_P256_SIGNATURE_LEN]);

#endif
