/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which key-encryption key each row of the store is sealed under: counted, and changed. All rows of
 * an issuer are under one: `jeton kek rotate` moves them in one transaction, and a key that is made
 * while a next one is named goes where the pepper of client secrets is. So a key-encryption key that
 * opens the pepper opens everything, and naming the next one changes nothing until the rotation:
 * another issuer that does not know it yet still reads every row.
 * Ownership: nothing to release.
 * Thread rule: with jt_issuer's write lock.
 */
#ifndef JT_ISSUER_KEK_ROWS_H
#define JT_ISSUER_KEK_ROWS_H

#include "issuer/store/store.h"
#include "keys/signer.h"

#define JT_KEK_ROWS_PEPPER "pepper" /* the name of the pepper's row */

struct jt_kek_tally {
    size_t keys, secrets;
};

struct jt_kek_rows {
    struct jt_signer_status signer;  /* whose key-encryption keys were tried */
    struct jt_kek_tally now, next;   /* rows under each of them */
    struct jt_kek_tally foreign;     /* under another: one that was not given, or a stranger's */
    struct jt_kek_tally untrusted;   /* without this issuer's MAC, or damaged */
    char foreign_id[JT_KEK_ID_TEXT]; /* of a foreign row; of the pepper when it is one; "" */
    bool pepper_foreign;
};

/* Counts every row. JT_ERR_STORE, JT_ERR_SIGNER_AWAY, JT_ERR_NOMEM, JT_ERR_CRYPTO. */
JT_MUST_USE enum jt_err jt_kek_rows_count(struct jt_store *store, struct jt_signer *signer,
                                          struct jt_kek_rows *out_rows, struct jt_diag *diag);

/* What the operator does next, as a sentence. */
const char *jt_kek_rows_step(const struct jt_kek_rows *rows);

/* After `err`, by which the pepper or the keys did not open: when they are sealed under a
 * key-encryption key that was not given, the sentence that says which, how many rows, and the mend;
 * else `diag` is left as it is. Returns `err`. */
enum jt_err jt_kek_rows_explain(struct jt_store *store, struct jt_signer *signer, enum jt_err err,
                                struct jt_diag *diag);

/* In a store transaction: wraps a row that was just made, and is not stored yet, under the
 * key-encryption key that the pepper is under. Errors as jt_signer_rewrap; JT_ERR_STORE. */
JT_MUST_USE enum jt_err jt_kek_rows_follow(struct jt_store *store, struct jt_signer *signer,
                                           struct jt_sealed *sealed, struct jt_diag *diag);

/* In a store transaction: re-wraps and writes every sealed secret; `out_n` counts those that were
 * under the other key. (The keys are jt_keyring_rewrap's.) Rows of strangers are passed over. */
JT_MUST_USE enum jt_err jt_kek_rows_rewrap(struct jt_store *store, struct jt_signer *signer,
                                           size_t *out_n, struct jt_diag *diag);

#endif
