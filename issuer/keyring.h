/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the store, read, checked by the signer, and changed by the plans of keys/schedule.h:
 * where schedule (pure), signer (private halves) and store (rows) meet. A row whose MAC is not this
 * issuer's is not trusted: it is neither published nor counted.
 * Ownership: read fills in place; release.
 * Thread rule: with jt_issuer's write lock.
 */
#ifndef JT_ISSUER_KEYRING_H
#define JT_ISSUER_KEYRING_H

#include "issuer/root.h"
#include "issuer/store/store.h"
#include "keys/schedule.h"
#include "keys/signer.h"

#define JT_KEYRING_MAX 1024 /* rows that are read at all */
#define JT_KEYRING_KEPT \
    256 /* rows that are kept: beyond, the oldest that are gone from the set go */
#define JT_KEYRING_PUBLISHED 90 /* keys in the set at once: verifiers read a hundred */

struct jt_keyring {
    struct jt_key_times *times; /* of the trusted rows, oldest published first */
    struct jt_sealed *sealed;   /* parallel to times */
    size_t n, cap;
    size_t untrusted;              /* rows passed over */
    char stranger[JT_KEY_KID_MAX]; /* the kid of the last of them, what is no kid's letter as '?' */
};

/* Reads all rows and has the signer load each that has a private half; none is wiped, for the
 * published root may still sign with it (jt_keyring_forget does it after the next). An active or next key that does not open is an error
 * with a sentence (the daemon never makes replacements silently), and so is an untrusted row that
 * leaves its algorithm without an active key, or a kid that stands in two rows; other untrusted rows
 * are counted and passed over. JT_ERR_UNSEAL, JT_ERR_KEY_MAC, JT_ERR_STORE, JT_ERR_NOMEM. On failure nothing needs release. */
JT_MUST_USE enum jt_err jt_keyring_read(struct jt_store *store, struct jt_signer *signer,
                                        struct jt_keyring *out_keyring, struct jt_diag *diag);

/* In a store transaction: carries out `plan` on the rows: generates, loads into the signer, writes.
 * The kids it makes are filled into the plan. JT_ERR_CONFLICT when the set would outgrow
 * JT_KEYRING_PUBLISHED. `longest_s[alg]` is the longest lifetime a new key
 * may have to sign. JT_ERR_WITNESS and the signer's and store's errors. */
JT_MUST_USE enum jt_err jt_keyring_apply(struct jt_keyring *keyring, struct jt_schedule_plan *plan,
                                         struct jt_store *store, struct jt_signer *signer,
                                         const char *actor, int64_t now_s,
                                         const int64_t longest_s[JT_ALG_COUNT_],
                                         struct jt_diag *diag);

/* In a store transaction: raises longest_s of the active and next keys of `alg` to at least
 * `lifetime_s`, in the rows and in the signer. */
JT_MUST_USE enum jt_err jt_keyring_raise(struct jt_keyring *keyring, struct jt_store *store,
                                         struct jt_signer *signer, enum jt_alg alg,
                                         int64_t lifetime_s, struct jt_diag *diag);

/* In a store transaction: re-wraps every row (jt_signer_rewrap) and writes those that were under the
 * other key-encryption key, which `out_n` counts. */
JT_MUST_USE enum jt_err jt_keyring_rewrap(struct jt_keyring *keyring, struct jt_store *store,
                                          struct jt_signer *signer, size_t *out_n,
                                          struct jt_diag *diag);

/* After the commit and the publication: has the signer wipe each private half that signs no more.
 */
void jt_keyring_forget(const struct jt_keyring *keyring, struct jt_signer *signer);

void jt_keyring_release(struct jt_keyring *keyring);

/* Gives a copy, to release. JT_ERR_NOMEM; then nothing needs release. */
JT_MUST_USE enum jt_err jt_keyring_copy(const struct jt_keyring *keyring,
                                        struct jt_keyring *out_copy);

/* Are the steps of all keys the same? */
bool jt_keyring_same(const struct jt_keyring *a, const struct jt_keyring *b);

/* --- single rows, for keymerge.c --- */

/* The index of `kid`; keyring->n when it is not there. */
size_t jt_keyring_find(const struct jt_keyring *keyring, const char *kid);

/* Appends copies. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keyring_add(struct jt_keyring *keyring, const struct jt_key_times *times,
                                       const struct jt_sealed *sealed);

/* In a store transaction: writes row `i` as it stands. */
JT_MUST_USE enum jt_err jt_keyring_write(const struct jt_keyring *keyring, size_t i,
                                         struct jt_store *store);

/* As the store gives the rows, so that the set's text and ETag are the same after a restart. */
void jt_keyring_sort(struct jt_keyring *keyring);

#endif
