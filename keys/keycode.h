/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC and RSA private keys as the bytes that are sealed: the numbers in a fixed order, big-endian,
 * each at its full length. Not DER: libcrypto's encoders and decoders free what they worked on
 * unwiped (3.0), and so a key would stay in memory after it is forgotten. Internal to keys/.
 *
 * EC:  d (coord_len) | point (04 x y)           RSA: n | e (8) | d | p | q | dp | dq | qi
 *
 * Ownership: said at each call.
 * Thread rule: any thread.
 * Sources: RFC 8017 sec. 3.2 (the numbers of RSA), SEC 1 sec. 2.3.3 (the point).
 */
#ifndef JT_KEYS_KEYCODE_H
#define JT_KEYS_KEYCODE_H

#include "common/base/secret.h"
#include "common/jose/alg.h"

struct evp_pkey_st;

/* Writes the bytes of `pkey`, a key of `alg`. JT_ERR_CRYPTO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keycode_encode(const struct jt_alg_row *alg,
                                          const struct evp_pkey_st *pkey,
                                          struct jt_secret *out_bytes);

/* Gives the key back (EVP_PKEY_free). JT_ERR_UNSEAL when `bytes` are not those of a key of `alg`;
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keycode_decode(const struct jt_alg_row *alg, struct jt_span bytes,
                                          struct evp_pkey_st **out_pkey);

#endif
