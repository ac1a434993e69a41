/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/jws.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "common/jose/b64url.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

static enum jt_err split(const char *token, struct jt_jws *out_jws)
{
    return jt_jws_split(jt_span_str(token), out_jws);
}

static void split_gives_the_parts_of_the_text(void **state)
{
    (void)state;
    struct jt_jws jws;
    assert_ok(split("aGVhZA.cGF5bG9hZA.c2ln", &jws));
    assert_span(jws.header, "aGVhZA");
    assert_span(jws.payload, "cGF5bG9hZA");
    assert_span(jws.signature, "c2ln");
    assert_span(jws.signed_part, "aGVhZA.cGF5bG9hZA");
}

static void split_other_than_three_parts_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",       ".",       "..",   "a",         "a.b",
        "a..c",   ".b.c",    "a.b.", "a.b.c.",    ".a.b.c",
        "a..b.c", "a.b.c.d", "...",  "a.b.c.d.e", "{\"payload\":\"a\",\"signatures\":[]}"};
    struct jt_jws jws = {.header = JT_SPAN("kept")};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        assert_err(split(refused[i], &jws), JT_ERR_JWS);
    }
    assert_err(jt_jws_split(JT_SPAN_NONE, &jws), JT_ERR_JWS);
    assert_span(jws.header, "kept");
    assert_ok(split("a.b.c", &jws));
}

static enum jt_err parse_header(struct jt_span json, struct jt_jws_header *out_header)
{
    JT_AUTO(buf) encoded = JT_BUF_INIT(8192);
    assert_ok(jt_b64url_put(&encoded, json));
    return jt_jws_parse_header(jt_buf_span(&encoded), out_header);
}

/* RFC 7515 A.2.1 and A.3.1, as they stand there. */
static void header_of_the_published_examples(void **state)
{
    (void)state;
    struct jt_jws_header header;
    assert_ok(jt_jws_parse_header(JT_SPAN("eyJhbGciOiJSUzI1NiJ9"), &header));
    assert_int_equal(header.alg->id, JT_ALG_RS256);
    assert_ok(jt_jws_parse_header(JT_SPAN("eyJhbGciOiJFUzI1NiJ9"), &header));
    assert_int_equal(header.alg->id, JT_ALG_ES256);
    assert_int_equal(header.kid_len, 0);
    assert_int_equal(header.typ_len, 0);
    assert_string_equal(header.kid, "");
    assert_string_equal(header.typ, "");
}

static void header_members_are_read_others_ignored(void **state)
{
    (void)state;
    struct jt_jws_header header;
    assert_ok(parse_header(JT_SPAN("{\"typ\":\"at+jwt\",\"kid\":\"k\\u00e91\",\"alg\":\"EdDSA\","
                                   "\"jwk\":{\"kty\":\"EC\"},\"jku\":\"https://evil.example\","
                                   "\"x5u\":7,\"x5c\":[],\"cty\":\"JWT\"}"),
                           &header));
    assert_int_equal(header.alg->id, JT_ALG_EDDSA);
    assert_string_equal(header.kid, "k\xc3\xa9"
                                    "1");
    assert_int_equal(header.kid_len, 4);
    assert_string_equal(header.typ, "at+jwt");
    assert_int_equal(header.typ_len, 6);
}

static const struct {
    const char *refused;
    enum jt_err err;
    const char *accepted;
} header_rows[] = {
    {"{}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":1}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":null}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":[\"ES256\"]}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"[\"alg\",\"ES256\"]", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"\"ES256\"", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"none\"}", JT_ERR_ALG, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"HS256\"}", JT_ERR_ALG, "{\"alg\":\"RS256\"}"},
    {"{\"alg\":\"es256\"}", JT_ERR_ALG, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"\"}", JT_ERR_ALG, "{\"alg\":\"PS256\"}"},
    {"{\"alg\":\"ES256\",\"alg\":\"ES256\"}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\",\"kid\":1}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\",\"kid\":\"1\"}"},
    {"{\"alg\":\"ES256\",\"kid\":null}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\",\"kid\":\"\"}"},
    {"{\"alg\":\"ES256\",\"kid\":\"a\\u0000\"}", JT_ERR_JWS_HEADER,
     "{\"alg\":\"ES256\",\"kid\":\"a\"}"},
    {"{\"alg\":\"ES256\",\"typ\":{}}", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"},
    {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", JT_ERR_JWS_CRIT, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\",\"crit\":[]}", JT_ERR_JWS_CRIT, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\",\"crit\":null}", JT_ERR_JWS_CRIT, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\",\"b64\":false}", JT_ERR_JWS_CRIT, "{\"alg\":\"ES256\",\"b6\":false}"},
    {"{\"alg\":\"ES256\",\"b64\":true}", JT_ERR_JWS_CRIT, "{\"alg\":\"ES256\"}"},
    {"{\"alg\":\"ES256\"} ,", JT_ERR_JWS_HEADER, "{\"alg\":\"ES256\"} "},
    {"{\"alg\":\"ES256\",\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", JT_ERR_JWS_HEADER,
     "{\"alg\":\"ES256\",\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"},
};

static void header_refused_repaired_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(header_rows); i++) {
        struct jt_jws_header header, before;
        memset(&header, 0x5A, sizeof header);
        memset(&before, 0x5A, sizeof before);
        assert_err(parse_header(jt_span_str(header_rows[i].refused), &header), header_rows[i].err);
        assert_memory_equal(&header, &before, sizeof header); /* written only on success */
        assert_ok(parse_header(jt_span_str(header_rows[i].accepted), &header));
    }
}

static void header_not_strict_base64url_refused(void **state)
{
    (void)state;
    struct jt_jws_header header;
    static const char *const refused[] = {"eyJhbGciOiJFUzI1NiJ9=",
                                          "eyJhbGciOiJFUzI1NiJ9\n",
                                          "eyJhbGciOiJFUzI1NiJ",
                                          "eyJhbGciOiJFUzI1NiJ+",
                                          "!",
                                          ""};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        assert_err(jt_jws_parse_header(jt_span_str(refused[i]), &header), JT_ERR_JWS_HEADER);
    }
    assert_err(jt_jws_parse_header(JT_SPAN_NONE, &header), JT_ERR_JWS_HEADER);
    assert_ok(jt_jws_parse_header(JT_SPAN("eyJhbGciOiJFUzI1NiJ9"), &header));
}

/* A header with member `name` of `n` characters. */
static enum jt_err parse_long(const char *name, int n, struct jt_jws_header *out_header)
{
    JT_AUTO(buf) json = JT_BUF_INIT(8192);
    assert_ok(jt_buf_printf(&json, "{\"alg\":\"ES256\",\"%s\":\"%0*d\"}", name, n, 1));
    return parse_header(jt_buf_span(&json), out_header);
}

static void header_member_one_too_long_refused(void **state)
{
    (void)state;
    struct jt_jws_header header;
    assert_err(parse_long("kid", 257, &header), JT_ERR_JWS_HEADER);
    assert_ok(parse_long("kid", 256, &header));
    assert_int_equal(header.kid_len, 256);
    assert_int_equal(strlen(header.kid), 256);
    assert_err(parse_long("typ", 64, &header), JT_ERR_JWS_HEADER);
    assert_ok(parse_long("typ", 63, &header));
    assert_int_equal(header.typ_len, 63);
}

static void header_over_its_limit_refused(void **state)
{
    (void)state;
    struct jt_jws_header header;
    int frame = (int)strlen("{\"alg\":\"ES256\",\"zip\":\"\"}");
    int fits = JT_B64URL_DECODED(JT_JWS_MAX_HEADER) - frame;
    assert_ok(parse_long("zip", fits, &header));
    assert_err(parse_long("zip", fits + 1, &header), JT_ERR_JWS_HEADER);
}

static enum jt_err parse_values(int n, struct jt_jws_header *out_header)
{
    JT_AUTO(buf) json = JT_BUF_INIT(4096);
    assert_ok(jt_buf_puts(&json, "{\"alg\":\"ES256\",\"x5c\":["));
    for (int i = 2; i < n; i++) {
        assert_ok(jt_buf_puts(&json, i == 2 ? "1" : ",1"));
    }
    assert_ok(jt_buf_puts(&json, "]}"));
    return parse_header(jt_buf_span(&json), out_header);
}

static void header_of_one_value_too_many_refused(void **state)
{
    (void)state;
    struct jt_jws_header header;
    assert_err(parse_values(JT_JWS_MAX_HEADER_VALUES + 1, &header), JT_ERR_JWS_HEADER);
    assert_ok(parse_values(JT_JWS_MAX_HEADER_VALUES, &header));
}

/* Both directions against libcrypto's encoder, for one coordinate length and one pattern. */
static void assert_converts(size_t coord, const uint8_t *raw)
{
    uint8_t der[JT_JWS_DER_MAX], back[2 * JT_JWS_COORD_MAX], *want = NULL;
    size_t n = 0;
    assert_ok(jt_jws_raw_to_der(jt_span_of(raw, 2 * coord), coord, der, &n));
    ECDSA_SIG *sig = ECDSA_SIG_new();
    assert_non_null(sig);
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, (int)coord, NULL),
                                    BN_bin2bn(raw + coord, (int)coord, NULL)),
                     1);
    int want_n = i2d_ECDSA_SIG(sig, &want);
    assert_int_equal(n, want_n);
    assert_memory_equal(der, want, n);
    OPENSSL_free(want);
    ECDSA_SIG_free(sig);
    assert_ok(jt_jws_der_to_raw(jt_span_of(der, n), coord, back));
    assert_memory_equal(back, raw, 2 * coord);
}

static const size_t coords[] = {32, 48, 66};

static void der_and_raw_agree_with_libcrypto(void **state)
{
    (void)state;
    static const uint8_t tops[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    for (size_t c = 0; c < JT_COUNT(coords); c++) {
        for (size_t t = 0; t < JT_COUNT(tops) * JT_COUNT(tops); t++) {
            /* every count of leading zeros of r, with every kind of first byte of r and s */
            for (size_t zeros = 0; zeros <= coords[c]; zeros++) {
                uint8_t raw[2 * JT_JWS_COORD_MAX];
                memset(raw, 0xA5, sizeof raw);
                memset(raw, 0, zeros);
                if (zeros < coords[c]) {
                    raw[zeros] = tops[t % JT_COUNT(tops)];
                }
                raw[coords[c]] = tops[t / JT_COUNT(tops)];
                assert_converts(coords[c], raw);
            }
        }
        uint8_t raw[2 * JT_JWS_COORD_MAX];
        memset(raw, 0, sizeof raw);
        assert_converts(coords[c], raw);
        memset(raw, 0xFF, sizeof raw);
        assert_converts(coords[c], raw);
    }
}

static void raw_of_another_length_refused(void **state)
{
    (void)state;
    uint8_t raw[4 * JT_JWS_COORD_MAX], der[JT_JWS_DER_MAX];
    memset(raw, 0x77, sizeof raw);
    size_t n = 0;
    for (size_t c = 0; c < JT_COUNT(coords); c++) {
        for (size_t len = 0; len < sizeof raw; len++) {
            enum jt_err want = len == 2 * coords[c] ? JT_OK : JT_ERR_SIGNATURE;
            assert_err(jt_jws_raw_to_der(jt_span_of(raw, len), coords[c], der, &n), want);
        }
    }
    assert_err(jt_jws_raw_to_der(JT_SPAN_NONE, 0, der, &n), JT_ERR_SIGNATURE);
    assert_err(jt_jws_raw_to_der(jt_span_of(raw, 2 * 67), 67, der, &n), JT_ERR_SIGNATURE);
}

/* A DER signature of P-256 with r = 1, s = 2, and what must not be read as one. */
static void der_malformed_refused_repaired_accepted(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "30",
        "3006020101020102ff", /* a byte after it */
        "3006020101020102"
        "00",
        "3007020101020102", /* longer than it is */
        "3005020101020102",
        "300602010102", /* cut */
        "3103020101",
        "30060201810201"
        "02",               /* r negative */
        "3003020101",       /* s absent */
        "3006040101020102", /* not an INTEGER */
        "3007020200010201"
        "02", /* a zero too many before r */
        "3007020101020200"
        "02",               /* and before s */
        "3006020002020002", /* r of no byte */
        "3081060201010201"
        "02", /* the length in a longer form than it needs */
        "3082000602010102"
        "0102", /* and longer yet */
        "3080020101020102"
        "0000",             /* of no length */
        "3006028101020102", /* r's length in a longer form */
        "3006020101028001", /* s of no length */
        "3008020101020102"
        "0500", /* a third value */
        "30",   /* cut in the length */
        "3081",
    };
    uint8_t der[64], raw[64];
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        size_t n = unhex(refused[i], der);
        assert_err(jt_jws_der_to_raw(jt_span_of(der, n), 32, raw), JT_ERR_CRYPTO);
        assert_int_equal(ERR_peek_error(), 0); /* the queue is the program's */
    }
    size_t n = unhex("3006020101020102", der);
    assert_ok(jt_jws_der_to_raw(jt_span_of(der, n), 32, raw));
    assert_int_equal(raw[31], 1);
    assert_int_equal(raw[63], 2);
    n = unhex("30080203010203020102", der); /* three bytes into a coordinate of two */
    assert_err(jt_jws_der_to_raw(jt_span_of(der, n), 2, raw), JT_ERR_CRYPTO);
    assert_ok(jt_jws_der_to_raw(jt_span_of(der, n), 3, raw));
    assert_err(jt_jws_der_to_raw(jt_span_of(der, n), 67, raw), JT_ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_gives_the_parts_of_the_text),
        cmocka_unit_test(split_other_than_three_parts_refused),
        cmocka_unit_test(header_of_the_published_examples),
        cmocka_unit_test(header_members_are_read_others_ignored),
        cmocka_unit_test(header_refused_repaired_accepted),
        cmocka_unit_test(header_not_strict_base64url_refused),
        cmocka_unit_test(header_member_one_too_long_refused),
        cmocka_unit_test(header_over_its_limit_refused),
        cmocka_unit_test(header_of_one_value_too_many_refused),
        cmocka_unit_test(der_and_raw_agree_with_libcrypto),
        cmocka_unit_test(raw_of_another_length_refused),
        cmocka_unit_test(der_malformed_refused_repaired_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
