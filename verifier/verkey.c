/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verkey.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/base.h"

enum jt_err jt_verkey_new(struct jt_jwk *jwk, uint64_t id, struct jt_verkey **out_key)
{
    struct jt_verkey *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return JT_ERR_NOMEM;
    }
    key->id = id;
    key->jwk = jt_jwk_ref(jwk);
    atomic_init(&key->refs, 1);
    *out_key = key;
    return JT_OK;
}

struct jt_verkey *jt_verkey_ref(struct jt_verkey *key)
{
    atomic_fetch_add(&key->refs, 1);
    return key;
}

void jt_verkey_free(struct jt_verkey *key)
{
    if (key == NULL || atomic_fetch_sub(&key->refs, 1) > 1) {
        return;
    }
    jt_p256_free(atomic_load(&key->table));
    jt_jwk_free(key->jwk);
    free(key);
}

bool jt_verkey_is(const struct jt_verkey *key, const struct jt_jwk *jwk)
{
    const struct jt_jwk *own = key->jwk;
    /* RFC 7638: the thumbprint stands for the key itself; alg and kid decide what it is used for */
    return own->alg == jwk->alg &&
           jt_span_eq(jt_span_of(own->kid, own->kid_len), jt_span_of(jwk->kid, jwk->kid_len)) &&
           jt_span_is(jt_span_str(own->thumbprint), jwk->thumbprint);
}

bool jt_verkey_make_table(struct jt_verkey *key)
{
    struct jt_p256 *table = NULL;
    enum jt_err err = jt_p256_new(key->jwk->pkey, &table);
    if (err == JT_OK) {
        atomic_store(&key->table, table);
    }
    key->tried = err != JT_ERR_NOMEM;
    return key->tried;
}
