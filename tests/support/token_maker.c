/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/token_maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *alg, *type, *group, *md;
    int pss;
    size_t coord;
} kinds[] = {
    {"ES256", "EC", "P-256", "SHA256", 0, 32},      {"ES384", "EC", "P-384", "SHA384", 0, 48},
    {"ES512", "EC", "P-521", "SHA512", 0, 66},      {"RS256", "RSA", NULL, "SHA256", 0, 0},
    {"RS384", "RSA", NULL, "SHA384", 0, 0},         {"RS512", "RSA", NULL, "SHA512", 0, 0},
    {"PS256", "RSA", NULL, "SHA256", 1, 0},         {"PS384", "RSA", NULL, "SHA384", 1, 0},
    {"PS512", "RSA", NULL, "SHA512", 1, 0},         {"EdDSA", "ED25519", "Ed25519", NULL, 0, 32},
    {"Ed25519", "ED25519", "Ed25519", NULL, 0, 32},
};

struct owned {
    struct owned *next;
    struct token_key *key; /* or NULL: `text` follows */
    char text[];
};
static struct owned *all;

static void must(int ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "token_maker: %s failed\n", what);
        abort();
    }
}

static struct owned *own(size_t n)
{
    struct owned *owned = calloc(1, sizeof *owned + n + 1);
    must(owned != NULL, "calloc");
    owned->next = all;
    all = owned;
    return owned;
}

static const struct kind *kind_of(const char *alg)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].alg, alg) == 0) {
            return &kinds[i];
        }
    }
    must(0, alg);
    return NULL;
}

static const struct token_key *own_key(const char *alg, EVP_PKEY *pkey)
{
    must(pkey != NULL, "key generation");
    struct token_key *key = malloc(sizeof *key);
    must(key != NULL, "malloc");
    *key = (struct token_key){alg, pkey};
    own(0)->key = key;
    return key;
}

const struct token_key *token_maker_rsa(const char *alg, unsigned bits, unsigned long e)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    BIGNUM *exponent = BN_new();
    must(ctx != NULL && exponent != NULL && BN_set_word(exponent, e) == 1 &&
             EVP_PKEY_keygen_init(ctx) == 1 &&
             EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 &&
             EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) == 1 &&
             EVP_PKEY_generate(ctx, &pkey) == 1,
         "RSA key");
    BN_free(exponent);
    EVP_PKEY_CTX_free(ctx);
    return own_key(alg, pkey);
}

const struct token_key *token_maker_key(const char *alg)
{
    const struct kind *kind = kind_of(alg);
    if (strcmp(kind->type, "RSA") == 0) {
        return token_maker_rsa(alg, 2048, 65537);
    }
    if (strcmp(kind->type, "EC") == 0) {
        return own_key(alg, EVP_EC_gen(kind->group));
    }
    return own_key(alg, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

const char *token_maker_text(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    must(n >= 0, "vsnprintf");
    struct owned *owned = own((size_t)n);
    (void)vsnprintf(owned->text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return owned->text;
}

const char *token_maker_b64(const void *bytes, size_t n)
{
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    struct owned *owned = own(size);
    sodium_bin2base64(owned->text, size, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return owned->text;
}

static const char *bn_param(const struct token_key *key, const char *name)
{
    BIGNUM *number = NULL;
    uint8_t bytes[2048];
    must(EVP_PKEY_get_bn_param(key->pkey, name, &number) == 1 &&
             BN_num_bytes(number) <= (int)sizeof bytes,
         name);
    size_t n = (size_t)BN_bn2bin(number, bytes);
    BN_free(number);
    return token_maker_b64(bytes, n);
}

const char *token_maker_jwk(const struct token_key *key, const char *more)
{
    const struct kind *kind = kind_of(key->alg);
    const char *comma = more[0] == 0 ? "" : ",";
    uint8_t bytes[256];
    size_t n = sizeof bytes;
    if (strcmp(kind->type, "RSA") == 0) {
        return token_maker_text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s%s}",
                                bn_param(key, OSSL_PKEY_PARAM_RSA_N),
                                bn_param(key, OSSL_PKEY_PARAM_RSA_E), comma, more);
    }
    if (strcmp(kind->type, "EC") == 0) {
        must(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, bytes,
                                             sizeof bytes, &n) == 1 &&
                 n == 1 + 2 * kind->coord,
             "EC point");
        return token_maker_text("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s%s}",
                                kind->group, token_maker_b64(bytes + 1, kind->coord),
                                token_maker_b64(bytes + 1 + kind->coord, kind->coord), comma, more);
    }
    must(EVP_PKEY_get_raw_public_key(key->pkey, bytes, &n) == 1, "raw key");
    return token_maker_text("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"%s%s}",
                            token_maker_b64(bytes, n), comma, more);
}

const char *token_maker_jwks(const char *jwk, ...)
{
    va_list args;
    va_start(args, jwk);
    const char *text = token_maker_text("{\"keys\":[%s", jwk);
    for (const char *next = va_arg(args, const char *); next != NULL;
         next = va_arg(args, const char *)) {
        text = token_maker_text("%s,%s", text, next);
    }
    va_end(args);
    return token_maker_text("%s]}", text);
}

static size_t der_to_raw(const uint8_t *der, size_t n, size_t coord, uint8_t *out)
{
    const unsigned char *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    must(sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)coord) == (int)coord &&
             BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + coord, (int)coord) == (int)coord,
         "ECDSA signature");
    ECDSA_SIG_free(sig);
    return 2 * coord;
}

static size_t sign(const struct token_key *key, const char *text, int salt_len, const char *mgf1,
                   uint8_t *out)
{
    const struct kind *kind = kind_of(key->alg);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pctx = NULL;
    uint8_t bytes[1024];
    size_t n = sizeof bytes;
    must(EVP_DigestSignInit_ex(ctx, &pctx, kind->md, NULL, NULL, key->pkey, NULL) == 1,
         "sign init");
    if (kind->pss != 0) {
        must(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt_len) == 1 &&
                 EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mgf1 != NULL ? mgf1 : kind->md, NULL) == 1,
             "PSS");
    }
    must(EVP_DigestSign(ctx, bytes, &n, (const uint8_t *)text, strlen(text)) == 1, "sign");
    EVP_MD_CTX_free(ctx);
    if (strcmp(kind->type, "EC") == 0) {
        return der_to_raw(bytes, n, kind->coord, out);
    }
    memcpy(out, bytes, n);
    return n;
}

size_t token_maker_signature(const struct token_key *key, const char *signed_part, uint8_t *out)
{
    return sign(key, signed_part, RSA_PSS_SALTLEN_DIGEST, NULL, out);
}

size_t token_maker_pss(const struct token_key *key, const char *signed_part, int salt_len,
                       const char *mgf1_md, uint8_t *out)
{
    return sign(key, signed_part, salt_len, mgf1_md, out);
}

void token_maker_hmac(const void *key, size_t key_len, const char *text, uint8_t *out)
{
    unsigned n = 0;
    must(HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, strlen(text), out, &n) !=
             NULL,
         "HMAC");
}

const char *token_maker_sign_encoded(const struct token_key *key, const char *header,
                                     const char *payload)
{
    uint8_t signature[1024];
    const char *signed_part = token_maker_text("%s.%s", header, payload);
    size_t n = token_maker_signature(key, signed_part, signature);
    return token_maker_text("%s.%s", signed_part, token_maker_b64(signature, n));
}

const char *token_maker_sign(const struct token_key *key, const char *header, const char *payload)
{
    return token_maker_sign_encoded(key, token_maker_b64(header, strlen(header)),
                                    token_maker_b64(payload, strlen(payload)));
}

const char *token_maker_join(const char *header, const char *payload, const uint8_t *signature,
                             size_t n)
{
    return token_maker_text("%s.%s.%s", token_maker_b64(header, strlen(header)),
                            token_maker_b64(payload, strlen(payload)),
                            token_maker_b64(signature, n));
}

void token_maker_release(void)
{
    while (all != NULL) {
        struct owned *next = all->next;
        if (all->key != NULL) {
            EVP_PKEY_free(all->key->pkey);
            free(all->key);
        }
        free(all);
        all = next;
    }
}
