/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jwks.h"

#include "tests/unit/jose_examples.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static enum jt_err parse(const char *text, struct jt_jwks **out_jwks)
{
    return jt_jwks_parse(jt_span_str(text), out_jwks);
}

static void parse_gives_the_keys_in_order(void **state)
{
    (void)state;
    JT_AUTOP(jwks) jwks = NULL;
    assert_ok(parse("{\"keys\":[" EC_JWK "," RSA_JWK "," OKP_JWK "],\"more\":1}", &jwks));
    assert_int_equal(jwks->n, 3);
    assert_int_equal(jwks->skipped, 0);
    assert_int_equal(jwks->keys[0]->kty, JT_KTY_EC);
    assert_string_equal(jwks->keys[1]->thumbprint, RSA_THUMBPRINT);
    assert_string_equal(jwks->keys[2]->thumbprint, OKP_THUMBPRINT);
}

/* One bad member is skipped and counted, wherever it stands; the good ones stay. */
static void parse_bad_member_skipped_and_counted(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "1",
        "null",
        "[]",
        "{}",
        "\"key\"",
        "{\"kty\":\"oct\",\"k\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" OKP_X "\"}",
    };
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        JT_AUTO(buf) text = JT_BUF_INIT(8192);
        JT_AUTOP(jwks) jwks = NULL;
        assert_ok(jt_buf_printf(&text, "{\"keys\":[%s," EC_JWK ",%s," OKP_JWK ",%s]}", bad[i],
                                bad[i], bad[i]));
        assert_ok(parse(jt_buf_str(&text), &jwks));
        assert_int_equal(jwks->n, 2);
        assert_int_equal(jwks->skipped, 3);
        assert_int_equal(jwks->keys[0]->kty, JT_KTY_EC);
        assert_int_equal(jwks->keys[1]->kty, JT_KTY_OKP);
    }
}

static const struct {
    const char *refused;
    enum jt_err err;
    const char *accepted;
} rows[] = {
    {"{\"keys\":[]}", JT_ERR_JWKS_EMPTY, "{\"keys\":[" EC_JWK "]}"},
    {"{\"keys\":[{}]}", JT_ERR_JWKS_EMPTY, "{\"keys\":[{}," EC_JWK "]}"},
    {"{}", JT_ERR_JSON, "{\"keys\":[" EC_JWK "]}"},
    {"{\"keys\":" EC_JWK "}", JT_ERR_JSON, "{\"keys\":[" EC_JWK "]}"},
    {"[" EC_JWK "]", JT_ERR_JSON, "{\"keys\":[" EC_JWK "]}"},
    {EC_JWK, JT_ERR_JSON, "{\"keys\":[" EC_JWK "]}"},
    {"", JT_ERR_JSON, "{\"keys\":[" OKP_JWK "]}"},
    {"<html></html>", JT_ERR_JSON, "{\"keys\":[" OKP_JWK "]}"},
    {"{\"keys\":[" EC_JWK "],\"keys\":[]}", JT_ERR_JSON, "{\"keys\":[" EC_JWK "],\"kez\":[]}"},
    {"{\"keys\":[" EC_JWK "]", JT_ERR_JSON, "{\"keys\":[" EC_JWK "]}"},
    {"{\"keys\":[" EC_JWK "],\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", JT_ERR_JSON_DEPTH,
     "{\"keys\":[" EC_JWK "],\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"},
};

static void parse_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_jwks *none = NULL;
        assert_err(parse(rows[i].refused, &none), rows[i].err);
        assert_null(none);
        JT_AUTOP(jwks) jwks = NULL;
        assert_ok(parse(rows[i].accepted, &jwks));
        assert_int_equal(jwks->n, 1);
    }
}

/* `n` times the same key, the first `bad` of them unusable. */
static void parse_many(size_t n, size_t bad, struct jt_jwks **out_jwks)
{
    JT_AUTO(buf) text = JT_BUF_INIT(JT_JWKS_MAX_BYTES);
    assert_ok(jt_buf_puts(&text, "{\"keys\":["));
    for (size_t i = 0; i < n; i++) {
        assert_ok(jt_buf_printf(&text, "%s%s", i == 0 ? "" : ",", i < bad ? "{}" : OKP_JWK));
    }
    assert_ok(jt_buf_puts(&text, "]}"));
    assert_ok(jt_jwks_parse(jt_buf_span(&text), out_jwks));
}

static void parse_over_a_hundred_members_rest_skipped(void **state)
{
    (void)state;
    static const struct {
        size_t n, bad, want_n, want_skipped;
    } counts[] = {
        {99, 0, 99, 0}, {100, 0, 100, 0}, {101, 0, 100, 1}, {1000, 0, 100, 900}, {120, 10, 90, 30}};
    for (size_t i = 0; i < JT_COUNT(counts); i++) {
        JT_AUTOP(jwks) jwks = NULL;
        parse_many(counts[i].n, counts[i].bad, &jwks);
        assert_int_equal(jwks->n, counts[i].want_n);
        assert_int_equal(jwks->skipped, counts[i].want_skipped);
    }
}

static void parse_one_byte_over_the_limit_refused(void **state)
{
    (void)state;
    static const char set[] = "{\"keys\":[" EC_JWK "]}";
    char *text = malloc(JT_JWKS_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', JT_JWKS_MAX_BYTES + 1);
    memcpy(text, set, sizeof set - 1);
    struct jt_jwks *none = NULL;
    assert_err(jt_jwks_parse(jt_span_of(text, JT_JWKS_MAX_BYTES + 1), &none), JT_ERR_LIMIT);
    JT_AUTOP(jwks) jwks = NULL;
    assert_ok(jt_jwks_parse(jt_span_of(text, JT_JWKS_MAX_BYTES), &jwks));
    free(text);
}

static void keys_outlive_the_set_by_a_reference(void **state)
{
    (void)state;
    struct jt_jwks *jwks = NULL;
    assert_ok(parse("{\"keys\":[" OKP_JWK "]}", &jwks));
    JT_AUTOP(jwk) key = jt_jwk_ref(jwks->keys[0]);
    jt_jwks_free(jwks);
    assert_string_equal(key->thumbprint, OKP_THUMBPRINT);
    jt_jwks_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_gives_the_keys_in_order),
        cmocka_unit_test(parse_bad_member_skipped_and_counted),
        cmocka_unit_test(parse_refused_repaired_accepted),
        cmocka_unit_test(parse_over_a_hundred_members_rest_skipped),
        cmocka_unit_test(parse_one_byte_over_the_limit_refused),
        cmocka_unit_test(keys_outlive_the_set_by_a_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
