/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/key_part.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/jose/b64url.h"
#include "issuer/keyring.h"

#include "common/base/base.h"

#define JWKS_MAX (1024 * 1024)

static enum jt_err put_set(const struct jt_keyring *keyring, struct jt_buf *out)
{
    JT_TRY(jt_buf_puts(out, "{\"keys\":["));
    bool first = true;
    for (size_t i = keyring->n; i-- > 0;) {
        if (!jt_schedule_published(&keyring->times[i])) {
            continue;
        }
        JT_TRY(jt_buf_puts(out, first ? "" : ","));
        JT_TRY(jt_buf_put(out, jt_buf_span(&keyring->sealed[i].public_jwk)));
        first = false;
    }
    return jt_buf_puts(out, "]}");
}

static enum jt_err make_etag(struct jt_span set, char out[48])
{
    uint8_t digest[JT_SHA256_LEN];
    struct jt_buf text = JT_BUF_INIT(JT_B64URL_LEN(JT_SHA256_LEN));
    JT_TRY(jt_digest_sha256(set, digest));
    enum jt_err err = jt_b64url_put(&text, jt_span_of(digest, sizeof digest));
    if (err == JT_OK) {
        (void)snprintf(out, 48, "\"%s\"", jt_buf_str(&text)); /* 45 characters */
    }
    jt_buf_release(&text);
    return err;
}

static enum jt_err copy_times(const struct jt_keyring *keyring, struct jt_key_part *part)
{
    if (keyring->n == 0) {
        return JT_OK;
    }
    part->times = malloc(keyring->n * sizeof *part->times);
    if (part->times == NULL) {
        return JT_ERR_NOMEM;
    }
    memcpy(part->times, keyring->times, keyring->n * sizeof *part->times);
    part->n_times = keyring->n;
    return JT_OK;
}

static enum jt_err list_kids(const struct jt_keyring *keyring, struct jt_key_part *part)
{
    part->marks = calloc(keyring->n + 1, sizeof *part->marks);
    if (part->marks == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < keyring->n; i++) {
        if (jt_schedule_published(&keyring->times[i])) {
            memcpy(part->marks[part->n_marks++].kid, keyring->times[i].kid, JT_KEY_KID_MAX);
        }
    }
    return JT_OK;
}

static void note_signing(const struct jt_keyring *keyring, struct jt_key_part *part)
{
    for (enum jt_alg alg = JT_ALG_NONE + 1; alg < JT_ALG_COUNT_; alg++) {
        const struct jt_key_times *active = jt_schedule_active(keyring->times, keyring->n, alg);
        if (active != NULL) {
            memcpy(part->signing_kid[alg], active->kid, sizeof part->signing_kid[alg]);
        }
    }
}

enum jt_err jt_key_part_make(const struct jt_keyring *keyring, struct jt_key_part **out_part)
{
    struct jt_key_part *part = calloc(1, sizeof *part);
    if (part == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_init(&part->refs, 1);
    part->jwks.max = JWKS_MAX;
    note_signing(keyring, part);
    enum jt_err err = list_kids(keyring, part);
    if (err == JT_OK) {
        err = put_set(keyring, &part->jwks);
    }
    if (err == JT_OK) {
        err = make_etag(jt_buf_span(&part->jwks), part->etag);
    }
    if (err == JT_OK) {
        err = copy_times(keyring, part);
    }
    if (err != JT_OK) {
        jt_key_part_free(part);
        return err;
    }
    *out_part = part;
    return JT_OK;
}

bool jt_key_part_keeps(const struct jt_key_part *keys, enum jt_alg alg)
{
    return keys->signing_kid[alg][0] != 0 ||
           jt_schedule_next(keys->times, keys->n_times, alg) != NULL;
}

struct jt_key_part *jt_key_part_ref(struct jt_key_part *keys)
{
    atomic_fetch_add_explicit(&keys->refs, 1, memory_order_relaxed);
    return keys;
}

void jt_key_part_free(struct jt_key_part *keys)
{
    if (keys != NULL && atomic_fetch_sub_explicit(&keys->refs, 1, memory_order_acq_rel) == 1) {
        jt_buf_release(&keys->jwks);
        free(keys->times);
        free(keys->marks);
        free(keys);
    }
}
