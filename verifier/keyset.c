/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/keyset.h"

#include <stdlib.h>

#include "common/base/base.h"

enum jt_err jt_keyset_new(struct jt_jwks *jwks, uint64_t generation, struct jt_keyset **out_set)
{
    struct jt_keyset *set = malloc(sizeof *set);
    if (set == NULL) {
        jt_jwks_free(jwks);
        return JT_ERR_NOMEM;
    }
    *set = (struct jt_keyset){.generation = generation, .jwks = jwks};
    *out_set = set;
    return JT_OK;
}

void jt_keyset_free(void *set)
{
    struct jt_keyset *keyset = set;
    if (keyset == NULL) {
        return;
    }
    jt_jwks_free(keyset->jwks);
    free(keyset);
}

/* A token without a kid is tried against the keys that fit, if they are few. */
static enum jt_err find_without_kid(const struct jt_keyset *set, const struct jt_alg_row *alg,
                                    struct jt_keyset_found *found)
{
    for (size_t i = 0; i < set->jwks->n; i++) {
        if (!jt_jwk_fits(set->jwks->keys[i], alg)) {
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
    for (size_t i = 0; i < set->jwks->n && out_found->n < JT_KEYSET_CANDIDATES; i++) {
        const struct jt_jwk *jwk = set->jwks->keys[i];
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
