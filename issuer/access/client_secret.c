/* SPDX-License-Identifier: Apache-2.0 */
#define JT_POISON_MEMCMP
#include "issuer/access/client_secret.h"

#include <stdatomic.h>

#include "common/base/base.h"

#define PREFIX        "jts"
#define RANDOM_DIGITS 43
#define CHECK_DIGITS  6
#define CHECKED       (JT_CLIENT_SECRET_LEN - CHECK_DIGITS)

/* Six base-62 digits of the first 32 bits of SHA-256. */
static void put_digits(const uint8_t digest[JT_SHA256_LEN], char out[CHECK_DIGITS])
{
    uint32_t value = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
                     (uint32_t)digest[2] << 8 | digest[3];
    for (size_t i = CHECK_DIGITS; i-- > 0; value /= 62) {
        out[i] = jt_random_alphabet[value % 62];
    }
}

/* `hasher` NULL: by the one-shot call. */
static enum jt_err checksum(struct jt_hasher *hasher, struct jt_span text, char out[CHECK_DIGITS])
{
    uint8_t digest[JT_SHA256_LEN];
    JT_TRY(hasher == NULL ? jt_digest_sha256(text, digest)
                          : jt_hasher_sha256(hasher, text, digest));
    put_digits(digest, out);
    jt_secret_wipe(digest, sizeof digest);
    return JT_OK;
}

enum jt_err jt_client_secret_make(const struct jt_random *random, struct jt_secret *out_secret)
{
    struct jt_buf text = JT_BUF_INIT(JT_CLIENT_SECRET_LEN);
    char check[CHECK_DIGITS];
    enum jt_err err = jt_buf_reserve(&text, JT_CLIENT_SECRET_LEN); /* so that it never moves */
    if (err == JT_OK) {
        err = jt_buf_puts(&text, PREFIX);
    }
    if (err == JT_OK) {
        err = jt_random_base62(random, RANDOM_DIGITS, &text);
    }
    if (err == JT_OK) {
        err = checksum(NULL, jt_buf_span(&text), check);
    }
    if (err == JT_OK) {
        err = jt_buf_put(&text, jt_span_of(check, sizeof check));
    }
    if (err == JT_OK) {
        err = jt_secret_copy(out_secret, jt_buf_span(&text));
    }
    jt_secret_wipe(text.p, text.cap);
    jt_buf_release(&text);
    return err;
}

static bool is_well_formed(struct jt_hasher *hasher, struct jt_span secret)
{
    char check[CHECK_DIGITS];
    return secret.n == JT_CLIENT_SECRET_LEN && jt_span_starts(secret, JT_SPAN(PREFIX)) &&
           checksum(hasher, jt_span_of(secret.p, CHECKED), check) == JT_OK &&
           jt_secret_eq(jt_span_of(check, sizeof check),
                        jt_span_of(secret.p + CHECKED, CHECK_DIGITS));
}

bool jt_client_secret_well_formed(struct jt_span secret)
{
    return is_well_formed(NULL, secret);
}

enum jt_err jt_client_secret_hash(const struct jt_secret *pepper, struct jt_span secret,
                                  uint8_t out_hash[JT_SHA256_LEN])
{
    return jt_digest_hmac(jt_secret_span(pepper), secret, out_hash);
}

bool jt_client_secret_alive(const struct jt_client_secret *secret, int64_t now_s)
{
    return secret->expires_s == 0 || now_s < secret->expires_s;
}

/* Most requests only read: the line that the stamp stands in stays in every core's cache. */
static void stamp(_Atomic int64_t *used_s, int64_t now_s)
{
    if (now_s - atomic_load_explicit(used_s, memory_order_relaxed) >= JT_CLIENT_SECRET_USE_S) {
        atomic_store_explicit(used_s, now_s, memory_order_relaxed);
    }
}

enum jt_err jt_client_secret_check(struct jt_hasher *hasher, const struct jt_client *client,
                                   struct jt_span secret, int64_t now_s)
{
    static const struct jt_client nobody = {0};
    uint8_t hash[JT_SHA256_LEN];
    struct jt_client_secret *found = NULL;
    JT_TRY(jt_hasher_hmac(hasher, secret, hash));
    const struct jt_client *known = client == NULL ? &nobody : client;
    for (size_t i = 0; i < known->n_secrets; i++) {
        struct jt_client_secret *row = &jt_object_secrets(known)[i];
        bool same =
            jt_secret_eq(jt_span_of(hash, sizeof hash), jt_span_of(row->hash, sizeof row->hash));
        bool alive = jt_client_secret_alive(row, now_s);
        found = same && alive ? row : found;
    }
    jt_secret_wipe(hash, sizeof hash);
    if (found == NULL || !known->enabled || !is_well_formed(hasher, secret)) {
        return JT_ERR_CLIENT;
    }
    stamp(&found->used_s, now_s);
    return JT_OK;
}
