/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "keys/seal.h"

#include <openssl/evp.h>

#include "common/base/digest.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

#define VERSION      1
#define DATA_KEY_LEN 32
#define NONCE_LEN    12
#define TAG_LEN      16

/* Where the parts of a blob begin; the body is followed by its tag. */
#define AT_KEK_ID     1
#define AT_WRAP_NONCE (AT_KEK_ID + JT_KEK_ID_LEN)
#define AT_WRAPPED    (AT_WRAP_NONCE + NONCE_LEN)
#define AT_WRAP_TAG   (AT_WRAPPED + DATA_KEY_LEN)
#define AT_NONCE      (AT_WRAP_TAG + TAG_LEN)
#define AT_BODY       (AT_NONCE + NONCE_LEN)
#define BLOB_MIN      (AT_BODY + 1 + TAG_LEN)

#define LABEL_MAX (JT_SEALED_JWK_MAX + 512)

/* One AES-256-GCM operation. */
struct gcm {
    const uint8_t *key, *nonce;
    struct jt_span label, in;
};

static enum jt_err gcm_seal(const struct gcm *g, uint8_t *out, uint8_t *tag)
{
    int n = 0, last = 0;
    jt_memory_guard_enter(); /* the context holds the key's schedule */
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int ok = ctx != NULL && g->in.n <= JT_SEALED_BLOB_MAX && g->label.n <= LABEL_MAX &&
             EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), g->key, g->nonce, NULL) == 1 &&
             EVP_EncryptUpdate(ctx, NULL, &n, g->label.p, (int)g->label.n) == 1 &&
             EVP_EncryptUpdate(ctx, out, &n, g->in.p, (int)g->in.n) == 1 && (size_t)n == g->in.n &&
             EVP_EncryptFinal_ex(ctx, out + n, &last) == 1 && last == 0 &&
             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1;
    EVP_CIPHER_CTX_free(ctx);
    jt_memory_guard_leave();
    return ok ? JT_OK : JT_ERR_CRYPTO;
}

/* JT_ERR_UNSEAL when the tag is not right; `out` is wiped then. */
static enum jt_err gcm_open(const struct gcm *g, const uint8_t *tag, uint8_t *out)
{
    uint8_t expected[TAG_LEN];
    memcpy(expected, tag, TAG_LEN); /* the ctrl takes a writable pointer */
    int n = 0, last = 0;
    jt_memory_guard_enter(); /* as above */
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int ready = ctx != NULL && g->in.n <= JT_SEALED_BLOB_MAX && g->label.n <= LABEL_MAX &&
                EVP_DecryptInit_ex2(ctx, EVP_aes_256_gcm(), g->key, g->nonce, NULL) == 1 &&
                EVP_DecryptUpdate(ctx, NULL, &n, g->label.p, (int)g->label.n) == 1 &&
                EVP_DecryptUpdate(ctx, out, &n, g->in.p, (int)g->in.n) == 1 &&
                (size_t)n == g->in.n &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, expected) == 1;
    /* NIST SP 800-38D sec. 7.2: nothing of the plaintext is used unless the tag is right */
    int right = ready && EVP_DecryptFinal_ex(ctx, out + n, &last) == 1 && last == 0;
    EVP_CIPHER_CTX_free(ctx);
    jt_memory_guard_leave();
    if (!right) {
        jt_secret_wipe(out, g->in.n);
    }
    if (!ready) {
        return JT_ERR_CRYPTO;
    }
    return right ? JT_OK : JT_ERR_UNSEAL;
}

static enum jt_err put_field(struct jt_buf *out, struct jt_span field)
{
    uint8_t n[4] = {(uint8_t)(field.n >> 24), (uint8_t)(field.n >> 16), (uint8_t)(field.n >> 8),
                    (uint8_t)field.n};
    JT_TRY(jt_buf_put(out, jt_span_of(n, sizeof n)));
    return jt_buf_put(out, field);
}

/* What is bound: each field behind its length, so that no two rows give the same bytes. */
static enum jt_err put_label(const struct jt_sealed *row, const char *purpose, struct jt_buf *out)
{
    static const char *const kinds[] = {[JT_SEALED_KEY] = "key", [JT_SEALED_PEPPER] = "pepper"};
    const struct jt_alg_row *alg = jt_alg_row(row->alg);
    JT_TRY(put_field(out, jt_span_str(purpose)));
    JT_TRY(put_field(out, jt_span_str(kinds[row->kind])));
    JT_TRY(put_field(out, jt_buf_span(&row->kid)));
    return put_field(out, jt_span_str(alg == NULL ? "" : alg->name));
}

static enum jt_err make_mac(const struct jt_kek *kek, const struct jt_sealed *row,
                            uint8_t out[JT_SEALED_MAC_LEN])
{
    JT_AUTO(buf) text = JT_BUF_INIT(LABEL_MAX);
    JT_TRY(put_label(row, "jeton row v1", &text));
    JT_TRY(put_field(&text, jt_buf_span(&row->public_jwk)));
    return jt_digest_hmac(jt_secret_span(&kek->mac), jt_buf_span(&text), out);
}

/* Writes the head of a blob: version, key id, nonce, wrapped data key, tag. */
static enum jt_err wrap(const struct jt_kek *kek, const struct jt_random *random,
                        const struct jt_sealed *row, struct jt_span data_key, uint8_t *blob)
{
    JT_AUTO(buf) label = JT_BUF_INIT(LABEL_MAX);
    JT_TRY(put_label(row, "jeton wrap v1", &label));
    blob[0] = VERSION;
    memcpy(blob + AT_KEK_ID, kek->id, JT_KEK_ID_LEN);
    JT_TRY(jt_random_fill(random, blob + AT_WRAP_NONCE, NONCE_LEN));
    const struct gcm g = {kek->wrap.p, blob + AT_WRAP_NONCE, jt_buf_span(&label), data_key};
    return gcm_seal(&g, blob + AT_WRAPPED, blob + AT_WRAP_TAG);
}

static enum jt_err unwrap(const struct jt_kek *kek, const struct jt_sealed *row,
                          struct jt_secret *out_data_key)
{
    JT_AUTO(buf) label = JT_BUF_INIT(LABEL_MAX);
    JT_TRY(put_label(row, "jeton wrap v1", &label));
    JT_TRY(jt_secret_alloc_locked(out_data_key, DATA_KEY_LEN));
    const uint8_t *blob = row->blob.p;
    const struct gcm g = {kek->wrap.p, blob + AT_WRAP_NONCE, jt_buf_span(&label),
                          jt_span_of(blob + AT_WRAPPED, DATA_KEY_LEN)};
    return gcm_open(&g, blob + AT_WRAP_TAG, out_data_key->p);
}

/* Writes the rest: nonce, sealed secret, tag. */
static enum jt_err seal_body(const struct jt_sealed *row, const struct jt_random *random,
                             const struct jt_secret *data_key, struct jt_span secret, uint8_t *blob)
{
    JT_AUTO(buf) label = JT_BUF_INIT(LABEL_MAX);
    JT_TRY(put_label(row, "jeton seal v1", &label));
    JT_TRY(jt_random_fill(random, blob + AT_NONCE, NONCE_LEN));
    const struct gcm g = {data_key->p, blob + AT_NONCE, jt_buf_span(&label), secret};
    return gcm_seal(&g, blob + AT_BODY, blob + AT_BODY + secret.n);
}

static enum jt_err open_body(const struct jt_sealed *row, const struct jt_secret *data_key,
                             struct jt_secret *out_secret)
{
    JT_AUTO(buf) label = JT_BUF_INIT(LABEL_MAX);
    JT_TRY(put_label(row, "jeton seal v1", &label));
    const uint8_t *blob = row->blob.p;
    size_t n = row->blob.len - AT_BODY - TAG_LEN;
    JT_TRY(jt_secret_alloc_locked(out_secret, n));
    const struct gcm g = {data_key->p, blob + AT_NONCE, jt_buf_span(&label),
                          jt_span_of(blob + AT_BODY, n)};
    return gcm_open(&g, blob + AT_BODY + n, out_secret->p);
}

enum jt_err jt_seal_put(const struct jt_kek *kek, const struct jt_random *random,
                        struct jt_span secret, struct jt_sealed *row)
{
    size_t n = AT_BODY + secret.n + TAG_LEN;
    if (secret.n == 0) {
        return JT_ERR_ARGUMENT;
    }
    jt_buf_clear(&row->blob);
    JT_TRY(jt_buf_reserve(&row->blob, n));
    JT_AUTO(secret) data_key = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc_locked(&data_key, DATA_KEY_LEN));
    JT_TRY(jt_random_fill(random, data_key.p, data_key.n));
    JT_TRY(wrap(kek, random, row, jt_secret_span(&data_key), row->blob.p));
    JT_TRY(seal_body(row, random, &data_key, secret, row->blob.p));
    row->blob.len = n;
    row->blob.p[n] = 0;
    return make_mac(kek, row, row->mac);
}

static enum jt_err fail_damaged(const struct jt_sealed *row, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_UNSEAL,
                        "the sealed part of key %s is damaged, or of another key: restore the "
                        "database from a backup, or revoke this key",
                        jt_buf_str(&row->kid));
}

struct jt_span jt_seal_kek_id(struct jt_span blob)
{
    return blob.n < BLOB_MIN || blob.p[0] != VERSION
               ? JT_SPAN_NONE
               : jt_span_of(blob.p + AT_KEK_ID, JT_KEK_ID_LEN);
}

bool jt_seal_names(const struct jt_sealed *row, const struct jt_kek *kek)
{
    return row->blob.len >= BLOB_MIN &&
           jt_span_eq(jt_span_of(row->blob.p + AT_KEK_ID, JT_KEK_ID_LEN),
                      jt_span_of(kek->id, JT_KEK_ID_LEN));
}

static enum jt_err check_kek_id(const struct jt_kek *kek, const struct jt_sealed *row,
                                struct jt_diag *diag)
{
    if (row->blob.len < BLOB_MIN || row->blob.p[0] != VERSION) {
        return fail_damaged(row, diag);
    }
    if (jt_seal_names(row, kek)) {
        return JT_OK;
    }
    char theirs[JT_KEK_ID_TEXT], ours[JT_KEK_ID_TEXT];
    jt_kek_id_text(row->blob.p + AT_KEK_ID, theirs);
    jt_kek_id_text(kek->id, ours);
    return jt_diag_fail(diag, JT_ERR_UNSEAL,
                        "key %s is sealed under the key-encryption key with id %s, but the one "
                        "given has id %s: give the one it was sealed under",
                        jt_buf_str(&row->kid), theirs, ours);
}

enum jt_err jt_seal_check(const struct jt_kek *kek, const struct jt_sealed *row,
                          struct jt_diag *diag)
{
    /* first: under another key-encryption key every MAC is wrong, and that is what is to be told */
    if (row->blob.len > 0) {
        JT_TRY(check_kek_id(kek, row, diag));
    }
    uint8_t mac[JT_SEALED_MAC_LEN];
    JT_TRY(make_mac(kek, row, mac));
    if (!jt_secret_eq(jt_span_of(mac, sizeof mac), jt_span_of(row->mac, sizeof row->mac))) {
        return jt_diag_fail(diag, JT_ERR_KEY_MAC,
                            "the row of key %s does not carry this issuer's MAC: it was changed by "
                            "hand, or made under another key-encryption key",
                            jt_buf_str(&row->kid));
    }
    return JT_OK;
}

enum jt_err jt_seal_open(const struct jt_kek *kek, const struct jt_sealed *row,
                         struct jt_secret *out_secret, struct jt_diag *diag)
{
    JT_TRY(jt_seal_check(kek, row, diag));
    if (row->blob.len == 0) {
        return jt_diag_fail(diag, JT_ERR_UNSEAL, "the private half of key %s was erased",
                            jt_buf_str(&row->kid));
    }
    JT_AUTO(secret) data_key = JT_SECRET_INIT;
    JT_AUTO(secret) secret = JT_SECRET_INIT;
    enum jt_err err = unwrap(kek, row, &data_key);
    if (err == JT_OK) {
        err = open_body(row, &data_key, &secret);
    }
    if (err != JT_OK) {
        return err == JT_ERR_UNSEAL ? fail_damaged(row, diag) : err;
    }
    jt_secret_release(out_secret);
    *out_secret = secret;
    secret = (struct jt_secret)JT_SECRET_INIT;
    return JT_OK;
}

enum jt_err jt_seal_rewrap(const struct jt_kek *kek, const struct jt_kek *new_kek,
                           const struct jt_random *random, struct jt_sealed *row,
                           struct jt_diag *diag)
{
    JT_TRY(jt_seal_check(kek, row, diag));
    uint8_t head[AT_NONCE], mac[JT_SEALED_MAC_LEN];
    if (row->blob.len > 0) {
        JT_AUTO(secret) data_key = JT_SECRET_INIT;
        enum jt_err err = unwrap(kek, row, &data_key);
        if (err != JT_OK) {
            return err == JT_ERR_UNSEAL ? fail_damaged(row, diag) : err;
        }
        JT_TRY(wrap(new_kek, random, row, jt_secret_span(&data_key), head));
    }
    JT_TRY(make_mac(new_kek, row, mac));
    if (row->blob.len > 0) {
        memcpy(row->blob.p, head, sizeof head);
    }
    memcpy(row->mac, mac, sizeof mac);
    return JT_OK;
}
