/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of keys/ share: a fixed source of randomness that can fail, key-encryption keys of
 * known bytes, and claims that only need changing.
 */
#ifndef JT_TESTS_UNIT_UNIT_KEYS_H
#define JT_TESTS_UNIT_UNIT_KEYS_H

#include "tests/unit/unit.h"

#include "keys/signer_local.h"

/* xorshift64: repeatable, and no two draws alike. After `left` draws one fails, and only that one.
 */
struct fixed_random {
    uint64_t state;
    int left;
    struct jt_random random;
};

static inline enum jt_err fixed_fill(void *ctx, uint8_t *out, size_t n)
{
    struct fixed_random *fixed = ctx;
    if (fixed->left-- == 0) {
        return JT_ERR_RANDOM;
    }
    for (size_t i = 0; i < n; i++) {
        fixed->state ^= fixed->state << 13;
        fixed->state ^= fixed->state >> 7;
        fixed->state ^= fixed->state << 17;
        out[i] = (uint8_t)(fixed->state >> 32);
    }
    return JT_OK;
}

static inline const struct jt_random *fixed_random(struct fixed_random *fixed, int draws)
{
    *fixed = (struct fixed_random){0x9E3779B97F4A7C15u, draws, {fixed_fill, fixed}};
    return &fixed->random;
}

/* The key-encryption key of 32 bytes `fill`. */
static inline struct jt_kek fixed_kek(uint8_t fill)
{
    uint8_t bytes[32];
    struct jt_kek kek = JT_KEK_INIT;
    memset(bytes, fill, sizeof bytes);
    assert_ok(jt_kek_derive(jt_span_of(bytes, sizeof bytes), &kek));
    return kek;
}

/* A signer under fixed_kek(fill), to free. */
static inline struct jt_signer *fixed_signer(uint8_t fill, const struct jt_random *random)
{
    struct jt_keks keks = {.now = fixed_kek(fill)};
    struct jt_signer *signer = NULL;
    assert_ok(jt_signer_new_local(&keks, random, &signer));
    assert_null(keks.now.wrap.p); /* taken */
    return signer;
}

static const struct jt_span api = {(const uint8_t *)"https://payment.example.com/api", 31};

static inline struct jt_claims some_claims(const char *typ)
{
    return (struct jt_claims){
        .iss = JT_SPAN("https://issuer.example.com"),
        .sub = JT_SPAN("cart"),
        .client_id = JT_SPAN("cart"),
        .jti = JT_SPAN("0123456789"),
        .aud = &api,
        .n_aud = 1,
        .scope = JT_SPAN("payments:read payments:write"),
        .iat_s = 1700000000,
        .nbf_s = 1700000000,
        .exp_s = 1700003600,
        .typ = jt_span_str(typ),
    };
}

/* A copy of `from`, to release. */
static inline struct jt_sealed copy_of(const struct jt_sealed *from)
{
    struct jt_sealed copy = JT_SEALED_INIT;
    copy.kind = from->kind;
    copy.alg = from->alg;
    memcpy(copy.mac, from->mac, sizeof copy.mac);
    assert_ok(jt_buf_put(&copy.kid, jt_buf_span(&from->kid)));
    assert_ok(jt_buf_put(&copy.public_jwk, jt_buf_span(&from->public_jwk)));
    assert_ok(jt_buf_put(&copy.blob, jt_buf_span(&from->blob)));
    return copy;
}

#endif
