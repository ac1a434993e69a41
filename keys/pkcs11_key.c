/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/pkcs11_key.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/jose/jws.h"
#include "keys/keygen.h"
#include "keys/pkcs11_object.h"
#include "keys/pkcs11_public.h"
#include "keys/pkcs11_way.h"

#include "common/base/base.h"

#define REFERENCE     "jeton: a key in a PKCS#11 token, v1: " /* then the kid */
#define REFERENCE_LEN (sizeof REFERENCE - 1)

struct jt_pkcs11_key {
    struct jt_pkcs11 *token;
    const struct jt_alg_row *alg;
    const struct jt_pkcs11_way *way;
    struct jt_jwk *jwk;
    uint8_t id[JT_PKCS11_ID_LEN];
};

static enum jt_err decode_kid(struct jt_span kid, uint8_t out_id[JT_PKCS11_ID_LEN])
{
    size_t n = 0;
    if (kid.n != JT_JWK_THUMBPRINT_LEN || jt_b64url_decode(kid, out_id, &n) != JT_OK) {
        return JT_ERR_ARGUMENT;
    }
    return JT_OK;
}

/* --- a key in memory --- */

static enum jt_err new_key(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                           struct jt_jwk *jwk, struct jt_pkcs11_key **out_key)
{
    struct jt_pkcs11_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = decode_kid(jt_span_str(jwk->thumbprint), key->id);
    if (err != JT_OK) {
        free(key);
        return err;
    }
    key->token = jt_pkcs11_ref(token);
    key->alg = alg;
    key->way = jt_pkcs11_way(alg);
    key->jwk = jt_jwk_ref(jwk);
    *out_key = key;
    return JT_OK;
}

void jt_pkcs11_key_free(struct jt_pkcs11_key *key)
{
    if (key == NULL) {
        return;
    }
    jt_pkcs11_free(key->token);
    jt_jwk_free(key->jwk);
    free(key);
}

struct jt_jwk *jt_pkcs11_key_jwk(const struct jt_pkcs11_key *key)
{
    return key->jwk;
}

size_t jt_pkcs11_key_sig_len(const struct jt_pkcs11_key *key)
{
    return key->alg->kty == JT_KTY_EC ? 2 * key->alg->coord_len
                                      : (size_t)EVP_PKEY_get_size(key->jwk->pkey);
}

/* --- making --- */

bool jt_pkcs11_key_makes(const struct jt_alg_row *alg)
{
    return jt_pkcs11_way(alg) != NULL;
}

struct making {
    const struct jt_alg_row *alg;
    const struct jt_pkcs11_way *way;
    CK_OBJECT_HANDLE halves[2]; /* public, private */
    struct jt_jwk *jwk;
    enum jt_err err; /* what is no CK_RV */
};

static CK_RV make_pair(const struct jt_pkcs11_call *call, struct making *making)
{
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bits = JT_KEYGEN_RSA_BITS;
    uint8_t exponent[] = {1, 0, 1}, curve[16], label[] = "jeton: a key being made";
    struct jt_span oid = making->way->curve;
    bool ec = making->alg->kty == JT_KTY_EC;
    memcpy(curve, oid.n > 0 ? oid.p : exponent, oid.n); /* a template is of writable values */
    CK_ATTRIBUTE public[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_VERIFY, &yes, sizeof yes},
        {CKA_LABEL, label, sizeof label - 1},
        {ec ? CKA_EC_PARAMS : CKA_MODULUS_BITS, ec ? (void *)curve : (void *)&bits,
         ec ? oid.n : sizeof bits},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}, /* the last: of RSA alone */
    };
    CK_ATTRIBUTE private[] = {
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_SIGN, &yes, sizeof yes},      {CKA_LABEL, label, sizeof label - 1},
    };
    CK_MECHANISM mechanism = {making->way->make, NULL, 0};
    return call->f->C_GenerateKeyPair(call->session, &mechanism, public,
                                      JT_COUNT(public) - (ec ? 1 : 0), private, JT_COUNT(private),
                                      &making->halves[0], &making->halves[1]);
}

static CK_RV read_jwk(const struct jt_pkcs11_call *call, struct making *making)
{
    JT_AUTO(pkcs11_public) public = JT_PKCS11_PUBLIC_INIT;
    CK_RV rv = jt_pkcs11_public_read(call, making->halves[0], making->alg, &public);
    if (rv == CKR_OK) {
        making->err = jt_pkcs11_public_jwk(&public, making->alg, &making->jwk);
    }
    return rv;
}

/* The kid is known once the pair is made. */
static CK_RV name_pair(const struct jt_pkcs11_call *call, struct making *making)
{
    uint8_t id[JT_PKCS11_ID_LEN];
    making->err = decode_kid(jt_span_str(making->jwk->thumbprint), id);
    CK_RV rv = CKR_OK;
    for (size_t i = 0; i < JT_COUNT(making->halves) && making->err == JT_OK && rv == CKR_OK; i++) {
        CK_ATTRIBUTE names[] = {{CKA_ID, id, sizeof id},
                                {CKA_LABEL, making->jwk->thumbprint, JT_JWK_THUMBPRINT_LEN}};
        rv = call->f->C_SetAttributeValue(call->session, making->halves[i], names, JT_COUNT(names));
    }
    return rv;
}

static CK_RV make(void *ctx, const struct jt_pkcs11_call *call)
{
    struct making *making = ctx;
    CK_RV rv = make_pair(call, making);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = read_jwk(call, making);
    if (rv == CKR_OK && making->err == JT_OK) {
        rv = name_pair(call, making);
    }
    if (rv != CKR_OK || making->err != JT_OK) {
        for (size_t i = 0; i < JT_COUNT(making->halves); i++) {
            (void)call->f->C_DestroyObject(call->session, making->halves[i]); /* of no use */
        }
        jt_jwk_free(making->jwk);
        making->jwk = NULL;
    }
    return rv;
}

enum jt_err jt_pkcs11_key_make(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                               struct jt_pkcs11_key **out_key, struct jt_diag *diag)
{
    struct making making = {.alg = alg, .way = jt_pkcs11_way(alg)};
    if (making.way == NULL) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "keys.signer: pkcs11 makes no keys for %s; take it out of "
                            "keys.algorithms, or sign with keys.signer: local or process",
                            alg->name);
    }
    JT_TRY(jt_pkcs11_run(token, make, &making, diag));
    if (making.err != JT_OK) {
        return jt_diag_fail(diag, making.err,
                            "the PKCS#11 token '%s' made a key for %s whose public half is not one",
                            jt_pkcs11_label(token), alg->name);
    }
    enum jt_err err = new_key(token, alg, making.jwk, out_key);
    if (err != JT_OK) {
        JT_IGNORE(jt_pkcs11_key_destroy(token, jt_span_str(making.jwk->thumbprint), NULL));
    }
    jt_jwk_free(making.jwk);
    return err;
}

/* --- references --- */

bool jt_pkcs11_key_is_reference(struct jt_span bytes)
{
    return bytes.n == REFERENCE_LEN + JT_JWK_THUMBPRINT_LEN &&
           jt_span_starts(bytes, JT_SPAN(REFERENCE));
}

bool jt_pkcs11_key_refers(struct jt_span bytes, struct jt_span kid)
{
    return jt_pkcs11_key_is_reference(bytes) &&
           jt_span_eq(jt_span_of(bytes.p + REFERENCE_LEN, bytes.n - REFERENCE_LEN), kid);
}

enum jt_err jt_pkcs11_key_refer(const struct jt_pkcs11_key *key, struct jt_secret *out_bytes)
{
    JT_TRY(jt_secret_alloc(out_bytes, REFERENCE_LEN + JT_JWK_THUMBPRINT_LEN));
    memcpy(out_bytes->p, REFERENCE, REFERENCE_LEN);
    memcpy(out_bytes->p + REFERENCE_LEN, key->jwk->thumbprint, JT_JWK_THUMBPRINT_LEN);
    return JT_OK;
}

/* --- finding --- */

struct finding {
    const struct jt_alg_row *alg;
    uint8_t id[JT_PKCS11_ID_LEN];
    bool found, stays;
    struct jt_pkcs11_public public;
};

static CK_RV find_pair(void *ctx, const struct jt_pkcs11_call *call)
{
    struct finding *finding = ctx;
    CK_OBJECT_HANDLE private = CK_INVALID_HANDLE, public = CK_INVALID_HANDLE;
    CK_RV rv = jt_pkcs11_object_find(call, CKO_PRIVATE_KEY, finding->id, &private);
    finding->found = rv == CKR_OK && private != CK_INVALID_HANDLE;
    if (!finding->found) {
        return rv;
    }
    rv = jt_pkcs11_object_stays(call, private, &finding->stays);
    if (rv == CKR_OK) {
        rv = jt_pkcs11_object_find(call, CKO_PUBLIC_KEY, finding->id, &public);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    /* where the public object was taken away, many tokens tell by the private one */
    return jt_pkcs11_public_read(call, public == CK_INVALID_HANDLE ? private : public, finding->alg,
                                 &finding->public);
}

static enum jt_err fail_find(const struct jt_pkcs11 *token, const char *what, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_UNSEAL,
                        "its private half %s PKCS#11 token '%s'; give keys.pkcs11_token the one it "
                        "was made in, or restore that",
                        what, jt_pkcs11_label(token));
}

static enum jt_err find_key(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                            struct finding *finding, struct jt_pkcs11_key **out_key,
                            struct jt_diag *diag)
{
    JT_TRY(jt_pkcs11_run(token, find_pair, finding, diag));
    if (!finding->found) {
        return fail_find(token, "is not in the", diag);
    }
    if (!finding->stays) {
        return fail_find(token, "could leave the", diag);
    }
    JT_AUTOP(jwk) jwk = NULL;
    enum jt_err err = jt_pkcs11_public_jwk(&finding->public, alg, &jwk);
    if (err == JT_ERR_JWK_UNUSABLE || err == JT_ERR_ARGUMENT) {
        return fail_find(token, "has no right public half in the", diag);
    }
    JT_TRY(err);
    return new_key(token, alg, jwk, out_key);
}

enum jt_err jt_pkcs11_key_find(struct jt_pkcs11 *token, const struct jt_alg_row *alg,
                               struct jt_span reference, struct jt_pkcs11_key **out_key,
                               struct jt_diag *diag)
{
    if (token == NULL) {
        return jt_diag_fail(diag, JT_ERR_UNSEAL,
                            "its private half is in a PKCS#11 token; give keys.pkcs11_module, "
                            "keys.pkcs11_token and the PIN, with keys.signer: local or pkcs11");
    }
    struct finding finding = {.alg = alg, .public = JT_PKCS11_PUBLIC_INIT};
    if (!jt_pkcs11_key_is_reference(reference) || jt_pkcs11_way(alg) == NULL ||
        decode_kid(jt_span_of(reference.p + REFERENCE_LEN, reference.n - REFERENCE_LEN),
                   finding.id) != JT_OK) {
        return jt_diag_fail(diag, JT_ERR_UNSEAL, "what is sealed there names no key of a token");
    }
    enum jt_err err = find_key(token, alg, &finding, out_key, diag);
    jt_pkcs11_public_release(&finding.public);
    return err;
}

/* --- destroying --- */

static CK_RV destroy(void *ctx, const struct jt_pkcs11_call *call)
{
    return jt_pkcs11_object_destroy(call, ctx);
}

enum jt_err jt_pkcs11_key_destroy(struct jt_pkcs11 *token, struct jt_span kid, struct jt_diag *diag)
{
    uint8_t id[JT_PKCS11_ID_LEN];
    JT_TRY(decode_kid(kid, id));
    return jt_pkcs11_run(token, destroy, id, diag);
}

/* --- signing --- */

struct signing {
    const struct jt_pkcs11_key *key;
    struct jt_pkcs11_hold *hold;
    uint8_t input[JT_PKCS11_WAY_INPUT_MAX];
    size_t n;
    uint8_t sig[JT_JWS_MAX_SIG];
    CK_ULONG sig_len;
    bool gone;
};

static CK_RV begin(const struct jt_pkcs11_call *call, const struct signing *signing)
{
    /* RFC 7518 sec. 3.5: MGF1 of the same digest, a salt of the digest's length */
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
    CK_MECHANISM mechanism = {signing->key->way->sign, NULL, 0};
    if (mechanism.mechanism == CKM_RSA_PKCS_PSS) {
        mechanism.pParameter = &pss;
        mechanism.ulParameterLen = sizeof pss;
    }
    return call->f->C_SignInit(call->session, &mechanism, signing->hold->object);
}

/* A handle is of one connection, and of an object that may have been replaced. */
static CK_RV begin_found(const struct jt_pkcs11_call *call, struct signing *signing)
{
    struct jt_pkcs11_hold *hold = signing->hold;
    if (hold->life == call->life && hold->object != CK_INVALID_HANDLE) {
        CK_RV rv = begin(call, signing);
        if (rv != CKR_KEY_HANDLE_INVALID && rv != CKR_OBJECT_HANDLE_INVALID) {
            return rv;
        }
    }
    hold->object = CK_INVALID_HANDLE;
    hold->life = call->life;
    CK_RV rv = jt_pkcs11_object_find(call, CKO_PRIVATE_KEY, signing->key->id, &hold->object);
    signing->gone = rv == CKR_OK && hold->object == CK_INVALID_HANDLE;
    return rv != CKR_OK || signing->gone ? rv : begin(call, signing);
}

static CK_RV sign(void *ctx, const struct jt_pkcs11_call *call)
{
    struct signing *signing = ctx;
    CK_RV rv = begin_found(call, signing);
    if (rv != CKR_OK || signing->gone) {
        return rv;
    }
    signing->sig_len = sizeof signing->sig;
    return call->f->C_Sign(call->session, signing->input, signing->n, signing->sig,
                           &signing->sig_len);
}

enum jt_err jt_pkcs11_key_sign(const struct jt_pkcs11_key *key, struct jt_pkcs11_hold *hold,
                               struct jt_span digest, uint8_t *out)
{
    struct signing signing = {.key = key, .hold = hold};
    struct jt_span prefix = key->way->prefix;
    if (digest.n + prefix.n > sizeof signing.input) {
        return JT_ERR_ARGUMENT;
    }
    if (prefix.n > 0) {
        memcpy(signing.input, prefix.p, prefix.n);
    }
    memcpy(signing.input + prefix.n, digest.p, digest.n);
    signing.n = prefix.n + digest.n;
    JT_TRY(jt_pkcs11_run(key->token, sign, &signing, NULL));
    if (signing.gone) {
        return JT_ERR_SIGNER_AWAY;
    }
    /* PKCS#11 2.40 mechanisms sec. 2.3.1: r and s, each as long as the order; RFC 8017 sec. 8.2.1 */
    if (signing.sig_len != jt_pkcs11_key_sig_len(key)) {
        return JT_ERR_CRYPTO;
    }
    memcpy(out, signing.sig, signing.sig_len);
    return JT_OK;
}
