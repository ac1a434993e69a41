/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "common/base/secret.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "common/base/base.h"

void jt_secret_wipe(void *p, size_t n)
{
    if (p != NULL && n > 0) {
        OPENSSL_cleanse(p, n);
    }
}

enum jt_err jt_secret_alloc(struct jt_secret *s, size_t n)
{
    jt_secret_release(s);
    uint8_t *p = calloc(1, n == 0 ? 1 : n);
    if (p == NULL) {
        return JT_ERR_NOMEM;
    }
    s->p = p;
    s->n = n;
    return JT_OK;
}

enum jt_err jt_secret_alloc_locked(struct jt_secret *s, size_t n)
{
    if (CRYPTO_secure_malloc_initialized() != 1) {
        return jt_secret_alloc(s, n);
    }
    jt_secret_release(s);
    uint8_t *p = OPENSSL_secure_zalloc(n == 0 ? 1 : n);
    if (p == NULL) {
        return JT_ERR_NOMEM;
    }
    s->p = p;
    s->n = n;
    return JT_OK;
}

/* Fills `copy`, which holds as many bytes, and makes it `s`; only then is what `s` held wiped, for
 * `bytes` may be a part of it. */
static void take_copy(struct jt_secret *s, struct jt_secret *copy, struct jt_span bytes)
{
    if (copy->p != NULL && bytes.n > 0) {
        memcpy(copy->p, bytes.p, bytes.n);
    }
    jt_secret_release(s);
    *s = *copy;
}

enum jt_err jt_secret_copy(struct jt_secret *s, struct jt_span bytes)
{
    struct jt_secret copy = JT_SECRET_INIT;
    enum jt_err err = jt_secret_alloc(&copy, bytes.n);
    take_copy(s, &copy, bytes);
    return err;
}

enum jt_err jt_secret_copy_locked(struct jt_secret *s, struct jt_span bytes)
{
    struct jt_secret copy = JT_SECRET_INIT;
    enum jt_err err = jt_secret_alloc_locked(&copy, bytes.n);
    take_copy(s, &copy, bytes);
    return err;
}

void jt_secret_release(struct jt_secret *s)
{
    jt_secret_wipe(s->p, s->n);
    if (CRYPTO_secure_allocated(s->p)) {
        OPENSSL_secure_free(s->p);
    } else {
        free(s->p);
    }
    s->p = NULL;
    s->n = 0;
}

bool jt_secret_eq(struct jt_span a, struct jt_span b)
{
    return a.n == b.n && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}
