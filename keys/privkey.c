/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/privkey.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/jose/jws.h"
#include "keys/keycode.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

struct jt_privkey {
    const struct jt_alg_row *alg;
    EVP_PKEY *pkey;             /* EC, RSA */
    EVP_MD *md;                 /* EC, RSA, and those in a token */
    struct jt_pkcs11_key *pair; /* in a token */
    struct jt_secret ed25519;   /* libsodium's form: seed, then public key */
};

struct jt_privkey_ctx {
    const struct jt_privkey *key;
    EVP_PKEY_CTX *sign; /* NULL for Ed25519, as is md, and for a key in a token */
    EVP_MD_CTX *md;
    struct jt_pkcs11_hold hold;
};

/* Signs once, for what libcrypto makes of an RSA key at its first signature holds p and q and stays
 * with the key. */
static enum jt_err settle(const struct jt_privkey *key)
{
    struct jt_privkey_ctx *ctx = NULL;
    uint8_t sig[JT_JWS_MAX_SIG];
    if (key->alg->kty != JT_KTY_RSA || key->pkey == NULL) {
        return JT_OK;
    }
    JT_TRY(jt_privkey_ctx_new(key, &ctx));
    jt_memory_guard_enter();
    enum jt_err err = jt_privkey_sign(ctx, JT_SPAN_NONE, sig);
    jt_memory_guard_leave();
    jt_privkey_ctx_free(ctx);
    return err;
}

enum jt_err jt_privkey_from_pkey(const struct jt_alg_row *alg, struct evp_pkey_st *pkey,
                                 struct jt_privkey **out_key)
{
    struct jt_privkey *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return JT_ERR_NOMEM;
    }
    key->alg = alg;
    key->pkey = pkey;
    key->md = EVP_MD_fetch(NULL, alg->md, NULL);
    enum jt_err err = key->md == NULL ? JT_ERR_CRYPTO : settle(key);
    if (err != JT_OK) {
        jt_privkey_free(key);
        return err;
    }
    *out_key = key;
    return JT_OK;
}

enum jt_err jt_privkey_from_pkcs11(const struct jt_alg_row *alg, struct jt_pkcs11_key *pair,
                                   struct jt_privkey **out_key)
{
    struct jt_privkey *key = NULL;
    enum jt_err err = jt_privkey_from_pkey(alg, NULL, &key);
    if (err != JT_OK) {
        jt_pkcs11_key_free(pair);
        return err;
    }
    key->pair = pair;
    *out_key = key;
    return JT_OK;
}

enum jt_err jt_privkey_from_seed(const struct jt_alg_row *alg, struct jt_span seed,
                                 struct jt_privkey **out_key)
{
    if (seed.n != JT_PRIVKEY_SEED_LEN) {
        return JT_ERR_ARGUMENT;
    }
    struct jt_privkey *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return JT_ERR_NOMEM;
    }
    key->alg = alg;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    enum jt_err err = jt_secret_alloc_locked(&key->ed25519, crypto_sign_SECRETKEYBYTES);
    if (err == JT_OK && crypto_sign_seed_keypair(public_key, key->ed25519.p, seed.p) != 0) {
        err = JT_ERR_CRYPTO;
    }
    if (err != JT_OK) {
        jt_privkey_free(key);
        return err;
    }
    *out_key = key;
    return JT_OK;
}

void jt_privkey_free(struct jt_privkey *key)
{
    if (key == NULL) {
        return;
    }
    EVP_PKEY_free(key->pkey); /* libcrypto wipes the private numbers */
    EVP_MD_free(key->md);
    jt_pkcs11_key_free(key->pair);
    jt_secret_release(&key->ed25519);
    free(key);
}

enum jt_err jt_privkey_encode(const struct jt_privkey *key, struct jt_secret *out_bytes)
{
    if (key->pair != NULL) {
        return jt_pkcs11_key_refer(key->pair, out_bytes);
    }
    if (key->pkey != NULL) {
        return jt_keycode_encode(key->alg, key->pkey, out_bytes);
    }
    return jt_secret_copy_locked(out_bytes, jt_span_of(key->ed25519.p, JT_PRIVKEY_SEED_LEN));
}

static enum jt_err decode_reference(const struct jt_alg_row *alg, struct jt_span bytes,
                                    struct jt_pkcs11 *token, struct jt_privkey **out_key,
                                    struct jt_diag *diag)
{
    struct jt_pkcs11_key *pair = NULL;
    JT_TRY(jt_pkcs11_key_find(token, alg, bytes, &pair, diag));
    return jt_privkey_from_pkcs11(alg, pair, out_key);
}

enum jt_err jt_privkey_decode(const struct jt_alg_row *alg, struct jt_span bytes,
                              struct jt_pkcs11 *token, struct jt_privkey **out_key,
                              struct jt_diag *diag)
{
    if (jt_pkcs11_key_is_reference(bytes)) {
        return decode_reference(alg, bytes, token, out_key, diag);
    }
    if (alg->kty == JT_KTY_OKP) {
        return bytes.n == JT_PRIVKEY_SEED_LEN ? jt_privkey_from_seed(alg, bytes, out_key)
                                              : JT_ERR_UNSEAL;
    }
    EVP_PKEY *pkey = NULL;
    JT_TRY(jt_keycode_decode(alg, bytes, &pkey));
    return jt_privkey_from_pkey(alg, pkey, out_key);
}

enum jt_err jt_privkey_public(const struct jt_privkey *key, struct jt_jwk **out_jwk)
{
    if (key->pair != NULL) {
        *out_jwk = jt_jwk_ref(jt_pkcs11_key_jwk(key->pair));
        return JT_OK;
    }
    if (key->pkey != NULL) {
        return jt_jwk_from_pkey(key->pkey, key->alg->id, out_jwk);
    }
    const uint8_t *raw = key->ed25519.p + JT_PRIVKEY_SEED_LEN;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, key->alg->group, NULL, raw,
                                                    crypto_sign_PUBLICKEYBYTES);
    if (pkey == NULL) {
        return JT_ERR_CRYPTO;
    }
    enum jt_err err = jt_jwk_from_pkey(pkey, key->alg->id, out_jwk);
    EVP_PKEY_free(pkey);
    return err;
}

bool jt_privkey_in_token(const struct jt_privkey *key)
{
    return key->pair != NULL;
}

size_t jt_privkey_sig_len(const struct jt_privkey *key)
{
    if (key->pair != NULL) {
        return jt_pkcs11_key_sig_len(key->pair);
    }
    if (key->alg->kty == JT_KTY_RSA) {
        return (size_t)EVP_PKEY_get_size(key->pkey);
    }
    return 2 * key->alg->coord_len;
}

/* RFC 7518 sec. 3.5: PSS with MGF1 of the same digest and a salt of the digest's length; sec. 3.3:
 * PKCS #1 v1.5. */
static bool set_padding(EVP_PKEY_CTX *ctx, const struct jt_privkey *key)
{
    if (!key->alg->pss) {
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    }
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, key->md) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool prepare(struct jt_privkey_ctx *ctx)
{
    const struct jt_privkey *key = ctx->key;
    ctx->md = EVP_MD_CTX_new();
    if (ctx->md == NULL || EVP_DigestInit_ex2(ctx->md, key->md, NULL) != 1) {
        return false;
    }
    if (key->pair != NULL) {
        return true;
    }
    ctx->sign = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    return ctx->sign != NULL && EVP_PKEY_sign_init(ctx->sign) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx->sign, key->md) == 1 &&
           (key->alg->kty != JT_KTY_RSA || set_padding(ctx->sign, key));
}

enum jt_err jt_privkey_ctx_new(const struct jt_privkey *key, struct jt_privkey_ctx **out_ctx)
{
    struct jt_privkey_ctx *ctx = calloc(1, sizeof *ctx);
    if (ctx == NULL) {
        return JT_ERR_NOMEM;
    }
    ctx->key = key;
    if (key->md != NULL && !prepare(ctx)) {
        jt_privkey_ctx_free(ctx);
        return JT_ERR_CRYPTO;
    }
    *out_ctx = ctx;
    return JT_OK;
}

void jt_privkey_ctx_free(struct jt_privkey_ctx *ctx)
{
    if (ctx == NULL) {
        return;
    }
    EVP_PKEY_CTX_free(ctx->sign);
    EVP_MD_CTX_free(ctx->md);
    free(ctx);
}

static enum jt_err sign_digest(struct jt_privkey_ctx *ctx, struct jt_span digest, uint8_t *out)
{
    const struct jt_privkey *key = ctx->key;
    if (key->pair != NULL) {
        return jt_pkcs11_key_sign(key->pair, &ctx->hold, digest, out);
    }
    uint8_t sig[JT_JWS_MAX_SIG];
    size_t sig_len = sizeof sig;
    if (EVP_PKEY_sign(ctx->sign, sig, &sig_len, digest.p, digest.n) != 1) {
        return JT_ERR_CRYPTO;
    }
    if (key->alg->kty == JT_KTY_EC) {
        return jt_jws_der_to_raw(jt_span_of(sig, sig_len), key->alg->coord_len, out);
    }
    /* RFC 8017 sec. 8.1.1, 8.2.1: as long as the modulus */
    if (sig_len != jt_privkey_sig_len(key)) {
        return JT_ERR_CRYPTO;
    }
    memcpy(out, sig, sig_len);
    return JT_OK;
}

enum jt_err jt_privkey_sign(struct jt_privkey_ctx *ctx, struct jt_span message, uint8_t *out)
{
    const struct jt_privkey *key = ctx->key;
    if (key->md == NULL) {
        /* RFC 8037 sec. 3.1: EdDSA signs the message itself */
        return crypto_sign_detached(out, NULL, message.p, message.n, key->ed25519.p) == 0
                   ? JT_OK
                   : JT_ERR_CRYPTO;
    }
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int digest_len = 0;
    if (EVP_DigestInit_ex2(ctx->md, NULL, NULL) != 1 ||
        EVP_DigestUpdate(ctx->md, message.p, message.n) != 1 ||
        EVP_DigestFinal_ex(ctx->md, digest, &digest_len) != 1) {
        return JT_ERR_CRYPTO;
    }
    return sign_digest(ctx, jt_span_of(digest, digest_len), out);
}
