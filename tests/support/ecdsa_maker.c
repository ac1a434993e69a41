/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ecdsa_maker.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_KEYS 64

static EC_GROUP *group;
static BN_CTX *ctx;
static struct ecdsa_key *keys[MAX_KEYS];
static size_t keys_n;

static void must(int ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "ecdsa_maker: %s failed\n", what);
        exit(1);
    }
}

static void open_maker(void)
{
    if (group == NULL) {
        group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        ctx = BN_CTX_new();
        must(group != NULL && ctx != NULL, "P-256");
    }
}

const BIGNUM *ecdsa_maker_order(void)
{
    open_maker();
    return EC_GROUP_get0_order(group);
}

static BIGNUM *number_of(const uint8_t bytes[32])
{
    BIGNUM *number = BN_bin2bn(bytes, 32, NULL);
    must(number != NULL, "number");
    return number;
}

/* From 1 to n - 1. */
static BIGNUM *scalar_of(const uint8_t bytes[32])
{
    BIGNUM *number = number_of(bytes);
    BIGNUM *most = BN_dup(ecdsa_maker_order());
    must(BN_sub_word(most, 1) && BN_mod(number, number, most, ctx) && BN_add_word(number, 1),
         "scalar");
    BN_free(most);
    return number;
}

static void store(const BIGNUM *number, uint8_t out[32])
{
    must(BN_bn2binpad(number, out, 32) == 32, "store");
}

static BIGNUM *mul(const BIGNUM *a, const BIGNUM *b)
{
    BIGNUM *product = BN_new();
    must(BN_mod_mul(product, a, b, ecdsa_maker_order(), ctx), "product");
    return product;
}

static BIGNUM *invert(const BIGNUM *a)
{
    BIGNUM *inverse = BN_mod_inverse(NULL, a, ecdsa_maker_order(), ctx);
    must(inverse != NULL, "inverse");
    return inverse;
}

static EVP_PKEY *pkey_of(const EC_POINT *point)
{
    uint8_t bytes[65];
    must(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes,
                            ctx) == sizeof bytes,
         "point");
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
             OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes),
         "parameters");
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *import = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    must(EVP_PKEY_fromdata_init(import) == 1 &&
             EVP_PKEY_fromdata(import, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
         "key");
    EVP_PKEY_CTX_free(import);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return pkey;
}

/* Takes `d`. */
static struct ecdsa_key *add_key(const EC_POINT *point, BIGNUM *d)
{
    struct ecdsa_key *key = calloc(1, sizeof *key);
    must(key != NULL && keys_n < MAX_KEYS, "room for a key");
    keys[keys_n++] = key;
    key->pkey = pkey_of(point);
    key->d = d;
    key->verify = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    must(EVP_PKEY_verify_init(key->verify) == 1, "verify_init");
    return key;
}

static struct ecdsa_key *key_of_d(BIGNUM *d)
{
    EC_POINT *point = EC_POINT_new(group);
    must(EC_POINT_mul(group, point, d, NULL, NULL, ctx), "d G");
    struct ecdsa_key *key = add_key(point, d);
    EC_POINT_free(point);
    return key;
}

struct ecdsa_key *ecdsa_maker_key(long d)
{
    BIGNUM *number = BN_new();
    must(BN_set_word(number, (BN_ULONG)labs(d)), "d");
    if (d < 0) {
        must(BN_sub(number, ecdsa_maker_order(), number), "n - d");
    }
    open_maker();
    return key_of_d(number);
}

struct ecdsa_key *ecdsa_maker_key_of(const uint8_t bytes[32])
{
    return key_of_d(scalar_of(bytes));
}

/* r of the nonce k */
static BIGNUM *r_of(const BIGNUM *k)
{
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *r = BN_new();
    must(EC_POINT_mul(group, point, k, NULL, NULL, ctx) &&
             EC_POINT_get_affine_coordinates(group, point, r, NULL, ctx) &&
             BN_nnmod(r, r, ecdsa_maker_order(), ctx),
         "r");
    EC_POINT_free(point);
    return r;
}

/* s = (e + r d) / k */
static void sign(const struct ecdsa_key *key, const BIGNUM *k, const BIGNUM *r, const BIGNUM *e,
                 uint8_t out_signature[64])
{
    BIGNUM *by_k = invert(k);
    BIGNUM *s = mul(r, key->d);
    must(BN_mod_add(s, s, e, ecdsa_maker_order(), ctx) &&
             BN_mod_mul(s, s, by_k, ecdsa_maker_order(), ctx),
         "s");
    store(r, out_signature);
    store(s, out_signature + 32);
    BN_free(by_k);
    BN_free(s);
}

void ecdsa_maker_sign(const struct ecdsa_key *key, const uint8_t nonce[32],
                      const uint8_t digest[32], uint8_t out_signature[64])
{
    BIGNUM *k = scalar_of(nonce);
    BIGNUM *r = r_of(k);
    BIGNUM *e = number_of(digest);
    sign(key, k, r, e, out_signature);
    BN_free(k);
    BN_free(r);
    BN_free(e);
}

void ecdsa_maker_negate_s(uint8_t signature[64])
{
    BIGNUM *s = number_of(signature + 32);
    must(BN_sub(s, ecdsa_maker_order(), s), "n - s");
    store(s, signature + 32);
    BN_free(s);
}

void ecdsa_maker_double(const struct ecdsa_key *key, const uint8_t nonce[32],
                        uint8_t out_digest[32], uint8_t out_signature[64])
{
    BIGNUM *k = scalar_of(nonce);
    BIGNUM *r = r_of(k);
    BIGNUM *e = mul(r, key->d);
    store(e, out_digest);
    sign(key, k, r, e, out_signature);
    BN_free(k);
    BN_free(r);
    BN_free(e);
}

void ecdsa_maker_cancel(const struct ecdsa_key *key, const uint8_t signature[64],
                        uint8_t out_digest[32])
{
    BIGNUM *r = number_of(signature);
    BIGNUM *e = mul(r, key->d);
    must(BN_sub(e, ecdsa_maker_order(), e), "-r d");
    store(e, out_digest);
    BN_free(r);
    BN_free(e);
}

/* The first point with an x from `x` on. */
static EC_POINT *point_from(BIGNUM *x)
{
    EC_POINT *point = EC_POINT_new(group);
    while (EC_POINT_set_compressed_coordinates(group, point, x, 0, ctx) != 1) {
        must(BN_add_word(x, 1), "x + 1");
    }
    ERR_clear_error();
    return point;
}

struct ecdsa_key *ecdsa_maker_key_for_x(const BIGNUM *x_from, const uint8_t digest[32],
                                        const uint8_t s[32], uint8_t out_signature[64])
{
    open_maker();
    BIGNUM *r = BN_dup(x_from);
    EC_POINT *point = point_from(r);
    must(BN_nnmod(r, r, ecdsa_maker_order(), ctx) && !BN_is_zero(r), "r");
    store(r, out_signature);
    BIGNUM *s_number = number_of(s);
    store(s_number, out_signature + 32);
    /* s R = e G + r Q, so Q = (s/r) R - (e/r) G */
    BIGNUM *by_r = invert(r);
    BIGNUM *e = number_of(digest);
    BIGNUM *times_g = mul(e, by_r);
    BIGNUM *times_point = mul(s_number, by_r);
    must(BN_sub(times_g, ecdsa_maker_order(), times_g) &&
             EC_POINT_mul(group, point, times_g, point, times_point, ctx),
         "Q");
    struct ecdsa_key *key = add_key(point, NULL);
    BN_free(r);
    BN_free(s_number);
    BN_free(by_r);
    BN_free(e);
    BN_free(times_g);
    BN_free(times_point);
    EC_POINT_free(point);
    return key;
}

bool ecdsa_maker_evp_accepts(const struct ecdsa_key *key, const uint8_t digest[32],
                             const uint8_t signature[64])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    must(ECDSA_SIG_set0(pair, number_of(signature), number_of(signature + 32)), "r, s");
    uint8_t der[80], *end = der;
    int n = i2d_ECDSA_SIG(pair, &end);
    must(n > 0, "DER");
    ECDSA_SIG_free(pair);
    bool accepts = EVP_PKEY_verify(key->verify, der, (size_t)n, digest, 32) == 1;
    ERR_clear_error();
    return accepts;
}

void ecdsa_maker_release(void)
{
    while (keys_n > 0) {
        struct ecdsa_key *key = keys[--keys_n];
        EVP_PKEY_free(key->pkey);
        EVP_PKEY_CTX_free(key->verify);
        BN_free(key->d);
        free(key);
    }
    EC_GROUP_free(group);
    BN_CTX_free(ctx);
    group = NULL;
    ctx = NULL;
}
