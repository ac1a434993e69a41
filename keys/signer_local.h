/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer whose keys are in this process. Internal to keys/.
 * Ownership and thread rule: signer.h.
 */
#ifndef JT_KEYS_SIGNER_LOCAL_H
#define JT_KEYS_SIGNER_LOCAL_H

#include "keys/keks.h"
#include "keys/pkcs11_tend.h"

/* Gives the signer. Takes `keks` (moved out: the holder's become empty). `random` is borrowed for
 * the signer's life. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_signer_new_local(struct jt_keks *keks, const struct jt_random *random,
                                            struct jt_signer **out_signer);

/* To be called before any other call: keys that rows refer to are looked for in the token of `tend`,
 * which the signer takes, and with JT_SIGNER_PKCS11 new ones are made there. The private half of a
 * key that signs no more is destroyed there. */
void jt_signer_local_use(struct jt_signer *signer, enum jt_signer_how how,
                         struct jt_pkcs11_tend *tend);

/* Replaces its key-encryption keys. Takes `keks`. */
void jt_signer_local_take_keks(struct jt_signer *signer, struct jt_keks *keks);

#endif
