/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key of an issuer as the workers use it: the JWK, a number by which it is known for as long as
 * it stays in the set, and what is made for it once in the background. It is shared by every set
 * that the key stands in.
 * Ownership: reference counted; jt_verkey_new gives the first reference.
 * Thread rule: any thread, but jt_verkey_make_table: one thread at a time.
 * Source: RFC 7517 sec. 4.
 */
#ifndef JT_VERIFIER_VERKEY_H
#define JT_VERIFIER_VERKEY_H

#include "common/jose/jwk.h"
#include "verifier/crypto/p256.h"

struct jt_verkey {
    uint64_t id; /* differs from that of every other key of the source; never 0 */
    struct jt_jwk *jwk;
    _Atomic bool wants_table;      /* a token was verified that a table would have been good for */
    struct jt_p256 *_Atomic table; /* NULL: none */
    bool tried;                    /* to make a table; of who makes them */
    _Atomic unsigned refs;
};

/* Gives a key of `jwk`, to which it adds a reference. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_verkey_new(struct jt_jwk *jwk, uint64_t id, struct jt_verkey **out_key);

/* Gives one more reference. */
struct jt_verkey *jt_verkey_ref(struct jt_verkey *key);

/* Drops a reference; the last one frees. NULL is harmless. */
void jt_verkey_free(struct jt_verkey *key);

/* Is it the same key under the same names: what is known of the one holds for the other. */
bool jt_verkey_is(const struct jt_verkey *key, const struct jt_jwk *jwk);

/* Makes the table, which takes tens of milliseconds, and marks the key as tried. False when memory
 * was short: it may be tried again. */
bool jt_verkey_make_table(struct jt_verkey *key);

#endif
