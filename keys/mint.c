/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/mint.h"

#include "keys/keygen.h"
#include "keys/pkcs11_key.h"
#include "keys/seal.h"
#include "keys/signkey.h"
#include "keys/witness.h"

#include "common/base/base.h"

#define PEPPER_KID "pepper"

static enum jt_err make_pepper(const struct jt_kek *kek, const struct jt_random *random,
                               struct jt_sealed *row)
{
    JT_AUTO(secret) pepper = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc_locked(&pepper, JT_MINT_PEPPER_LEN));
    JT_TRY(jt_random_fill(random, pepper.p, pepper.n));
    JT_TRY(jt_buf_puts(&row->kid, PEPPER_KID));
    return jt_seal_put(kek, random, jt_secret_span(&pepper), row);
}

/* A pair that no row will ever name; when the token has gone away meanwhile, it stays. */
static void discard(struct jt_pkcs11 *token, const struct jt_jwk *jwk)
{
    if (token != NULL) {
        JT_IGNORE(jt_pkcs11_key_destroy(token, jt_span_str(jwk->thumbprint), NULL));
    }
}

static enum jt_err make_pair(struct jt_pkcs11 *token, const struct jt_random *random,
                             const struct jt_alg_row *alg, struct jt_privkey **out_key,
                             struct jt_diag *diag)
{
    if (token == NULL) {
        return jt_keygen_new(alg, random, out_key);
    }
    struct jt_pkcs11_key *pair = NULL;
    JT_TRY(jt_pkcs11_key_make(token, alg, &pair, diag));
    JT_AUTOP(jwk) jwk = jt_jwk_ref(jt_pkcs11_key_jwk(pair));
    enum jt_err err = jt_privkey_from_pkcs11(alg, pair, out_key);
    if (err != JT_OK) {
        discard(token, jwk);
    }
    return err;
}

static enum jt_err seal_key(const struct jt_kek *kek, const struct jt_random *random,
                            const struct jt_privkey *key, const struct jt_jwk *jwk,
                            struct jt_sealed *row)
{
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_TRY(jt_buf_put(&row->kid, jt_span_of(jwk->kid, jwk->kid_len)));
    JT_TRY(jt_jwk_put(jwk, &row->public_jwk));
    JT_TRY(jt_privkey_encode(key, &bytes));
    return jt_seal_put(kek, random, jt_secret_span(&bytes), row);
}

/* Signs a probe with the key as the store will carry it, by the code that signs tokens, and asks
 * the witness. The probe expired in 1970: as a token it is worth nothing. */
static enum jt_err probe(const struct jt_kek *kek, struct jt_pkcs11 *token,
                         const struct jt_sealed *row, struct jt_diag *diag)
{
    static const struct jt_span aud = {(const uint8_t *)"probe", 5};
    const struct jt_claims claims = {
        .iss = aud,
        .sub = aud,
        .client_id = aud,
        .jti = aud,
        .aud = &aud,
        .n_aud = 1,
        .iat_s = 0,
        .nbf_s = 0,
        .exp_s = 1,
        .typ = JT_SPAN(JT_WITNESS_TYP),
    };
    JT_AUTOP(signkey) key = NULL;
    JT_AUTOP(render) render = NULL;
    JT_AUTO(buf) jws = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    JT_TRY(jt_signkey_open(kek, token, row, 1, &key, diag));
    JT_TRY(jt_render_new(&render));
    JT_TRY(jt_signkey_token(key, 0, render, &claims, &jws));
    return jt_witness_judge(jt_buf_span(&jws), jt_buf_span(&row->public_jwk), row->alg, diag);
}

static enum jt_err mint_key(const struct jt_kek *kek, struct jt_pkcs11 *token,
                            const struct jt_random *random, struct jt_sealed *row,
                            struct jt_diag *diag)
{
    JT_AUTOP(privkey) key = NULL;
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(make_pair(token, random, jt_alg_row(row->alg), &key, diag));
    JT_TRY(jt_privkey_public(key, &jwk)); /* of a pair in a token: at hand, cannot fail */
    enum jt_err err = seal_key(kek, random, key, jwk, row);
    if (err == JT_OK) {
        err = probe(kek, token, row, diag);
    }
    if (err != JT_OK) {
        discard(token, jwk);
    }
    return err;
}

enum jt_err jt_mint_row(const struct jt_kek *kek, struct jt_pkcs11 *token,
                        const struct jt_random *random, struct jt_sealed *row, struct jt_diag *diag)
{
    if (row->kind == JT_SEALED_PEPPER) {
        JT_AUTO(secret) reopened = JT_SECRET_INIT;
        JT_TRY(make_pepper(kek, random, row));
        return jt_seal_open(kek, row, &reopened, diag);
    }
    return mint_key(kek, token, random, row, diag);
}
