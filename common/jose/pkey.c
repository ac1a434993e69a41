/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/pkey.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "common/base/base.h"

/* Before libcrypto is asked: what stands in the error queue is the program's and must stay. True
 * when nothing stands there. */
static bool begin(void)
{
    bool was_empty = ERR_peek_error() == 0;
    (void)ERR_set_mark(); /* fails only on an empty queue, which then needs no mark */
    return was_empty;
}

/* Why libcrypto just failed. Only its word that the point is wrong blames the key; anything else is
 * ours (memory, a missing provider) and must not pass for a bad key. The first error tells: running
 * out of memory on the way to the curve ends in "not on curve" too. */
static enum jt_err blame(bool was_empty)
{
    unsigned long error = was_empty ? ERR_peek_error() : ERR_peek_last_error();
    int reason = ERR_GET_REASON(error);
    if (ERR_GET_LIB(error) == ERR_LIB_EC &&
        (reason == EC_R_POINT_IS_NOT_ON_CURVE || reason == EC_R_INVALID_ENCODING)) {
        return JT_ERR_JWK_UNUSABLE;
    }
    return reason == ERR_R_MALLOC_FAILURE ? JT_ERR_NOMEM : JT_ERR_CRYPTO;
}

/* After libcrypto was asked for `pkey`, which is NULL when it failed. */
static enum jt_err end(bool was_empty, EVP_PKEY *pkey, EVP_PKEY **out_pkey)
{
    enum jt_err err = pkey != NULL ? JT_OK : blame(was_empty);
    (void)ERR_pop_to_mark(); /* without a mark it empties the queue, as it was */
    if (err == JT_OK) {
        *out_pkey = pkey;
    }
    return err;
}

/* `params` may be NULL: then building them failed. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static EVP_PKEY *build_rsa(struct jt_span n_bytes, struct jt_span e_bytes)
{
    BIGNUM *n = BN_bin2bn(n_bytes.p, (int)n_bytes.n, NULL);
    BIGNUM *e = BN_bin2bn(e_bytes.p, (int)e_bytes.n, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (build != NULL && n != NULL && e != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    EVP_PKEY *pkey = from_params("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static bool is_odd(struct jt_span number)
{
    return number.n > 0 && (number.p[number.n - 1] & 1) != 0;
}

/* Of a number without leading zero bytes. */
static size_t bits_of(struct jt_span number)
{
    size_t bits = number.n * 8;
    for (uint8_t mask = 0x80; number.n > 0 && mask > number.p[0]; mask >>= 1) {
        bits--;
    }
    return bits;
}

enum jt_err jt_pkey_rsa(struct jt_span n, struct jt_span e, EVP_PKEY **out_pkey)
{
    /* RFC 7518 sec. 3.3: 2048 bits or more; above 8192 a check costs too much */
    if (bits_of(n) < JT_PKEY_RSA_MIN || bits_of(n) > JT_PKEY_RSA_MAX || !is_odd(n)) {
        return JT_ERR_JWK_UNUSABLE;
    }
    /* RFC 8017 sec. 3.1: e is odd and at least 3 */
    if (!is_odd(e) || (e.n == 1 && e.p[0] < 3)) {
        return JT_ERR_JWK_UNUSABLE;
    }
    bool was_empty = begin();
    return end(was_empty, build_rsa(n, e), out_pkey);
}

static bool is_valid(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    int ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static EVP_PKEY *build_ec(const char *group, struct jt_span point)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (build != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    EVP_PKEY *pkey = from_params("EC", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    /* RFC 8725 sec. 3.4: the point is on the curve, in range and not the point at infinity */
    if (pkey != NULL && !is_valid(pkey)) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}

enum jt_err jt_pkey_ec(const struct jt_alg_row *kind, struct jt_span x, struct jt_span y,
                       EVP_PKEY **out_pkey)
{
    /* RFC 7518 sec. 6.2.1.2: the full length of a coordinate, leading zeros included */
    if (x.n != kind->coord_len || y.n != kind->coord_len) {
        return JT_ERR_JWK_UNUSABLE;
    }
    uint8_t point[1 + 2 * JT_PKEY_COORD_MAX];
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x.p, x.n);
    memcpy(point + 1 + x.n, y.p, y.n);
    bool was_empty = begin();
    return end(was_empty, build_ec(kind->group, jt_span_of(point, 1 + x.n + y.n)), out_pkey);
}

enum jt_err jt_pkey_okp(const struct jt_alg_row *kind, struct jt_span x, EVP_PKEY **out_pkey)
{
    /* RFC 8032 sec. 5.1.5: the public key is 32 bytes */
    if (x.n != kind->coord_len) {
        return JT_ERR_JWK_UNUSABLE;
    }
    bool was_empty = begin();
    return end(was_empty, EVP_PKEY_new_raw_public_key_ex(NULL, kind->group, NULL, x.p, x.n),
               out_pkey);
}

static enum jt_err check_kind(const struct jt_alg_row *kind, EVP_PKEY *pkey)
{
    static const int types[] = {
        [JT_KTY_EC] = EVP_PKEY_EC, [JT_KTY_RSA] = EVP_PKEY_RSA, [JT_KTY_OKP] = EVP_PKEY_ED25519};
    if (EVP_PKEY_get_base_id(pkey) != types[kind->kty]) {
        return JT_ERR_ARGUMENT;
    }
    if (kind->kty == JT_KTY_RSA) {
        int bits = EVP_PKEY_get_bits(pkey);
        return bits >= JT_PKEY_RSA_MIN && bits <= JT_PKEY_RSA_MAX ? JT_OK : JT_ERR_ARGUMENT;
    }
    if (kind->kty == JT_KTY_OKP) {
        return JT_OK;
    }
    char group[64];
    size_t n = 0;
    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) != 1) {
        return JT_ERR_CRYPTO; /* no memory, or a curve without a name */
    }
    return jt_span_is(jt_span_of(group, n), kind->group) ? JT_OK : JT_ERR_ARGUMENT;
}

static EVP_PKEY *build_public(const EVP_PKEY *pkey)
{
    OSSL_PARAM *params = NULL;
    if (EVP_PKEY_todata(pkey, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
        return NULL;
    }
    EVP_PKEY *half = from_params(EVP_PKEY_get0_type_name(pkey), params);
    OSSL_PARAM_free(params);
    return half;
}

enum jt_err jt_pkey_public(const struct jt_alg_row *kind, EVP_PKEY *pkey, EVP_PKEY **out_pkey)
{
    bool was_empty = begin();
    enum jt_err err = check_kind(kind, pkey);
    if (err != JT_OK) {
        (void)ERR_pop_to_mark(); /* as in end */
        return err;
    }
    return end(was_empty, build_public(pkey), out_pkey);
}
