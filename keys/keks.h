/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-encryption keys of a signer: the one in force and, while they are being changed, the one
 * that rows are re-wrapped under. Rows of either open. What is made is sealed under the one in force,
 * for others may not know the next yet; re-wrapping moves it. Internal to keys/.
 * Ownership: in place, wiped on release.
 * Thread rule: read-only by many once loaded.
 */
#ifndef JT_KEYS_KEKS_H
#define JT_KEYS_KEKS_H

#include "keys/signer.h"

struct jt_keks {
    struct jt_kek now, next;
    bool has_next;
};

#define JT_KEKS_INIT                    \
    {                                   \
        JT_KEK_INIT, JT_KEK_INIT, false \
    }

/* Loads those that `conf` names over what `out_keks` held; on failure it is as it was. Errors as
 * jt_kek_load. */
JT_MUST_USE enum jt_err jt_keks_load(const struct jt_signer_conf *conf, struct jt_keks *out_keks,
                                     struct jt_diag *diag);

/* The same in a process that is handed descriptors instead of opening files: `fds`, in the order in
 * which `conf` names them, are of the sources that jt_kek_open opens; another (of a PKCS#11 token)
 * is loaded here. JT_ERR_ARGUMENT when their number is another. */
JT_MUST_USE enum jt_err jt_keks_read(const struct jt_signer_conf *conf, const int *fds,
                                     size_t n_fds, struct jt_keks *out_keks, struct jt_diag *diag);

/* Has the source a descriptor (jt_kek_open)? */
bool jt_keks_has_fd(const struct jt_kek_source *source);

/* The one that rows are re-wrapped under: the next, or, when there is none, the one in force. */
const struct jt_kek *jt_keks_target(const struct jt_keks *keks);

/* The one that `row` is of: named by its blob, or, where that was erased, whose MAC it carries.
 * When it is of neither, the one in force: checking the row under that tells why. */
const struct jt_kek *jt_keks_of(const struct jt_keks *keks, const struct jt_sealed *row);

void jt_keks_release(struct jt_keks *keks);

#endif
