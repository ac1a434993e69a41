/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/jose/b64url.h"
#include "common/jose/pkey.h"
#include "common/json/json.h"

#include "common/base/base.h"

#define RSA_E_MAX 8

/* The decoded members that a public key is made of. */
struct material {
    uint8_t a[JT_PKEY_RSA_MAX_LEN], b[JT_PKEY_COORD_MAX]; /* RSA n, e; EC x, y; OKP x */
    size_t a_len, b_len;
};

/* RFC 7517 sec. 9.3: a set that publishes private members is not one to trust; `k` is symmetric. */
static bool has_secret_member(const json_t *object)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        if (json_object_get(object, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* RFC 7517 sec. 4.2, 4.3: use and key_ops, when present, must allow to verify. */
static enum jt_err check_use(const json_t *object)
{
    struct jt_span use;
    enum jt_err err = jt_json_string(object, "use", &use);
    if (err == JT_ERR_JSON) {
        return JT_ERR_JWK;
    }
    if (err == JT_OK && !jt_span_is(use, "sig")) {
        return JT_ERR_JWK_UNUSABLE;
    }
    const json_t *ops = json_object_get(object, "key_ops");
    if (ops == NULL) {
        return JT_OK;
    }
    if (!json_is_array(ops)) {
        return JT_ERR_JWK;
    }
    size_t index;
    const json_t *op;
    json_array_foreach(ops, index, op)
    {
        if (jt_span_is(jt_json_value(op), "verify")) {
            return JT_OK;
        }
    }
    return JT_ERR_JWK_UNUSABLE;
}

/* The algorithm row that kty and crv (and alg, when named) lead to. */
static enum jt_err find_kind(const json_t *object, const struct jt_alg_row **out_kind,
                             enum jt_alg *out_alg)
{
    struct jt_span kty, crv = JT_SPAN_NONE, alg = JT_SPAN_NONE;
    enum jt_err has_crv = jt_json_string(object, "crv", &crv);
    enum jt_err named = jt_json_string(object, "alg", &alg);
    if (jt_json_string(object, "kty", &kty) != JT_OK || has_crv == JT_ERR_JSON ||
        named == JT_ERR_JSON) {
        return JT_ERR_JWK;
    }
    for (enum jt_alg id = JT_ALG_NONE + 1; id < JT_ALG_COUNT_; id++) {
        const struct jt_alg_row *row = jt_alg_row(id);
        if (row->crv != NULL && has_crv != JT_OK && jt_span_is(kty, jt_alg_kty_name(row->kty))) {
            return JT_ERR_JWK; /* RFC 7518 sec. 6.2.1.1, RFC 8037 sec. 2: crv is required */
        }
        if (jt_span_is(kty, jt_alg_kty_name(row->kty)) &&
            (row->crv == NULL || jt_span_is(crv, row->crv)) &&
            (named != JT_OK || jt_span_is(alg, row->name))) {
            *out_kind = row;
            *out_alg = named == JT_OK ? id : JT_ALG_NONE;
            return JT_OK;
        }
    }
    return JT_ERR_JWK_UNUSABLE;
}

static enum jt_err decode_member(const json_t *object, const char *name, uint8_t *out, size_t max,
                                 size_t *out_len)
{
    struct jt_span text;
    if (jt_json_string(object, name, &text) != JT_OK || text.n == 0) {
        return JT_ERR_JWK;
    }
    if (JT_B64URL_DECODED(text.n) > max) {
        return JT_ERR_JWK_UNUSABLE;
    }
    return jt_b64url_decode(text, out, out_len) == JT_OK ? JT_OK : JT_ERR_JWK;
}

static enum jt_err decode_material(const json_t *object, const struct jt_alg_row *kind,
                                   struct material *m)
{
    switch (kind->kty) {
    case JT_KTY_RSA:
        JT_TRY(decode_member(object, "n", m->a, sizeof m->a, &m->a_len));
        JT_TRY(decode_member(object, "e", m->b, RSA_E_MAX, &m->b_len));
        /* RFC 7518 sec. 2 (Base64urlUInt): no leading zero, else one key has two texts */
        return m->a[0] != 0 && m->b[0] != 0 ? JT_OK : JT_ERR_JWK_UNUSABLE;
    case JT_KTY_EC:
        JT_TRY(decode_member(object, "x", m->a, JT_PKEY_COORD_MAX, &m->a_len));
        return decode_member(object, "y", m->b, sizeof m->b, &m->b_len);
    case JT_KTY_OKP:
        break;
    }
    m->b_len = 0;
    return decode_member(object, "x", m->a, JT_PKEY_COORD_MAX, &m->a_len);
}

static enum jt_err make_pkey(const struct jt_alg_row *kind, const struct material *m,
                             EVP_PKEY **out_pkey)
{
    struct jt_span a = {m->a, m->a_len}, b = {m->b, m->b_len};
    switch (kind->kty) {
    case JT_KTY_RSA:
        return jt_pkey_rsa(a, b, out_pkey);
    case JT_KTY_EC:
        return jt_pkey_ec(kind, a, b, out_pkey);
    case JT_KTY_OKP:
        break;
    }
    return jt_pkey_okp(kind, a, out_pkey);
}

static enum jt_err put_member(struct jt_buf *out, const char *before, struct jt_span bytes)
{
    JT_TRY(jt_buf_puts(out, before));
    JT_TRY(jt_b64url_put(out, bytes));
    return jt_buf_putc(out, '"');
}

static enum jt_err put_rsa(const struct jt_jwk *jwk, struct jt_buf *out)
{
    BIGNUM *n = NULL, *e = NULL;
    uint8_t n_bytes[JT_PKEY_RSA_MAX_LEN], e_bytes[RSA_E_MAX];
    enum jt_err err = JT_ERR_CRYPTO;
    if (EVP_PKEY_get_bn_param(jwk->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(jwk->pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
        BN_num_bytes(n) > JT_PKEY_RSA_MAX_LEN || BN_num_bytes(e) > RSA_E_MAX) {
        goto done;
    }
    size_t n_len = (size_t)BN_bn2bin(n, n_bytes), e_len = (size_t)BN_bn2bin(e, e_bytes);
    err = put_member(out, "{\"e\":\"", jt_span_of(e_bytes, e_len));
    if (err == JT_OK) {
        err = put_member(out, ",\"kty\":\"RSA\",\"n\":\"", jt_span_of(n_bytes, n_len));
    }
done:
    BN_free(n);
    BN_free(e);
    return err;
}

static enum jt_err put_ec(const struct jt_jwk *jwk, struct jt_buf *out)
{
    uint8_t point[1 + 2 * JT_PKEY_COORD_MAX];
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(jwk->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                        &n) != 1 ||
        n % 2 != 1 || point[0] != 4) {
        return JT_ERR_CRYPTO;
    }
    size_t coord = n / 2;
    JT_TRY(jt_buf_printf(out, "{\"crv\":\"%s\",\"kty\":\"EC\"", jwk->crv));
    JT_TRY(put_member(out, ",\"x\":\"", jt_span_of(point + 1, coord)));
    return put_member(out, ",\"y\":\"", jt_span_of(point + 1 + coord, coord));
}

/* RFC 7638 sec. 3.2, RFC 8037 sec. 2: the required members in lexicographic order, no white space;
 * the closing brace is left to the caller. */
static enum jt_err put_required(const struct jt_jwk *jwk, struct jt_buf *out)
{
    switch (jwk->kty) {
    case JT_KTY_RSA:
        return put_rsa(jwk, out);
    case JT_KTY_EC:
        return put_ec(jwk, out);
    case JT_KTY_OKP:
        break;
    }
    JT_TRY(jt_buf_printf(out, "{\"crv\":\"%s\",\"kty\":\"OKP\"", jwk->crv));
    return put_member(out, ",\"x\":\"", jt_span_of(jwk->ed25519, sizeof jwk->ed25519));
}

static enum jt_err make_thumbprint(struct jt_jwk *jwk)
{
    struct jt_buf text = JT_BUF_INIT(4096), hash = JT_BUF_INIT(JT_JWK_THUMBPRINT_LEN);
    uint8_t digest[JT_SHA256_LEN];
    enum jt_err err = put_required(jwk, &text);
    if (err == JT_OK) {
        err = jt_buf_putc(&text, '}');
    }
    if (err == JT_OK) {
        err = jt_digest_sha256(jt_buf_span(&text), digest);
    }
    if (err == JT_OK) {
        err = jt_b64url_put(&hash, jt_span_of(digest, sizeof digest));
    }
    if (err == JT_OK) {
        memcpy(jwk->thumbprint, hash.p, JT_JWK_THUMBPRINT_LEN);
    }
    jt_buf_release(&text);
    jt_buf_release(&hash);
    return err;
}

/* Takes `pkey` also on failure. */
static enum jt_err make_jwk(const struct jt_alg_row *kind, enum jt_alg alg, EVP_PKEY *pkey,
                            struct jt_jwk **out_jwk)
{
    struct jt_jwk *jwk = calloc(1, sizeof *jwk);
    if (jwk == NULL) {
        EVP_PKEY_free(pkey);
        return JT_ERR_NOMEM;
    }
    jwk->kty = kind->kty;
    jwk->crv = kind->crv;
    jwk->alg = alg;
    jwk->pkey = pkey;
    atomic_init(&jwk->refs, 1);
    size_t raw_len = sizeof jwk->ed25519;
    enum jt_err err = JT_OK;
    if (kind->kty == JT_KTY_OKP &&
        (EVP_PKEY_get_raw_public_key(pkey, jwk->ed25519, &raw_len) != 1 ||
         raw_len != sizeof jwk->ed25519)) {
        err = JT_ERR_CRYPTO;
    }
    if (err == JT_OK) {
        err = make_thumbprint(jwk);
    }
    if (err != JT_OK) {
        jt_jwk_free(jwk);
        return err;
    }
    *out_jwk = jwk;
    return JT_OK;
}

static enum jt_err set_kid(struct jt_jwk *jwk, struct jt_span kid)
{
    JT_TRY(jt_buf_strdup(kid, &jwk->kid));
    jwk->kid_len = kid.n;
    return JT_OK;
}

enum jt_err jt_jwk_parse(const json_t *object, struct jt_jwk **out_jwk)
{
    if (!json_is_object(object)) {
        return JT_ERR_JWK;
    }
    if (has_secret_member(object)) {
        return JT_ERR_JWK_UNUSABLE;
    }
    JT_TRY(check_use(object));
    struct jt_span kid;
    enum jt_err has_kid = jt_json_string(object, "kid", &kid);
    if (has_kid == JT_ERR_JSON) {
        return JT_ERR_JWK;
    }
    if (has_kid == JT_OK && (kid.n == 0 || kid.n > JT_JWK_KID_MAX)) {
        return JT_ERR_JWK_UNUSABLE;
    }
    const struct jt_alg_row *kind = NULL;
    enum jt_alg alg = JT_ALG_NONE;
    enum jt_err err = find_kind(object, &kind, &alg);
    if (kind == NULL) {
        return err;
    }
    struct material m;
    JT_TRY(decode_material(object, kind, &m));
    EVP_PKEY *pkey = NULL;
    JT_TRY(make_pkey(kind, &m, &pkey));
    struct jt_jwk *jwk = NULL;
    JT_TRY(make_jwk(kind, alg, pkey, &jwk));
    err = has_kid == JT_OK ? set_kid(jwk, kid) : JT_OK;
    if (err != JT_OK) {
        jt_jwk_free(jwk);
        return err;
    }
    *out_jwk = jwk;
    return JT_OK;
}

enum jt_err jt_jwk_from_pkey(struct evp_pkey_st *pkey, enum jt_alg alg, struct jt_jwk **out_jwk)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    if (row == NULL) {
        return JT_ERR_ARGUMENT;
    }
    EVP_PKEY *half = NULL;
    JT_TRY(jt_pkey_public(row, pkey, &half));
    struct jt_jwk *jwk = NULL;
    JT_TRY(make_jwk(row, row->key_alg, half, &jwk));
    enum jt_err err = set_kid(jwk, jt_span_str(jwk->thumbprint));
    if (err != JT_OK) {
        jt_jwk_free(jwk);
        return err;
    }
    *out_jwk = jwk;
    return JT_OK;
}

enum jt_err jt_jwk_put(const struct jt_jwk *jwk, struct jt_buf *out)
{
    JT_TRY(put_required(jwk, out));
    if (jwk->kid != NULL) {
        JT_TRY(jt_buf_puts(out, ",\"kid\":"));
        JT_TRY(jt_json_put_string(out, jt_span_of(jwk->kid, jwk->kid_len)));
    }
    const struct jt_alg_row *row = jt_alg_row(jwk->alg);
    if (row != NULL) {
        JT_TRY(jt_buf_printf(out, ",\"alg\":\"%s\"", row->name));
    }
    return jt_buf_puts(out, ",\"use\":\"sig\"}");
}

bool jt_jwk_fits(const struct jt_jwk *jwk, const struct jt_alg_row *alg)
{
    /* crv strings come from the algorithm table, which has one row of text per curve */
    if (jwk->kty != alg->kty ||
        (alg->crv != NULL && strcmp(jwk->crv, alg->crv) != 0)) { /* NOLINT: both are literals */
        return false;
    }
    const struct jt_alg_row *pinned = jt_alg_row(jwk->alg);
    return pinned == NULL || pinned->key_alg == alg->key_alg;
}

struct jt_jwk *jt_jwk_ref(struct jt_jwk *jwk)
{
    atomic_fetch_add_explicit(&jwk->refs, 1, memory_order_relaxed);
    return jwk;
}

void jt_jwk_free(struct jt_jwk *jwk)
{
    if (jwk == NULL || atomic_fetch_sub_explicit(&jwk->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    EVP_PKEY_free(jwk->pkey);
    free(jwk->kid);
    free(jwk);
}
