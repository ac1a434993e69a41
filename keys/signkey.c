/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signkey.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/jose/b64url.h"
#include "common/jose/jws.h"
#include "common/json/json.h"
#include "keys/seal.h"

#include "common/base/base.h"

#define HEADER_MAX 1024

/* RFC 9068 sec. 2.1, and RFC 7519 sec. 5.1 for verifiers that refuse the former. */
static const char *const typs[] = {"at+jwt", "JWT"};

struct jt_signkey {
    atomic_uint refs;
    _Atomic int64_t longest_s;
    char *kid;
    size_t kid_len;
    struct jt_privkey *key;
    struct jt_buf headers[JT_COUNT(typs)];             /* encoded, with the dot that follows */
    struct jt_privkey_ctx *lanes[JT_SIGNER_LANES_MAX]; /* NULL until the lane first signs */
};

/* RFC 7515 sec. 4.1: the JOSE header never changes for a key and a typ. */
static enum jt_err make_header(const char *alg, struct jt_span kid, const char *typ,
                               struct jt_buf *out)
{
    JT_AUTO(buf) json = JT_BUF_INIT(HEADER_MAX);
    JT_TRY(jt_buf_printf(&json, "{\"alg\":\"%s\",\"kid\":", alg));
    JT_TRY(jt_json_put_string(&json, kid));
    JT_TRY(jt_buf_printf(&json, ",\"typ\":\"%s\"}", typ));
    JT_TRY(jt_b64url_put(out, jt_buf_span(&json)));
    return jt_buf_putc(out, '.');
}

static enum jt_err fill(struct jt_signkey *key, enum jt_alg alg, struct jt_span kid)
{
    JT_TRY(jt_buf_strdup(kid, &key->kid));
    key->kid_len = kid.n;
    for (size_t i = 0; i < JT_COUNT(typs); i++) {
        key->headers[i] = (struct jt_buf)JT_BUF_INIT(JT_B64URL_LEN(HEADER_MAX));
        JT_TRY(make_header(jt_alg_row(alg)->name, kid, typs[i], &key->headers[i]));
    }
    return JT_OK;
}

enum jt_err jt_signkey_new(enum jt_alg alg, struct jt_span kid, struct jt_privkey *key,
                           int64_t longest_s, struct jt_signkey **out_key)
{
    struct jt_signkey *made = calloc(1, sizeof *made);
    if (made == NULL) {
        jt_privkey_free(key);
        return JT_ERR_NOMEM;
    }
    atomic_init(&made->refs, 1);
    atomic_init(&made->longest_s, longest_s);
    made->key = key;
    enum jt_err err = fill(made, alg, kid);
    if (err != JT_OK) {
        jt_signkey_free(made);
        return err;
    }
    *out_key = made;
    return JT_OK;
}

static enum jt_err fail_mismatch(const struct jt_sealed *row, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_UNSEAL,
                        "what is sealed in the row of key %s is not the private half of its public "
                        "key",
                        jt_buf_str(&row->kid));
}

/* Is `key` the private half of the row's public JWK, and its thumbprint the row's kid? */
static enum jt_err check_half(const struct jt_privkey *key, const struct jt_sealed *row,
                              struct jt_diag *diag)
{
    JT_AUTOP(jwk) ours = NULL;
    JT_AUTOP(jwk) told = NULL;
    JT_JSON_AUTO json_t *json = NULL;
    enum jt_err err = jt_privkey_public(key, &ours);
    if (err == JT_OK) {
        err = jt_json_load_object(jt_buf_span(&row->public_jwk), JT_JSON_DEPTH, &json);
    }
    if (err == JT_OK) {
        err = jt_jwk_parse(json, &told);
    }
    if (err == JT_ERR_NOMEM || err == JT_ERR_CRYPTO) {
        return err;
    }
    /* RFC 7638 sec. 1: equal thumbprints, equal keys */
    if (err != JT_OK || !jt_span_is(jt_buf_span(&row->kid), ours->thumbprint) ||
        !jt_span_is(jt_buf_span(&row->kid), told->thumbprint) || told->alg != ours->alg) {
        return fail_mismatch(row, diag);
    }
    return JT_OK;
}

enum jt_err jt_signkey_open(const struct jt_kek *kek, struct jt_pkcs11 *token,
                            const struct jt_sealed *row, int64_t longest_s,
                            struct jt_signkey **out_key, struct jt_diag *diag)
{
    const struct jt_alg_row *alg = jt_alg_row(row->alg);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    JT_TRY(jt_seal_open(kek, row, &bytes, diag));
    if (alg == NULL || !alg->issue) {
        return JT_ERR_ARGUMENT;
    }
    JT_AUTOP(privkey) key = NULL;
    struct jt_diag sentence = JT_DIAG_INIT;
    enum jt_err err = jt_privkey_decode(alg, jt_secret_span(&bytes), token, &key, &sentence);
    if (err != JT_OK && sentence.text[0] != 0) {
        return jt_diag_fail(diag, err, "%s", sentence.text);
    }
    if (err != JT_OK) {
        return err == JT_ERR_UNSEAL ? fail_mismatch(row, diag) : err;
    }
    JT_TRY(check_half(key, row, diag));
    struct jt_privkey *taken = key;
    key = NULL;
    return jt_signkey_new(row->alg, jt_buf_span(&row->kid), taken, longest_s, out_key);
}

struct jt_signkey *jt_signkey_ref(struct jt_signkey *key)
{
    atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
    return key;
}

void jt_signkey_free(struct jt_signkey *key)
{
    if (key == NULL || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        jt_privkey_ctx_free(key->lanes[i]);
    }
    for (size_t i = 0; i < JT_COUNT(typs); i++) {
        jt_buf_release(&key->headers[i]);
    }
    jt_privkey_free(key->key);
    free(key->kid);
    free(key);
}

struct jt_span jt_signkey_kid(const struct jt_signkey *key)
{
    return jt_span_of(key->kid, key->kid_len);
}

bool jt_signkey_in_token(const struct jt_signkey *key)
{
    return jt_privkey_in_token(key->key);
}

void jt_signkey_set_longest(struct jt_signkey *key, int64_t longest_s)
{
    atomic_store_explicit(&key->longest_s, longest_s, memory_order_relaxed);
}

static const struct jt_buf *find_header(const struct jt_signkey *key, struct jt_span typ)
{
    for (size_t i = 0; i < JT_COUNT(typs); i++) {
        if (jt_span_is(typ, typs[i])) {
            return &key->headers[i];
        }
    }
    return NULL;
}

/* RFC 7515 sec. 5.1 step 5: signs what stands in `out` from `start` and appends the signature. */
static enum jt_err put_signature(struct jt_signkey *key, size_t lane, size_t start,
                                 struct jt_buf *out)
{
    if (key->lanes[lane] == NULL) {
        JT_TRY(jt_privkey_ctx_new(key->key, &key->lanes[lane]));
    }
    size_t n = jt_privkey_sig_len(key->key);
    if (out->len - start + 1 + JT_B64URL_LEN(n) > JT_SIGNER_TOKEN_MAX) {
        return JT_ERR_LIMIT;
    }
    JT_TRY(jt_buf_reserve(out, 1 + JT_B64URL_LEN(n))); /* before the expensive part */
    uint8_t sig[JT_JWS_MAX_SIG];
    JT_TRY(jt_privkey_sign(key->lanes[lane], jt_span_of(out->p + start, out->len - start), sig));
    JT_TRY(jt_buf_putc(out, '.'));
    return jt_b64url_put(out, jt_span_of(sig, n));
}

static enum jt_err put_token(struct jt_signkey *key, size_t lane, struct jt_render *render,
                             const struct jt_claims *claims, struct jt_buf *out)
{
    const struct jt_buf *header = find_header(key, claims->typ);
    int64_t longest_s = atomic_load_explicit(&key->longest_s, memory_order_relaxed);
    size_t start = out->len;
    if (header == NULL) {
        return JT_ERR_ARGUMENT;
    }
    JT_TRY(jt_buf_put(out, jt_buf_span(header)));
    JT_TRY(jt_render_put(render, claims, longest_s, out));
    return put_signature(key, lane, start, out);
}

enum jt_err jt_signkey_token(struct jt_signkey *key, size_t lane, struct jt_render *render,
                             const struct jt_claims *claims, struct jt_buf *out)
{
    size_t before = out->len;
    enum jt_err err = put_token(key, lane, render, claims, out);
    if (err != JT_OK && out->p != NULL) {
        out->len = before;
        out->p[before] = 0;
    }
    return err;
}
