/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/sigcheck.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/jose/jws.h"

#include "common/base/base.h"

struct jt_sigcheck {
    uint64_t generation; /* of the set that `prepared` is for; 0: none */
    EVP_PKEY_CTX *prepared[JT_JWKS_MAX_KEYS][JT_ALG_COUNT_];
    EVP_MD_CTX *digests[JT_ALG_COUNT_]; /* each keeps its fetched digest */
};

enum jt_err jt_sigcheck_new(struct jt_sigcheck **out_check)
{
    struct jt_sigcheck *check = calloc(1, sizeof *check);
    if (check == NULL) {
        return JT_ERR_NOMEM;
    }
    *out_check = check;
    return JT_OK;
}

static void drop_prepared(struct jt_sigcheck *check)
{
    for (size_t i = 0; i < JT_JWKS_MAX_KEYS; i++) {
        for (size_t alg = 0; alg < JT_ALG_COUNT_; alg++) {
            EVP_PKEY_CTX_free(check->prepared[i][alg]);
            check->prepared[i][alg] = NULL;
        }
    }
}

void jt_sigcheck_free(struct jt_sigcheck *check)
{
    if (check == NULL) {
        return;
    }
    drop_prepared(check);
    for (size_t alg = 0; alg < JT_ALG_COUNT_; alg++) {
        EVP_MD_CTX_free(check->digests[alg]);
    }
    free(check);
}

/* What libcrypto's failure means: out of memory stands first or last among what it tells. */
static enum jt_err failure(enum jt_err otherwise)
{
    return ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE ||
                   ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE
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

static enum jt_err prepare_key(const struct jt_jwk *jwk, const struct jt_alg_row *alg,
                               const EVP_MD *md, EVP_PKEY_CTX **out_ctx)
{
    EVP_PKEY *own = EVP_PKEY_dup(jwk->pkey);
    EVP_PKEY_CTX *ctx = own == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    EVP_PKEY_free(own); /* the context holds it */
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, md) != 1 ||
        (alg->kty == JT_KTY_RSA && !set_rsa(ctx, alg))) {
        EVP_PKEY_CTX_free(ctx);
        return failure(JT_ERR_CRYPTO);
    }
    *out_ctx = ctx;
    return JT_OK;
}

static enum jt_err prepare_digest(const struct jt_alg_row *alg, EVP_MD_CTX **out_digest)
{
    EVP_MD *md = EVP_MD_fetch(NULL, alg->md, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
    EVP_MD_free(md); /* the context holds it */
    if (!ok) {
        EVP_MD_CTX_free(ctx);
        return failure(JT_ERR_CRYPTO);
    }
    *out_digest = ctx;
    return JT_OK;
}

/* The context for key `at` and `alg`, and the digest that goes with it, made at first use. */
static enum jt_err prepare(struct jt_sigcheck *check, const struct jt_keyset *set, size_t at,
                           const struct jt_alg_row *alg)
{
    if (check->generation != set->generation) {
        drop_prepared(check);
        check->generation = set->generation;
    }
    if (check->digests[alg->id] == NULL) {
        JT_TRY(prepare_digest(alg, &check->digests[alg->id]));
    }
    if (check->prepared[at][alg->id] == NULL) {
        const EVP_MD *md = EVP_MD_CTX_get0_md(check->digests[alg->id]);
        JT_TRY(prepare_key(set->jwks->keys[at], alg, md, &check->prepared[at][alg->id]));
    }
    return JT_OK;
}

static enum jt_err verify_ed25519(const struct jt_jwk *jwk, struct jt_span message,
                                  struct jt_span signature)
{
    /* RFC 8032 sec. 5.1.7, and libsodium refuses keys and R of small order and S not reduced */
    int bad = crypto_sign_verify_detached(signature.p, message.p, message.n, jwk->ed25519);
    return bad == 0 ? JT_OK : JT_ERR_SIGNATURE;
}

static enum jt_err verify_digest(EVP_MD_CTX *digest, EVP_PKEY_CTX *key, struct jt_span message,
                                 struct jt_span signature)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned hash_n = 0;
    if (EVP_DigestInit_ex2(digest, NULL, NULL) != 1 ||
        EVP_DigestUpdate(digest, message.p, message.n) != 1 ||
        EVP_DigestFinal_ex(digest, hash, &hash_n) != 1) {
        return failure(JT_ERR_CRYPTO);
    }
    /* 1 alone is success: 0 and negative numbers both mean that it does not verify */
    if (EVP_PKEY_verify(key, signature.p, signature.n, hash, hash_n) != 1) {
        return failure(JT_ERR_SIGNATURE);
    }
    return JT_OK;
}

static enum jt_err verify_prepared(struct jt_sigcheck *check, const struct jt_keyset *set,
                                   size_t at, const struct jt_alg_row *alg, struct jt_span message,
                                   struct jt_span signature)
{
    JT_TRY(prepare(check, set, at, alg));
    uint8_t der[JT_JWS_DER_MAX];
    if (alg->kty == JT_KTY_EC) {
        size_t der_n = 0;
        JT_TRY(jt_jws_raw_to_der(signature, alg->coord_len, der, &der_n));
        signature = jt_span_of(der, der_n);
    }
    return verify_digest(check->digests[alg->id], check->prepared[at][alg->id], message, signature);
}

enum jt_err jt_sigcheck_verify(struct jt_sigcheck *check, const struct jt_keyset *set, size_t at,
                               const struct jt_alg_row *alg, struct jt_span message,
                               struct jt_span signature)
{
    const struct jt_jwk *jwk = set->jwks->keys[at];
    /* RFC 7518 sec. 3.3 to 3.5, RFC 8032 sec. 5.1.6: the exact length of the key's signatures */
    size_t length =
        alg->kty == JT_KTY_RSA ? (size_t)EVP_PKEY_get_size(jwk->pkey) : 2 * alg->coord_len;
    if (signature.n != length) {
        return JT_ERR_SIGNATURE;
    }
    if (alg->kty == JT_KTY_OKP) {
        return verify_ed25519(jwk, message, signature);
    }
    (void)ERR_set_mark(); /* the error queue is the program's; an empty one needs no mark */
    enum jt_err err = verify_prepared(check, set, at, alg, message, signature);
    (void)ERR_pop_to_mark(); /* as above */
    return err;
}
