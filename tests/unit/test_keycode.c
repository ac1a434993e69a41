/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keycode.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "common/jose/jwk.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static const struct {
    enum jt_alg alg;
    size_t n; /* of the encoded key */
} rows[] = {
    {JT_ALG_ES256, 32 + 65},
    {JT_ALG_ES384, 48 + 97},
    {JT_ALG_ES512, 66 + 133},
    {JT_ALG_RS256, 256 + 8 + 256 + 5 * 128},
};

static EVP_PKEY *make_key(enum jt_alg alg)
{
    const struct jt_alg_row *row = jt_alg_row(alg);
    EVP_PKEY *pkey = row->kty == JT_KTY_EC ? EVP_EC_gen(row->group) : EVP_RSA_gen((size_t)2048);
    assert_non_null(pkey);
    return pkey;
}

static void decode_what_was_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const struct jt_alg_row *row = jt_alg_row(rows[i].alg);
        EVP_PKEY *pkey = make_key(rows[i].alg), *back = NULL;
        JT_AUTO(secret) bytes = JT_SECRET_INIT;
        assert_ok(jt_keycode_encode(row, pkey, &bytes));
        assert_int_equal(bytes.n, rows[i].n);
        assert_ok(jt_keycode_decode(row, jt_secret_span(&bytes), &back));
        assert_int_equal(EVP_PKEY_eq(pkey, back), 1);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(back, NULL);
        assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1); /* the private half too */
        EVP_PKEY_CTX_free(ctx);
        JT_AUTO(secret) again = JT_SECRET_INIT;
        assert_ok(jt_keycode_encode(row, back, &again));
        assert_true(jt_secret_eq(jt_secret_span(&bytes), jt_secret_span(&again)));
        EVP_PKEY_free(pkey);
        EVP_PKEY_free(back);
    }
}

/* RFC 6979 appendix A.2.5: the P-256 key; its bytes must mean the same on every machine. */
static void decode_published_key(void **state)
{
    (void)state;
    uint8_t bytes[97];
    EVP_PKEY *pkey = NULL;
    JT_AUTO(buf) jwk_text = JT_BUF_INIT(512);
    JT_AUTOP(jwk) jwk = NULL;
    assert_int_equal(unhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
                           "04"
                           "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
                           "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
                           bytes),
                     sizeof bytes);
    assert_ok(jt_keycode_decode(jt_alg_row(JT_ALG_ES256), jt_span_of(bytes, sizeof bytes), &pkey));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
    EVP_PKEY_CTX_free(ctx);
    assert_ok(jt_jwk_from_pkey(pkey, JT_ALG_ES256, &jwk));
    assert_ok(jt_jwk_put(jwk, &jwk_text));
    assert_non_null(
        strstr(jt_buf_str(&jwk_text), "\"x\":\"YP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Y\""));
    assert_non_null(
        strstr(jt_buf_str(&jwk_text), "\"y\":\"eQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk\""));
    EVP_PKEY_free(pkey);
}

static void decode_other_length_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[16384];
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        const struct jt_alg_row *row = jt_alg_row(rows[i].alg);
        EVP_PKEY *pkey = make_key(rows[i].alg), *back = NULL;
        JT_AUTO(secret) bytes = JT_SECRET_INIT;
        assert_ok(jt_keycode_encode(row, pkey, &bytes));
        for (size_t n = 0; n < bytes.n; n++) {
            assert_err(jt_keycode_decode(row, jt_span_of(bytes.p, n), &back), JT_ERR_UNSEAL);
        }
        for (size_t n = bytes.n + 1; n <= sizeof zeros; n += 97) {
            assert_err(jt_keycode_decode(row, jt_span_of(zeros, n), &back), JT_ERR_UNSEAL);
        }
        assert_ok(jt_keycode_decode(row, jt_secret_span(&bytes), &back));
        EVP_PKEY_free(pkey);
        EVP_PKEY_free(back);
    }
}

static void decode_point_off_the_curve_refused(void **state)
{
    (void)state;
    const struct jt_alg_row *row = jt_alg_row(JT_ALG_ES256);
    EVP_PKEY *pkey = make_key(JT_ALG_ES256), *back = NULL;
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    assert_ok(jt_keycode_encode(row, pkey, &bytes));
    bytes.p[bytes.n - 1] ^= 1;
    assert_err(jt_keycode_decode(row, jt_secret_span(&bytes), &back), JT_ERR_UNSEAL);
    bytes.p[bytes.n - 1] ^= 1;
    assert_ok(jt_keycode_decode(row, jt_secret_span(&bytes), &back));
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(back);
}

static void encode_key_of_another_algorithm_refused(void **state)
{
    (void)state;
    EVP_PKEY *p256 = make_key(JT_ALG_ES256), *p384 = make_key(JT_ALG_ES384);
    JT_AUTO(secret) bytes = JT_SECRET_INIT;
    assert_err(jt_keycode_encode(jt_alg_row(JT_ALG_ES256), p384, &bytes), JT_ERR_CRYPTO);
    assert_err(jt_keycode_encode(jt_alg_row(JT_ALG_RS256), p256, &bytes), JT_ERR_CRYPTO);
    assert_null(bytes.p);
    assert_ok(jt_keycode_encode(jt_alg_row(JT_ALG_ES384), p384, &bytes));
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_what_was_encoded),
        cmocka_unit_test(decode_published_key),
        cmocka_unit_test(decode_other_length_refused),
        cmocka_unit_test(decode_point_off_the_curve_refused),
        cmocka_unit_test(encode_key_of_another_algorithm_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
