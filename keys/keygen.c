/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keygen.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "keys/memory_guard.h"

#include "common/base/base.h"

static enum jt_err new_ed25519(const struct jt_alg_row *alg, const struct jt_random *random,
                               struct jt_privkey **out_key)
{
    JT_AUTO(secret) seed = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc_locked(&seed, JT_PRIVKEY_SEED_LEN));
    JT_TRY(jt_random_fill(random, seed.p, seed.n));
    return jt_privkey_from_seed(alg, jt_secret_span(&seed), out_key);
}

enum jt_err jt_keygen_new(const struct jt_alg_row *alg, const struct jt_random *random,
                          struct jt_privkey **out_key)
{
    if (alg->kty == JT_KTY_OKP) {
        return new_ed25519(alg, random, out_key);
    }
    jt_memory_guard_enter();
    EVP_PKEY *pkey =
        alg->kty == JT_KTY_EC ? EVP_EC_gen(alg->group) : EVP_RSA_gen((size_t)JT_KEYGEN_RSA_BITS);
    jt_memory_guard_leave();
    if (pkey == NULL) {
        return JT_ERR_CRYPTO;
    }
    return jt_privkey_from_pkey(alg, pkey, out_key);
}
