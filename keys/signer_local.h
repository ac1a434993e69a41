/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer whose keys are in this process. Internal to keys/.
 * Ownership and thread rule: signer.h.
 */
#ifndef JT_KEYS_SIGNER_LOCAL_H
#define JT_KEYS_SIGNER_LOCAL_H

#include "keys/keks.h"

/* Gives the signer. Takes `keks` (moved out: the holder's become empty). `random` is borrowed for
 * the signer's life. JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_signer_new_local(struct jt_keks *keks, const struct jt_random *random,
                                            struct jt_signer **out_signer);

#endif
