/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keygen.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/base/base.h"

static enum jt_err new_ed25519(const struct jt_alg_row *alg, const struct jt_random *random,
                               struct jt_privkey **out_key)
{
    uint8_t seed[JT_PRIVKEY_SEED_LEN];
    enum jt_err err = jt_random_fill(random, seed, sizeof seed);
    if (err == JT_OK) {
        err = jt_privkey_from_seed(alg, jt_span_of(seed, sizeof seed), out_key);
    }
    jt_secret_wipe(seed, sizeof seed);
    return err;
}

enum jt_err jt_keygen_new(const struct jt_alg_row *alg, const struct jt_random *random,
                          struct jt_privkey **out_key)
{
    if (alg->kty == JT_KTY_OKP) {
        return new_ed25519(alg, random, out_key);
    }
    EVP_PKEY *pkey =
        alg->kty == JT_KTY_EC ? EVP_EC_gen(alg->group) : EVP_RSA_gen((size_t)JT_KEYGEN_RSA_BITS);
    if (pkey == NULL) {
        return JT_ERR_CRYPTO;
    }
    return jt_privkey_from_pkey(alg, pkey, out_key);
}
