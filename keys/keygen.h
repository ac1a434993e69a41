/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes private keys by the rows of the algorithm table. Internal to keys/. Randomness: an Ed25519
 * seed comes from the caller's struct jt_random; EC and RSA keys come from OpenSSL's generator,
 * which takes no other source.
 * Ownership: said at the call.
 * Thread rule: any thread.
 * Source: NIST SP 800-56A, FIPS 186-5.
 */
#ifndef JT_KEYS_KEYGEN_H
#define JT_KEYS_KEYGEN_H

#include "common/base/random.h"
#include "keys/privkey.h"

/* RFC 7518 sec. 3.3 asks for at least 2048. Not 3072: signing would take three times as long, and
 * RS256 and PS256 are here for verifiers that know nothing newer, all of which take 2048 bits. Keys
 * live for weeks. Who wants more strength takes ES256. */
#define JT_KEYGEN_RSA_BITS 2048

/* Gives a new key for `alg`. JT_ERR_RANDOM, JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keygen_new(const struct jt_alg_row *alg, const struct jt_random *random,
                                      struct jt_privkey **out_key);

#endif
