/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors of key-encryption keys for a signer process, however often one is started. A file is
 * opened anew each time. A variable's value is taken out of this process's memory once a signer has
 * it: what is left is a descriptor of memory that only a signer reads. Internal to keys/.
 * Ownership: descriptors are the caller's; those of variables are kept, as the environment is, for
 * the life of the process.
 * Thread rule: any thread; jt_kekfds_forget as its comment says.
 */
#ifndef JT_KEYS_KEKFDS_H
#define JT_KEYS_KEKFDS_H

#include "keys/signer.h"
#include "keys/signer_link.h"

/* Appends to `fds` a descriptor for each source of `conf` that has one (jt_keks_has_fd). Errors as
 * jt_kek_open; then `fds` is as it was. */
JT_MUST_USE enum jt_err jt_kekfds_open(const struct jt_signer_conf *conf, struct jt_link_fds *fds,
                                       struct jt_diag *diag);

/* Wipes the values of the variables that `conf` names: a signer has them. Not while another thread
 * reads one of these variables. */
void jt_kekfds_forget(const struct jt_signer_conf *conf);

#endif
