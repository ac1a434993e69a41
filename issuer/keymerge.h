/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the keys that an issuer knows into a store that has lost some of their steps, because a
 * standby was promoted, a backup restored or a row changed by hand: what was published, stopped, dropped or revoked stays so.
 * A step is a time that is written once, so both are merged by taking what either has; then no key
 * that signed goes missing from the set, and none that was revoked comes back.
 * Ownership: none.
 * Thread rule: with the issuer's write lock.
 */
#ifndef JT_ISSUER_KEYMERGE_H
#define JT_ISSUER_KEYMERGE_H

#include "issuer/keyring.h"

/* In a store transaction: makes `keyring`, as it was read there, and its rows what they and `known`
 * are together. `out_n` counts the rows written. With `store` NULL nothing is written, and `out_n`
 * counts the rows that lack what is known. The store's errors, JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keymerge(struct jt_keyring *keyring, const struct jt_keyring *known,
                                    struct jt_store *store, size_t *out_n);

#endif
