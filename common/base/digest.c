/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "common/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "common/base/base.h"

enum jt_err jt_digest_sha256(struct jt_span bytes, uint8_t out[JT_SHA256_LEN])
{
    return SHA256(bytes.p, bytes.n, out) != NULL ? JT_OK : JT_ERR_CRYPTO;
}

enum jt_err jt_digest_hmac(struct jt_span key, struct jt_span bytes, uint8_t out[JT_SHA256_LEN])
{
    unsigned int n = 0;
    if (key.n == 0) {
        return JT_ERR_ARGUMENT; /* a MAC that anybody can make: a key was never set */
    }
    if (key.n > INT32_MAX ||
        HMAC(EVP_sha256(), key.p, (int)key.n, bytes.p, bytes.n, out, &n) == NULL ||
        n != JT_SHA256_LEN) {
        return JT_ERR_CRYPTO;
    }
    return JT_OK;
}

enum jt_err jt_digest_hkdf(struct jt_span key, struct jt_span info, uint8_t *out, size_t n)
{
    if (key.n == 0) {
        return JT_ERR_ARGUMENT; /* as above */
    }
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    /* OSSL_PARAM takes writable pointers but the KDF only reads them */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.p, key.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.p, info.n),
        OSSL_PARAM_construct_end(),
    };
    int ok = ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return ok ? JT_OK : JT_ERR_CRYPTO;
}
