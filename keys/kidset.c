/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/kidset.h"

#include <stdlib.h>

#include "common/base/base.h"

/* Where `kid` stands; set->n when nowhere. */
static size_t find(const struct jt_kidset *set, struct jt_span kid)
{
    size_t i = 0;
    while (i < set->n && !jt_span_eq(jt_span_of(set->kids[i], JT_JWK_THUMBPRINT_LEN), kid)) {
        i++;
    }
    return i;
}

bool jt_kidset_has(const struct jt_kidset *set, struct jt_span kid)
{
    return find(set, kid) < set->n;
}

enum jt_err jt_kidset_add(struct jt_kidset *set, struct jt_span kid)
{
    if (kid.n != JT_JWK_THUMBPRINT_LEN) {
        return JT_ERR_ARGUMENT;
    }
    if (jt_kidset_has(set, kid)) {
        return JT_OK;
    }
    if (set->n == set->cap) {
        size_t cap = set->cap == 0 ? 16 : set->cap * 2;
        char(*kids)[JT_JWK_THUMBPRINT_LEN] = realloc(set->kids, cap * sizeof *kids);
        if (kids == NULL) {
            return JT_ERR_NOMEM;
        }
        set->kids = kids;
        set->cap = cap;
    }
    memcpy(set->kids[set->n++], kid.p, JT_JWK_THUMBPRINT_LEN);
    return JT_OK;
}

void jt_kidset_remove(struct jt_kidset *set, struct jt_span kid)
{
    size_t i = find(set, kid);
    if (i < set->n) {
        memmove(set->kids[i], set->kids[--set->n], JT_JWK_THUMBPRINT_LEN);
    }
}

void jt_kidset_release(struct jt_kidset *set)
{
    free(set->kids);
    *set = (struct jt_kidset)JT_KIDSET_INIT;
}
