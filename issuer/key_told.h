/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to know of a key step that an operator takes, in numbers of this issuer: who has
 * seen the next key, which tokens die, and that automatic steps wait. Others on the same database
 * count their own.
 * Ownership: none. Thread rule: with the issuer's write lock; unexpired: any thread.
 */
#ifndef JT_ISSUER_KEY_TOLD_H
#define JT_ISSUER_KEY_TOLD_H

#include "issuer/issuer.h"

/* How many unexpired tokens of `key` there are at most, by this issuer's count. False: it does not
 * know, for it started when tokens from before may still live, or could not count all. */
bool jt_key_told_unexpired(const struct jt_issuer *issuer, const struct jt_key_times *key,
                           uint64_t *out_tokens);

/* Adds how often the set with the next key of `alg` was fetched, when the key is younger than the
 * lead. */
void jt_key_told_young(const struct jt_issuer *issuer, const struct jt_keyring *keyring,
                       enum jt_alg alg, struct jt_diag *diag);

/* Adds how many tokens of `kid` (NULL: of every published key) die at most. */
void jt_key_told_dying(const struct jt_issuer *issuer, const struct jt_keyring *keyring,
                       const char *kid, struct jt_diag *diag);

/* Adds that automatic steps wait, after a jump of the clock; nothing when they do not. */
void jt_key_told_pause(const struct jt_issuer *issuer, struct jt_diag *diag);

#endif
