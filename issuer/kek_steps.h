/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change of the key-encryption key, while the daemon runs: re-wrapping every row in one
 * transaction, taking the keys that a reloaded configuration names, and telling where it stands.
 * The operator's way: the new key is named as keys.kek_next_* on every issuer; `jeton kek rotate`
 * moves the rows; the new key becomes keys.kek_*, and the old one is destroyed.
 * Ownership: as said at each call.
 * Thread rule: any thread that may block; takes the write lock itself, but for
 * jt_kek_steps_take, which is called with it.
 */
#ifndef JT_ISSUER_KEK_STEPS_H
#define JT_ISSUER_KEK_STEPS_H

#include "issuer/issuer.h"
#include "issuer/kek_rows.h"

struct jt_kek_steps {
    struct jt_kek_rows rows;
    struct jt_buf source, source_next; /* e.g. "file /etc/jeton/kek"; empty: none is named */
};

#define JT_KEK_STEPS_INIT                                                  \
    {                                                                      \
        {.foreign_id = ""}, JT_BUF_INIT(4096 + 64), JT_BUF_INIT(4096 + 64) \
    }

/* Where the change stands. `out_steps` is initialised; filled on JT_OK. JT_ERR_STORE,
 * JT_ERR_SIGNER_AWAY, JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_kek_steps_look(struct jt_issuer *issuer, struct jt_kek_steps *out_steps,
                                          struct jt_diag *diag);
void jt_kek_steps_release(struct jt_kek_steps *steps);

/* Re-wraps every row under the next key-encryption key, in one transaction with its audit line;
 * `out_n` is how many were not. None: nothing is written. JT_ERR_CONFLICT: no next one is named.
 * Errors as jt_keyring_read and jt_signer_rewrap; on any nothing has changed. */
JT_MUST_USE enum jt_err jt_kek_steps_rotate(struct jt_issuer *issuer, const char *actor,
                                            size_t *out_n, struct jt_diag *diag);

/* Has the signer use the key-encryption keys that `conf` names, unless a row that opens now would
 * not open then: JT_ERR_KEK with a sentence that says which key, how many rows, and the mend. On
 * failure the signer goes on with those it has. */
JT_MUST_USE enum jt_err jt_kek_steps_take(struct jt_issuer *issuer,
                                          const struct jt_signer_conf *conf, struct jt_diag *diag);

#endif
