/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuer's keys as the workers read them: an immutable set with a number of its own.
 * Ownership: jt_keyset_new gives it; once published, the slots own it.
 * Thread rule: immutable once made, any thread.
 * Sources: RFC 7517 sec. 4.5, RFC 8725 sec. 3.1.
 */
#ifndef JT_VERIFIER_KEYSET_H
#define JT_VERIFIER_KEYSET_H

#include "common/jose/jwks.h"

/* How many keys one token is tried against: duplicate kids, or a token without a kid. */
#define JT_KEYSET_CANDIDATES 4

struct jt_keyset {
    uint64_t generation; /* differs from that of every other set of the verifier; never 0 */
    struct jt_jwks *jwks;
};

/* Places in `jwks->keys` that may have signed a token. */
struct jt_keyset_found {
    size_t n;
    size_t at[JT_KEYSET_CANDIDATES];
};

/* Gives a set of `jwks`, which it takes (also on failure). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keyset_new(struct jt_jwks *jwks, uint64_t generation,
                                      struct jt_keyset **out_set);

/* Of the shape that jt_slots_new asks for. NULL is harmless. */
void jt_keyset_free(void *set);

/* The keys to try for a token with `kid` (empty: it names none) and `alg`. JT_ERR_KID: no key has
 * the kid, or none fits, or more than JT_KEYSET_CANDIDATES fit, a token without one. JT_ERR_ALG: no
 * key of that kid is for `alg`. */
JT_MUST_USE enum jt_err jt_keyset_find(const struct jt_keyset *set, struct jt_span kid,
                                       const struct jt_alg_row *alg,
                                       struct jt_keyset_found *out_found);

#endif
