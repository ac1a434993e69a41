/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/keyset.h"

#include <stdlib.h>

#include "common/base/base.h"

static struct jt_keyset *make(size_t room)
{
    return calloc(1, sizeof(struct jt_keyset) + room * sizeof(struct jt_verkey *));
}

static struct jt_verkey *find_same(const struct jt_keyset *set, const struct jt_jwk *jwk)
{
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (jt_verkey_is(set->keys[i], jwk)) {
            return set->keys[i];
        }
    }
    return NULL;
}

enum jt_err jt_keyset_new(const struct jt_jwks *jwks, const struct jt_keyset *before,
                          uint64_t *next_id, struct jt_keyset **out_set)
{
    struct jt_keyset *set = make(jwks->n);
    if (set == NULL) {
        return JT_ERR_NOMEM;
    }
    set->skipped = jwks->skipped;
    for (size_t i = 0; i < jwks->n; i++) {
        struct jt_verkey *key = find_same(before, jwks->keys[i]);
        if (key != NULL) {
            set->keys[set->n++] = jt_verkey_ref(key);
            continue;
        }
        enum jt_err err = jt_verkey_new(jwks->keys[i], *next_id, &key);
        if (err != JT_OK) {
            jt_keyset_free(set);
            return err;
        }
        (*next_id)++;
        set->keys[set->n++] = key;
    }
    *out_set = set;
    return JT_OK;
}

bool jt_keyset_equal(const struct jt_keyset *a, const struct jt_keyset *b)
{
    return a->n == b->n && a->skipped == b->skipped &&
           memcmp(a->keys, b->keys, a->n * sizeof a->keys[0]) == 0;
}

void jt_keyset_free(void *set)
{
    struct jt_keyset *keyset = set;
    if (keyset == NULL) {
        return;
    }
    for (size_t i = 0; i < keyset->n; i++) {
        jt_verkey_free(keyset->keys[i]);
    }
    free(keyset);
}

bool jt_keyset_holds(const struct jt_keyset *set, uint64_t id)
{
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (set->keys[i]->id == id) {
            return true;
        }
    }
    return false;
}

/* A token without a kid is tried against the keys that fit, if they are few. */
static enum jt_err find_without_kid(const struct jt_keyset *set, const struct jt_alg_row *alg,
                                    struct jt_keyset_found *found)
{
    for (size_t i = 0; i < set->n; i++) {
        if (!jt_jwk_fits(set->keys[i]->jwk, alg)) {
            continue;
        }
        if (found->n == JT_KEYSET_CANDIDATES) {
            return JT_ERR_KID;
        }
        found->at[found->n++] = i;
    }
    return found->n > 0 ? JT_OK : JT_ERR_KID;
}

enum jt_err jt_keyset_find(const struct jt_keyset *set, struct jt_span kid,
                           const struct jt_alg_row *alg, struct jt_keyset_found *out_found)
{
    out_found->n = 0;
    if (kid.n == 0) {
        return find_without_kid(set, alg, out_found);
    }
    bool known = false;
    for (size_t i = 0; i < set->n && out_found->n < JT_KEYSET_CANDIDATES; i++) {
        const struct jt_jwk *jwk = set->keys[i]->jwk;
        /* RFC 7517 sec. 4.5: kid is opaque and case-sensitive */
        if (!jt_span_eq(kid, jt_span_of(jwk->kid, jwk->kid_len))) {
            continue;
        }
        known = true;
        /* RFC 8725 sec. 3.1: each key is used with exactly the algorithms it is for */
        if (jt_jwk_fits(jwk, alg)) {
            out_found->at[out_found->n++] = i;
        }
    }
    if (!known) {
        return JT_ERR_KID;
    }
    return out_found->n > 0 ? JT_OK : JT_ERR_ALG;
}
