/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/keycode.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/jose/pkey.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

#define E_LEN  8
#define PARAMS 8 /* of RSA, the most */

/* Where the parts of a key stand in its bytes; `n` of them, then the mark of the end. The group of
 * an EC key is not among them: its algorithm names it. */
struct layout {
    OSSL_PARAM params[PARAMS + 1];
    size_t n;
};

static void add_number(struct layout *layout, const char *name, uint8_t **at, size_t n)
{
    layout->params[layout->n++] = OSSL_PARAM_construct_BN(name, *at, n);
    *at += n;
}

/* RFC 8017 sec. 3.2: a modulus of `whole` bytes has primes of half as many. */
static void lay_out_rsa(struct layout *layout, uint8_t *at, size_t whole)
{
    static const char *const halves[] = {
        OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
    add_number(layout, OSSL_PKEY_PARAM_RSA_N, &at, whole);
    add_number(layout, OSSL_PKEY_PARAM_RSA_E, &at, E_LEN);
    add_number(layout, OSSL_PKEY_PARAM_RSA_D, &at, whole);
    for (size_t i = 0; i < JT_COUNT(halves); i++) {
        add_number(layout, halves[i], &at, whole / 2);
    }
}

static void lay_out_ec(struct layout *layout, uint8_t *at, size_t coord)
{
    add_number(layout, OSSL_PKEY_PARAM_PRIV_KEY, &at, coord);
    layout->params[layout->n++] =
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, at, 1 + 2 * coord);
}

static size_t rsa_len(size_t whole)
{
    return 2 * whole + E_LEN + 5 * (whole / 2);
}

static size_t encoded_len(const struct jt_alg_row *alg, const EVP_PKEY *pkey)
{
    return alg->kty == JT_KTY_EC ? 1 + 3 * alg->coord_len
                                 : rsa_len((size_t)EVP_PKEY_get_size(pkey));
}

/* Lays out `bytes` by their length; false when no key of `alg` has that length. */
static bool lay_out(const struct jt_alg_row *alg, struct jt_secret *bytes, struct layout *layout)
{
    *layout = (struct layout){.n = 0};
    if (alg->kty == JT_KTY_EC) {
        lay_out_ec(layout, bytes->p, alg->coord_len);
    } else {
        size_t whole = bytes->n < E_LEN ? 0 : (bytes->n - E_LEN) * 2 / 9;
        if (whole < JT_PKEY_RSA_MIN / 8 || whole > JT_PKEY_RSA_MAX_LEN ||
            bytes->n != rsa_len(whole)) {
            return false;
        }
        lay_out_rsa(layout, bytes->p, whole);
    }
    layout->params[layout->n] = OSSL_PARAM_construct_end();
    return alg->kty != JT_KTY_EC || bytes->n == 1 + 3 * alg->coord_len;
}

/* libcrypto's numbers are in the machine's byte order, the sealed ones big-endian. */
static bool convert(const struct layout *layout, BIGNUM *read(const uint8_t *p, int n),
                    int write(const BIGNUM *number, uint8_t *p, int n))
{
    bool ok = true;
    jt_memory_guard_enter();
    for (size_t i = 0; i < layout->n && ok; i++) {
        const OSSL_PARAM *param = &layout->params[i];
        if (param->data_type == OSSL_PARAM_UNSIGNED_INTEGER) {
            BIGNUM *number = read(param->data, (int)param->data_size);
            ok = number != NULL && write(number, param->data, (int)param->data_size) >= 0;
            BN_clear_free(number);
        }
    }
    jt_memory_guard_leave();
    return ok;
}

static BIGNUM *read_native(const uint8_t *p, int n)
{
    return BN_native2bn(p, n, NULL);
}

static BIGNUM *read_big(const uint8_t *p, int n)
{
    return BN_bin2bn(p, n, NULL);
}

enum jt_err jt_keycode_encode(const struct jt_alg_row *alg, const struct evp_pkey_st *pkey,
                              struct jt_secret *out_bytes)
{
    size_t n =
        alg->kty == JT_KTY_EC ? 1 + 3 * alg->coord_len : rsa_len((size_t)EVP_PKEY_get_size(pkey));
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc_locked(&bytes, n));
    struct layout layout;
    if (!lay_out(alg, &bytes, &layout) || EVP_PKEY_get_params(pkey, layout.params) != 1) {
        return JT_ERR_CRYPTO;
    }
    for (size_t i = 0; i < layout.n; i++) {
        if (!OSSL_PARAM_modified(&layout.params[i])) {
            return JT_ERR_CRYPTO;
        }
    }
    if (!convert(&layout, read_native, BN_bn2binpad)) {
        return JT_ERR_CRYPTO;
    }
    jt_secret_release(out_bytes);
    *out_bytes = bytes;
    bytes = (struct jt_secret)JT_SECRET_INIT;
    return JT_OK;
}

static EVP_PKEY *make_key(const struct jt_alg_row *alg, const struct layout *layout)
{
    OSSL_PARAM params[PARAMS + 2];
    size_t n = 0;
    char group[32] = "";
    if (alg->kty == JT_KTY_EC) {
        memcpy(group, alg->group, strlen(alg->group) + 1); /* libcrypto takes a writable text */
        params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    }
    memcpy(params + n, layout->params, (layout->n + 1) * sizeof *params);
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, jt_alg_kty_name(alg->kty), NULL);
    bool ready = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1;
    jt_memory_guard_enter();
    if (ready && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    jt_memory_guard_leave();
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

enum jt_err jt_keycode_decode(const struct jt_alg_row *alg, struct jt_span bytes,
                              struct evp_pkey_st **out_pkey)
{
    JT_AUTO(secret) copy = JT_SECRET_INIT;
    JT_TRY(jt_secret_copy_locked(&copy, bytes));
    struct layout layout;
    if (!lay_out(alg, &copy, &layout) || !convert(&layout, read_big, BN_bn2nativepad)) {
        return JT_ERR_UNSEAL;
    }
    EVP_PKEY *pkey = make_key(alg, &layout);
    if (pkey == NULL || encoded_len(alg, pkey) != bytes.n) { /* a modulus of fewer bits */
        EVP_PKEY_free(pkey);
        return JT_ERR_UNSEAL;
    }
    *out_pkey = pkey;
    return JT_OK;
}
