/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing at rest: a secret under a data key of its own, the data key under the key-encryption key,
 * and the MAC of the row that carries them. Both layers are AES-256-GCM with random nonces and bind
 * the row's kind, kid and algorithm, so that a blob opens in no other row. It does not know what
 * the secret is. Internal to keys/.
 *
 * blob = version 1 | key id 8 | nonce 12 | data key, wrapped 32 | tag 16 | nonce 12 | secret | tag
 * 16
 *
 * Ownership: rows are the caller's.
 * Thread rule: any thread.
 * Sources: NIST SP 800-38D sec. 8.2.2 (random nonces), RFC 2104.
 */
#ifndef JT_KEYS_SEAL_H
#define JT_KEYS_SEAL_H

#include "keys/signer.h"

/* Seals `secret` into `row->blob` and makes `row->mac`; kind, alg, kid and public_jwk are already
 * in `row`. JT_ERR_RANDOM, JT_ERR_CRYPTO, JT_ERR_NOMEM, JT_ERR_LIMIT. */
JT_MUST_USE enum jt_err jt_seal_put(const struct jt_kek *kek, const struct jt_random *random,
                                    struct jt_span secret, struct jt_sealed *row);

/* The id of the key-encryption key that `blob` says it is wrapped under, JT_KEK_ID_LEN bytes of it;
 * empty when it is not a blob. */
struct jt_span jt_seal_kek_id(struct jt_span blob);

/* Does the blob name `kek` as the key that it is wrapped under? Not so for an empty one. */
bool jt_seal_names(const struct jt_sealed *row, const struct jt_kek *kek);

/* Is `row` one of this key's? JT_ERR_UNSEAL when its blob names another key-encryption key (the
 * sentence names both), JT_ERR_KEY_MAC when the MAC is wrong. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_seal_check(const struct jt_kek *kek, const struct jt_sealed *row,
                                      struct jt_diag *diag);

/* Checks `row` as above and opens its blob. JT_ERR_UNSEAL also when it is damaged or erased. */
JT_MUST_USE enum jt_err jt_seal_open(const struct jt_kek *kek, const struct jt_sealed *row,
                                     struct jt_secret *out_secret, struct jt_diag *diag);

/* Checks `row`, wraps its data key under `new_kek` and makes its MAC anew; on failure it is as it
 * was. An empty blob stays empty. Errors as above, and JT_ERR_RANDOM. */
JT_MUST_USE enum jt_err jt_seal_rewrap(const struct jt_kek *kek, const struct jt_kek *new_kek,
                                       const struct jt_random *random, struct jt_sealed *row,
                                       struct jt_diag *diag);

#endif
