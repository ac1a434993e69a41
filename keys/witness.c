/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libjwt 1.10 to 1.18 are meant: jwt_decode, jwt_get_alg and jwt_free are the calls all of them
 * have. It judges RS256, ES256, ES384 and ES512; PS256 came with 1.16 and EdDSA with 2.0, so these
 * take the second path everywhere, and the answer does not depend on the version installed.
 */
#include "keys/witness.h"

#include <errno.h>
#include <jwt.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/jose/b64url.h"
#include "common/jose/jwk.h"
#include "common/jose/jws.h"
#include "common/json/json.h"

#include "common/base/base.h"

#define PROBE_MAX (16 * 1024)

/* Who judges each algorithm that keys are made for; a row for no other. */
static const struct judge {
    const char *name;
    jwt_alg_t libjwt; /* JWT_ALG_NONE: the second path */
} judges[JT_ALG_COUNT_] = {
    [JT_ALG_ES256] = {"libjwt", JWT_ALG_ES256}, [JT_ALG_ES384] = {"libjwt", JWT_ALG_ES384},
    [JT_ALG_ES512] = {"libjwt", JWT_ALG_ES512}, [JT_ALG_RS256] = {"libjwt", JWT_ALG_RS256},
    [JT_ALG_PS256] = {"openssl", JWT_ALG_NONE}, [JT_ALG_EDDSA] = {"openssl", JWT_ALG_NONE},
};

static const struct judge *find_judge(enum jt_alg alg)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    return row != NULL && row->issue ? &judges[alg] : NULL;
}

const char *jt_witness_name(enum jt_alg alg)
{
    const struct judge *judge = find_judge(alg);
    return judge == NULL ? "nobody" : judge->name;
}

static enum jt_err put_pem(const struct jt_jwk *jwk, struct jt_buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *pem = NULL;
    enum jt_err err = JT_ERR_CRYPTO;
    if (bio != NULL && PEM_write_bio_PUBKEY(bio, jwk->pkey) == 1) {
        long n = BIO_get_mem_data(bio, &pem);
        /* libjwt takes a token without a key as good: an empty one must never reach it */
        err = n > 0 ? jt_buf_put(out, jt_span_of(pem, (size_t)n)) : JT_ERR_CRYPTO;
    }
    BIO_free(bio);
    return err;
}

/* JT_OK or JT_ERR_WITNESS: the verdict. */
static enum jt_err ask_libjwt(struct jt_span token, const struct jt_jwk *jwk, jwt_alg_t alg)
{
    JT_AUTO(buf) pem = JT_BUF_INIT(4096);
    JT_AUTO(buf) text = JT_BUF_INIT(PROBE_MAX);
    JT_TRY(put_pem(jwk, &pem));
    JT_TRY(jt_buf_put(&text, token));
    jwt_t *jwt = NULL;
    int result = jwt_decode(&jwt, jt_buf_str(&text), pem.p, (int)pem.len);
    enum jt_err err = result == ENOMEM ? JT_ERR_NOMEM : JT_ERR_WITNESS;
    if (result == 0 && jwt != NULL && jwt_get_alg(jwt) == alg) {
        err = JT_OK;
    }
    jwt_free(jwt);
    return err;
}

/* RFC 8017 sec. 8.1.2 with RFC 7518 sec. 3.5: the digest for MGF1 and the salt's length. */
static bool set_pss(EVP_PKEY_CTX *ctx, const struct jt_alg_row *alg)
{
    return !alg->pss || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                         EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, alg->md, NULL) == 1 &&
                         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static enum jt_err ask_openssl(struct jt_span token, const struct jt_jwk *jwk,
                               const struct jt_alg_row *alg)
{
    struct jt_jws jws;
    uint8_t sig[JT_JWS_MAX_SIG];
    size_t sig_len = 0;
    if (jt_jws_split(token, &jws) != JT_OK || JT_B64URL_DECODED(jws.signature.n) > sizeof sig ||
        jt_b64url_decode(jws.signature, sig, &sig_len) != JT_OK) {
        return JT_ERR_WITNESS;
    }
    EVP_PKEY_CTX *settings = NULL; /* owned by ctx */
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ready =
        ctx != NULL &&
        EVP_DigestVerifyInit_ex(ctx, &settings, alg->md, NULL, NULL, jwk->pkey, NULL) == 1 &&
        set_pss(settings, alg);
    int right =
        ready && EVP_DigestVerify(ctx, sig, sig_len, jws.signed_part.p, jws.signed_part.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ready) {
        return JT_ERR_CRYPTO;
    }
    return right ? JT_OK : JT_ERR_WITNESS;
}

static enum jt_err ask(struct jt_span token, const struct jt_jwk *jwk, enum jt_alg alg)
{
    const struct judge *judge = find_judge(alg);
    if (judge->libjwt != JWT_ALG_NONE) {
        return ask_libjwt(token, jwk, judge->libjwt);
    }
    return ask_openssl(token, jwk, jt_alg_row(alg));
}

/* Appends `token` with one bit in the middle of its signature changed. */
static enum jt_err put_forged(struct jt_span token, struct jt_buf *out)
{
    struct jt_jws jws;
    uint8_t sig[JT_JWS_MAX_SIG];
    size_t n = 0;
    JT_TRY(jt_jws_split(token, &jws));
    if (JT_B64URL_DECODED(jws.signature.n) > sizeof sig) {
        return JT_ERR_JWS;
    }
    JT_TRY(jt_b64url_decode(jws.signature, sig, &n));
    sig[n / 2] ^= 1;
    JT_TRY(jt_buf_put(out, jws.signed_part));
    JT_TRY(jt_buf_putc(out, '.'));
    return jt_b64url_put(out, jt_span_of(sig, n));
}

static bool has_alg(struct jt_span token, enum jt_alg alg)
{
    struct jt_jws jws;
    struct jt_jws_header header;
    return jt_jws_split(token, &jws) == JT_OK &&
           jt_jws_parse_header(jws.header, &header) == JT_OK && header.alg->id == alg;
}

static enum jt_err parse_jwk(struct jt_span public_jwk, enum jt_alg alg, struct jt_jwk **out_jwk)
{
    JT_JSON_AUTO json_t *json = NULL;
    JT_TRY(jt_json_load_object(public_jwk, JT_JSON_DEPTH, &json));
    JT_AUTOP(jwk) jwk = NULL;
    JT_TRY(jt_jwk_parse(json, &jwk));
    if (!jt_jwk_fits(jwk, jt_alg_row(alg))) {
        return JT_ERR_JWK_UNUSABLE;
    }
    *out_jwk = jwk;
    jwk = NULL;
    return JT_OK;
}

static enum jt_err fail(enum jt_err err, enum jt_alg alg, const char *what, struct jt_diag *diag)
{
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    return jt_diag_fail(diag, JT_ERR_WITNESS,
                        "the independent witness (%s) %s: the new key is not used; check the "
                        "installed libcrypto and libjwt",
                        jt_witness_name(alg), what);
}

enum jt_err jt_witness_judge(struct jt_span token, struct jt_span public_jwk, enum jt_alg alg,
                             struct jt_diag *diag)
{
    if (find_judge(alg) == NULL || !has_alg(token, alg) || token.n > PROBE_MAX) {
        return fail(JT_ERR_WITNESS, alg, "was given something else than a probe", diag);
    }
    JT_AUTOP(jwk) jwk = NULL;
    enum jt_err err = parse_jwk(public_jwk, alg, &jwk);
    if (err != JT_OK) {
        return fail(err, alg, "cannot read the public key as it would be published", diag);
    }
    err = ask(token, jwk, alg);
    if (err != JT_OK) {
        return fail(err, alg, "does not verify a token signed by the new key", diag);
    }
    JT_AUTO(buf) forged = JT_BUF_INIT(PROBE_MAX);
    err = put_forged(token, &forged);
    if (err != JT_OK) {
        return fail(err, alg, "was given a malformed probe", diag);
    }
    /* who accepts everything is no witness */
    err = ask(jt_buf_span(&forged), jwk, alg);
    if (err == JT_OK) {
        return fail(err, alg, "accepts a changed signature", diag);
    }
    return err == JT_ERR_WITNESS ? JT_OK : fail(err, alg, "failed", diag);
}
