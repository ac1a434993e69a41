/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When client secrets were last used: noted in memory by each request (client_secret.h), kept in
 * the store by a write a minute for all of them, none for a token.
 * Thread rule: with the issuer's write lock, outside a transaction.
 */
#ifndef JT_ISSUER_USES_H
#define JT_ISSUER_USES_H

#include "issuer/issuer.h"

/* Takes what the store knows into the root's clients. The store's errors. */
JT_MUST_USE enum jt_err jt_uses_load(struct jt_issuer *issuer);

/* Has a minute passed since the last writing, or the clock been set back? */
bool jt_uses_due(const struct jt_issuer *issuer);

/* Writes the uses since the last time, in one transaction of no version, and takes those that other
 * issuers have written; nothing to write: cheap. */
JT_MUST_USE enum jt_err jt_uses_save(struct jt_issuer *issuer, struct jt_diag *diag);

#endif
