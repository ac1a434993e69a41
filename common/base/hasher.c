/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MAC is put together here because libcrypto's own context would keep its inner state, with
 * which MACs can be made, in memory that may be swapped; this one's is left behind by a digest that
 * has ended.
 */
#define JT_POISON_MEMCMP
#include "common/base/hasher.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "common/base/secret.h"

#include "common/base/base.h"

#define BLOCK 64 /* bytes of a block of SHA-256 */

struct jt_hasher {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    struct jt_secret pads; /* the key xor ipad, then the key xor opad; of a block each */
};

/* RFC 2104 sec. 2: a key longer than a block is hashed, one shorter filled up with zeros. */
static enum jt_err make_pads(struct jt_hasher *hasher, struct jt_span key)
{
    JT_TRY(jt_secret_alloc_locked(&hasher->pads, (size_t)2 * BLOCK));
    uint8_t *inner = hasher->pads.p, *outer = inner + BLOCK;
    if (key.n > BLOCK) {
        JT_TRY(jt_hasher_sha256(hasher, key, inner));
    } else {
        memcpy(inner, key.p, key.n);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5C;
        inner[i] ^= 0x36;
    }
    return JT_OK;
}

enum jt_err jt_hasher_new(struct jt_span key, struct jt_hasher **out_hasher)
{
    if (key.n == 0) {
        return JT_ERR_ARGUMENT; /* a MAC that anybody can make: a key was never set */
    }
    struct jt_hasher *hasher = calloc(1, sizeof *hasher);
    if (hasher == NULL) {
        return JT_ERR_NOMEM;
    }
    hasher->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->ctx = EVP_MD_CTX_new();
    enum jt_err err = JT_ERR_CRYPTO;
    if (hasher->md != NULL && hasher->ctx != NULL &&
        EVP_DigestInit_ex2(hasher->ctx, hasher->md, NULL) == 1) {
        err = make_pads(hasher, key);
    }
    if (err != JT_OK) {
        jt_hasher_free(hasher);
        return err;
    }
    *out_hasher = hasher;
    return JT_OK;
}

void jt_hasher_free(struct jt_hasher *hasher)
{
    if (hasher != NULL) {
        jt_secret_release(&hasher->pads);
        EVP_MD_CTX_free(hasher->ctx); /* wipes */
        EVP_MD_free(hasher->md);
        free(hasher);
    }
}

/* The digest of `first` and `then`, one after the other. */
static enum jt_err digest(struct jt_hasher *hasher, struct jt_span first, struct jt_span then,
                          uint8_t out[JT_SHA256_LEN])
{
    unsigned int n = 0;
    /* NULL: the algorithm that the context has */
    bool done = EVP_DigestInit_ex2(hasher->ctx, NULL, NULL) == 1 &&
                EVP_DigestUpdate(hasher->ctx, first.p, first.n) == 1 &&
                EVP_DigestUpdate(hasher->ctx, then.p, then.n) == 1 &&
                EVP_DigestFinal_ex(hasher->ctx, out, &n) == 1 && n == JT_SHA256_LEN;
    return done ? JT_OK : JT_ERR_CRYPTO;
}

enum jt_err jt_hasher_sha256(struct jt_hasher *hasher, struct jt_span bytes,
                             uint8_t out[JT_SHA256_LEN])
{
    return digest(hasher, bytes, JT_SPAN_NONE, out);
}

enum jt_err jt_hasher_hmac(struct jt_hasher *hasher, struct jt_span bytes,
                           uint8_t out[JT_SHA256_LEN])
{
    const struct jt_span inner = {hasher->pads.p, BLOCK}, outer = {hasher->pads.p + BLOCK, BLOCK};
    JT_TRY(digest(hasher, inner, bytes, out));
    return digest(hasher, outer, jt_span_of(out, JT_SHA256_LEN), out);
}
