/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a change becomes visible: shared by issuer.c and key_steps.c, nobody else.
 * Thread rule: with the issuer's write lock.
 */
#ifndef JT_ISSUER_CHANGE_H
#define JT_ISSUER_CHANGE_H

#include "issuer/issuer.h"
#include "issuer/load.h"

/* Publishes a root with the parts given; NULL means the present root's, so the first root needs
 * them all. `settings`, `access` and `keys` stay the caller's. JT_ERR_NOMEM: nothing changed. */
JT_MUST_USE enum jt_err jt_change_publish(struct jt_issuer *issuer, int64_t version,
                                          struct jt_settings *settings, struct jt_access *access,
                                          struct jt_key_part *keys);

/* Begins the transaction of a change: the root is what the store holds, and stays so until the end.
 */
JT_MUST_USE enum jt_err jt_change_begin(struct jt_issuer *issuer, struct jt_diag *diag);

/* Inside the transaction, which has written something: commits, and publishes a root with `access`
 * and with keys from `keyring` (NULL: as they are). Durable first, visible second: nobody acts on a
 * change that a power cut can undo. JT_ERR_NOMEM and the store's errors; should publishing fail
 * after the commit, jt_change_catch_up makes it good. */
JT_MUST_USE enum jt_err jt_change_finish(struct jt_issuer *issuer, struct jt_access *access,
                                         const struct jt_keyring *keyring, struct jt_diag *diag);

/* Gives `err`, and for JT_ERR_STORE puts the store's sentence in `diag` where it has one: calls that
 * read and write within a transaction give none. */
enum jt_err jt_change_tell(const struct jt_issuer *issuer, enum jt_err err, struct jt_diag *diag);

/* Remembers a copy of `keyring` as the keys that are known here. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_change_know(struct jt_issuer *issuer, const struct jt_keyring *keyring);

/* In a transaction: the store's keys, with every step that they are known here to have taken: what
 * was stopped, dropped or revoked stays so, whoever changed its row meanwhile. Rows that lacked one
 * are logged and, `write` given, written again; `out_n` counts them. Errors as jt_keyring_read and
 * jt_keymerge. */
JT_MUST_USE enum jt_err jt_change_read_keys(struct jt_issuer *issuer, bool write,
                                            struct jt_keyring *out_keyring, size_t *out_n,
                                            struct jt_diag *diag);

/* Outside a transaction: publishes all that the store holds, the first root; what was `found` before is
 * not read again where it is of the same history. Rows of strangers among the keys are logged. */
JT_MUST_USE enum jt_err jt_change_publish_stored(struct jt_issuer *issuer,
                                                 struct jt_settings *settings,
                                                 const struct jt_load_found *found,
                                                 struct jt_diag *diag);

/* Outside a transaction: publishes what the store holds and the root does not. Nothing to do:
 * cheap. When the store's history is another than the one that is known (a standby was promoted, a
 * backup restored), all is read anew and the keys that are known here are brought into the store
 * (keymerge.h). Whether the store could be asked is noted (staleness.h). */
JT_MUST_USE enum jt_err jt_change_catch_up(struct jt_issuer *issuer, struct jt_diag *diag);

/* The longest lifetime of the resources of each algorithm, at least an hour. */
void jt_change_longest(const struct jt_access *access, int64_t out_longest_s[JT_ALG_COUNT_]);

#endif
