/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer whose keys are in a process of their own. Here is no key and no key-encryption key:
 * what is loaded goes on sealed as it is, what is signed goes as claims. Internal to keys/.
 * Ownership and thread rule: signer.h.
 */
#ifndef JT_KEYS_SIGNER_PROCESS_H
#define JT_KEYS_SIGNER_PROCESS_H

#include "keys/signer.h"

/* Gives the signer. Errors as jt_signer_new, and JT_ERR_SIGNER_AWAY with a sentence when the process
 * cannot be started. The program calls jt_child_main (signer_child.h) at its start. Later, any call
 * gives JT_ERR_SIGNER_AWAY while another process is being started for one that ended. */
JT_MUST_USE enum jt_err jt_signer_new_process(const struct jt_signer_conf *conf,
                                              struct jt_signer **out_signer, struct jt_diag *diag);

#endif
