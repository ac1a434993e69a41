/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/crypto/sigcheck.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/jose/jws.h"
#include "verifier/crypto/ed25519.h"

#include "common/base/base.h"

/* What is prepared for one key. */
struct prepared {
    uint64_t key; /* its number; 0: none yet */
    EVP_PKEY_CTX *ctx[JT_ALG_COUNT_];
};

struct jt_sigcheck {
    struct prepared prepared[JT_JWKS_MAX_KEYS]; /* by the key's place in its set */
    EVP_MD_CTX *digests[JT_ALG_COUNT_];         /* each keeps its fetched digest */
    struct jt_p256_scratch *scratch;            /* NULL: no tables in this build */
    unsigned long error_before;                 /* the last of the program's own; 0: none */
};

enum jt_err jt_sigcheck_new(struct jt_sigcheck **out_check)
{
    struct jt_sigcheck *check = calloc(1, sizeof *check);
    if (check == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_p256_scratch_new(&check->scratch);
    if (err != JT_OK && err != JT_ERR_NOT_FOUND) {
        jt_sigcheck_free(check);
        return err;
    }
    *out_check = check;
    return JT_OK;
}

static void forget(struct prepared *prepared)
{
    for (size_t alg = 0; alg < JT_ALG_COUNT_; alg++) {
        EVP_PKEY_CTX_free(prepared->ctx[alg]);
    }
    *prepared = (struct prepared){0};
}

void jt_sigcheck_free(struct jt_sigcheck *check)
{
    if (check == NULL) {
        return;
    }
    for (size_t i = 0; i < JT_JWKS_MAX_KEYS; i++) {
        forget(&check->prepared[i]);
    }
    for (size_t alg = 0; alg < JT_ALG_COUNT_; alg++) {
        EVP_MD_CTX_free(check->digests[alg]);
    }
    jt_p256_scratch_free(check->scratch);
    free(check);
}

/* What libcrypto's failure means. Out of memory stands first or last among what it tells; where errors
 * of the program's stand before, first is theirs, and the same one last may be. */
static enum jt_err failure(const struct jt_sigcheck *check, enum jt_err otherwise)
{
    unsigned long last = ERR_peek_last_error();
    unsigned long first = check->error_before == 0 ? ERR_peek_error() : last;
    if (last == check->error_before) {
        return otherwise;
    }
    return ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE ||
                   ERR_GET_REASON(last) == ERR_R_MALLOC_FAILURE
               ? JT_ERR_NOMEM
               : otherwise;
}

static bool set_rsa(EVP_PKEY_CTX *ctx, const struct jt_alg_row *alg)
{
    if (!alg->pss) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    }
    /* RFC 7518 sec. 3.5: a salt as long as the digest, and MGF1 with the same digest, which is what
     * libcrypto takes when it is told none */
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static enum jt_err prepare_key(const struct jt_sigcheck *check, const struct jt_jwk *jwk,
                               const struct jt_alg_row *alg, const EVP_MD *md,
                               EVP_PKEY_CTX **out_ctx)
{
    EVP_PKEY *own = EVP_PKEY_dup(jwk->pkey);
    EVP_PKEY_CTX *ctx = own == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    EVP_PKEY_free(own); /* the context holds it */
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, md) != 1 ||
        (alg->kty == JT_KTY_RSA && !set_rsa(ctx, alg))) {
        EVP_PKEY_CTX_free(ctx);
        return failure(check, JT_ERR_CRYPTO);
    }
    *out_ctx = ctx;
    return JT_OK;
}

static enum jt_err prepare_digest(const struct jt_sigcheck *check, const struct jt_alg_row *alg,
                                  EVP_MD_CTX **out_digest)
{
    EVP_MD *md = EVP_MD_fetch(NULL, alg->md, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
    EVP_MD_free(md); /* the context holds it */
    if (!ok) {
        EVP_MD_CTX_free(ctx);
        return failure(check, JT_ERR_CRYPTO);
    }
    *out_digest = ctx;
    return JT_OK;
}

/* The context for `key` at place `at`, and `alg`, made at first use. */
static enum jt_err find_key(struct jt_sigcheck *check, const struct jt_verkey *key, size_t at,
                            const struct jt_alg_row *alg, EVP_PKEY_CTX **out_ctx)
{
    struct prepared *prepared = &check->prepared[at];
    if (prepared->key != key->id) {
        forget(prepared); /* another key stood here */
        prepared->key = key->id;
    }
    if (prepared->ctx[alg->id] == NULL) {
        const EVP_MD *md = EVP_MD_CTX_get0_md(check->digests[alg->id]);
        JT_TRY(prepare_key(check, key->jwk, alg, md, &prepared->ctx[alg->id]));
    }
    *out_ctx = prepared->ctx[alg->id];
    return JT_OK;
}

static enum jt_err make_digest(struct jt_sigcheck *check, const struct jt_alg_row *alg,
                               struct jt_span message, uint8_t out[EVP_MAX_MD_SIZE],
                               unsigned *out_n)
{
    if (check->digests[alg->id] == NULL) {
        JT_TRY(prepare_digest(check, alg, &check->digests[alg->id]));
    }
    EVP_MD_CTX *ctx = check->digests[alg->id];
    return EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 &&
                   EVP_DigestUpdate(ctx, message.p, message.n) == 1 &&
                   EVP_DigestFinal_ex(ctx, out, out_n) == 1
               ? JT_OK
               : failure(check, JT_ERR_CRYPTO);
}

static enum jt_err verify_by_evp(const struct jt_sigcheck *check, EVP_PKEY_CTX *ctx,
                                 const struct jt_alg_row *alg, struct jt_span digest,
                                 struct jt_span signature)
{
    uint8_t der[JT_JWS_DER_MAX];
    if (alg->kty == JT_KTY_EC) {
        size_t der_n = 0;
        JT_TRY(jt_jws_raw_to_der(signature, alg->coord_len, der, &der_n));
        signature = jt_span_of(der, der_n);
    }
    /* 1 alone is success: 0 and negative numbers both mean that it does not verify */
    return EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1
               ? JT_OK
               : failure(check, JT_ERR_SIGNATURE);
}

static enum jt_err verify_digest(struct jt_sigcheck *check, const struct jt_verkey *key, size_t at,
                                 const struct jt_alg_row *alg, struct jt_span message,
                                 struct jt_span signature)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_n = 0;
    EVP_PKEY_CTX *ctx = NULL;
    JT_TRY(make_digest(check, alg, message, digest, &digest_n));
    const struct jt_p256 *table = atomic_load_explicit(&key->table, memory_order_acquire);
    if (alg->id == JT_ALG_ES256 && table != NULL && check->scratch != NULL) {
        enum jt_err err = jt_p256_verify(table, check->scratch, digest, signature.p);
        if (err == JT_OK || err == JT_ERR_SIGNATURE) {
            return err;
        }
    }
    JT_TRY(find_key(check, key, at, alg, &ctx));
    return verify_by_evp(check, ctx, alg, jt_span_of(digest, digest_n), signature);
}

enum jt_err jt_sigcheck_verify(struct jt_sigcheck *check, const struct jt_verkey *key, size_t at,
                               const struct jt_alg_row *alg, struct jt_span message,
                               struct jt_span signature)
{
    /* RFC 7518 sec. 3.3 to 3.5, RFC 8032 sec. 5.1.6: the exact length of the key's signatures */
    size_t length =
        alg->kty == JT_KTY_RSA ? (size_t)EVP_PKEY_get_size(key->jwk->pkey) : 2 * alg->coord_len;
    if (signature.n != length) {
        return JT_ERR_SIGNATURE;
    }
    if (alg->kty == JT_KTY_OKP) {
        return jt_ed25519_verify(key->jwk->ed25519, message, signature);
    }
    check->error_before = ERR_peek_last_error();
    (void)ERR_set_mark(); /* the error queue is the program's; an empty one needs no mark */
    enum jt_err err = verify_digest(check, key, at, alg, message, signature);
    (void)ERR_pop_to_mark(); /* as above */
    return err;
}

bool jt_sigcheck_lacks_table(const struct jt_verkey *key, const struct jt_alg_row *alg)
{
    return alg->id == JT_ALG_ES256 &&
           atomic_load_explicit(&key->table, memory_order_relaxed) == NULL;
}
