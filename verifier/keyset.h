/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuer's keys as the workers read them: an immutable set.
 * Ownership: jt_keyset_new gives it; once published, the slots own it. A set holds a reference to
 * each of its keys; a key that was in the set before is the same struct jt_verkey.
 * Thread rule: immutable once made, any thread.
 * Sources: RFC 7517 sec. 4.5, RFC 8725 sec. 3.1.
 */
#ifndef JT_VERIFIER_KEYSET_H
#define JT_VERIFIER_KEYSET_H

#include "common/jose/jwks.h"
#include "verifier/verkey.h"

/* How many keys one token is tried against: duplicate kids, or a token without a kid. */
#define JT_KEYSET_CANDIDATES 4

struct jt_keyset {
    size_t skipped; /* members of the JWK Set that were not usable */
    size_t n;
    struct jt_verkey *keys[];
};

/* Places in `keys` that may have signed a token. */
struct jt_keyset_found {
    size_t n;
    size_t at[JT_KEYSET_CANDIDATES];
};

/* Gives a set of the keys in `jwks`. Those that stand in `before` (NULL: no set) too are taken from
 * there; others get the next numbers from `*next_id`. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_keyset_new(const struct jt_jwks *jwks, const struct jt_keyset *before,
                                      uint64_t *next_id, struct jt_keyset **out_set);

/* The same keys in the same order, and as many members passed over. */
bool jt_keyset_equal(const struct jt_keyset *a, const struct jt_keyset *b);

/* Of the shape that jt_slots_new asks for. NULL is harmless. */
void jt_keyset_free(void *set);

/* Does the key numbered `id` stand in `set` (NULL: none does). */
bool jt_keyset_holds(const struct jt_keyset *set, uint64_t id);

/* The keys to try for a token with `kid` (empty: it names none) and `alg`. JT_ERR_KID: no key has
 * the kid, or none fits, or more than JT_KEYSET_CANDIDATES fit, a token without one. JT_ERR_ALG: no
 * key of that kid is for `alg`. */
JT_MUST_USE enum jt_err jt_keyset_find(const struct jt_keyset *set, struct jt_span kid,
                                       const struct jt_alg_row *alg,
                                       struct jt_keyset_found *out_found);

#endif
