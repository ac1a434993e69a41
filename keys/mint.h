/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes what a signer gives as new: a key pair or a pepper, sealed in a row, and for a key pair the
 * proof that the row works: the key as reopened from it signs, the witness judges. Internal to
 * keys/.
 * Ownership: the row is the caller's.
 * Thread rule: any thread.
 * Sources: docs/decisions.md (the witness); keygen.h, seal.h.
 */
#ifndef JT_KEYS_MINT_H
#define JT_KEYS_MINT_H

#include "keys/pkcs11.h"
#include "keys/signer.h"

#define JT_MINT_PEPPER_LEN 32

/* Fills `row`, whose kind and alg are set (for a key an alg with `issue`) and the rest empty. A key
 * pair is made in `token`, or in this process when it is NULL; a pepper always here. JT_ERR_WITNESS,
 * JT_ERR_RANDOM, JT_ERR_CRYPTO, JT_ERR_NOMEM, and those of jt_pkcs11_key_make; then `row` is not to
 * be used, and nothing is left in the token that answers. */
JT_MUST_USE enum jt_err jt_mint_row(const struct jt_kek *kek, struct jt_pkcs11 *token,
                                    const struct jt_random *random, struct jt_sealed *row,
                                    struct jt_diag *diag);

#endif
