/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/b64url.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* RFC 4648 sec. 10, without the padding where base64url leaves it out. */
static const struct {
    const char *bytes, *url, *standard;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg", "Zg=="},
    {"fo", "Zm8", "Zm8="},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg", "Zm9vYg=="},
    {"fooba", "Zm9vYmE", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbe", "-_--", "+/++"},
};

typedef enum jt_err decode_fn(struct jt_span text, uint8_t *out, size_t *out_n);

static void assert_decodes(decode_fn *decode, const char *text, const char *want)
{
    uint8_t out[64];
    size_t n = 99;
    assert_ok(decode(jt_span_str(text), out, &n));
    assert_int_equal(n, strlen(want));
    assert_memory_equal(out, want, n);
}

static void assert_refused(decode_fn *decode, struct jt_span text)
{
    uint8_t out[64];
    size_t n = 99;
    assert_err(decode(text, out, &n), JT_ERR_BASE64);
    assert_int_equal(n, 99); /* not written */
}

static void put_and_decode_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(vectors); i++) {
        JT_AUTO(buf) out = JT_BUF_INIT(JT_B64URL_LEN(strlen(vectors[i].bytes)));
        assert_ok(jt_b64url_put(&out, jt_span_str(vectors[i].bytes)));
        assert_string_equal(jt_buf_str(&out), vectors[i].url);
        assert_decodes(jt_b64url_decode, vectors[i].url, vectors[i].bytes);
        assert_decodes(jt_b64url_decode_standard, vectors[i].standard, vectors[i].bytes);
    }
}

/* Refused, and the text with only that cause repaired. */
static const struct {
    const char *refused, *accepted;
} url_pairs[] = {
    {"Zg==", "Zg"},     {"Zg=", "Zg"},          {"Zm8=", "Zm8"},
    {"=", ""},          {"Zm9v=", "Zm9v"},      {"Zh", "Zg"},
    {"Zv", "Zg"},       {"Zm9", "Zm8"},         {"Zm-", "Zm8"},
    {"Z", "Zg"},        {"Zm9vY", "Zm9v"},      {"+/++", "-_--"},
    {"Zm9v\n", "Zm9v"}, {" Zm9v", "Zm9v"},      {"Zm 9v", "Zm9v"},
    {"Zm9v.", "Zm9v"},  {"Zm\xc3\xa9", "Zm9v"}, {"Zm9v\t\t\t\t", "Zm9v"},
    {"Zg%3D", "Zg"},
};
static const struct {
    const char *refused, *accepted;
} standard_pairs[] = {
    {"Zg", "Zg=="},     {"Zg=", "Zg=="},      {"Zm8", "Zm8="},      {"Zm8==", "Zm8="},
    {"====", ""},       {"Z===", "Zg=="},     {"Zh==", "Zg=="},     {"Zm9=", "Zm8="},
    {"-_--", "+/++"},   {"Zg==Zg==", "Zg=="}, {"Zm9v====", "Zm9v"}, {"=Zg=", "Zg=="},
    {"Zm9v\n", "Zm9v"}, {"Z=g=", "Zg=="},     {"==", ""},
};

static void decode_other_form_refused_repaired_accepted(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t n;
    for (size_t i = 0; i < JT_COUNT(url_pairs); i++) {
        assert_refused(jt_b64url_decode, jt_span_str(url_pairs[i].refused));
        assert_ok(jt_b64url_decode(jt_span_str(url_pairs[i].accepted), out, &n));
    }
    assert_refused(jt_b64url_decode, JT_SPAN("Zm9\0"));
    assert_refused(jt_b64url_decode, JT_SPAN("\0\0\0\0"));
}

static void decode_standard_other_form_refused_repaired_accepted(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t n;
    for (size_t i = 0; i < JT_COUNT(standard_pairs); i++) {
        assert_refused(jt_b64url_decode_standard, jt_span_str(standard_pairs[i].refused));
        assert_ok(jt_b64url_decode_standard(jt_span_str(standard_pairs[i].accepted), out, &n));
    }
}

static bool in_alphabet(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return c != 0 && strchr(alphabet, c) != NULL;
}

/* A text that decodes is the only text of those bytes: decoding then encoding gives it back. */
static bool decodes_canonically(struct jt_span text)
{
    uint8_t out[64];
    size_t n = 0;
    if (jt_b64url_decode(text, out, &n) != JT_OK) {
        return false;
    }
    JT_AUTO(buf) again = JT_BUF_INIT(64);
    assert_ok(jt_b64url_put(&again, jt_span_of(out, n)));
    assert_true(jt_span_eq(jt_buf_span(&again), text));
    return true;
}

static void decode_every_byte_at_every_place_canonical_or_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"Zg", "Zm8", "Zm9v", "Zm9vYg", "eyJhbGciOiJFUzI1NiJ9"};
    for (size_t t = 0; t < JT_COUNT(texts); t++) {
        uint8_t text[32];
        size_t n = strlen(texts[t]);
        for (size_t i = 0; i < n; i++) {
            for (int c = 0; c < 256; c++) {
                memcpy(text, texts[t], n);
                text[i] = (uint8_t)c;
                bool accepted = decodes_canonically(jt_span_of(text, n));
                bool last_of_rest = i == n - 1 && n % 4 != 0; /* spare bits decide here */
                if (!last_of_rest) {
                    assert_int_equal(accepted, in_alphabet((uint8_t)c));
                } else if (accepted) {
                    assert_true(in_alphabet((uint8_t)c));
                }
            }
        }
    }
}

static void decode_every_truncation_canonical_or_refused(void **state)
{
    (void)state;
    static const char text[] = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ";
    for (size_t n = 0; n < sizeof text; n++) {
        bool accepted = decodes_canonically(jt_span_of(text, n));
        if (n % 4 == 1) {
            assert_false(accepted);
        }
        if (n % 4 == 0) {
            assert_true(accepted);
        }
    }
}

static void decode_one_of_four_last_characters_per_value(void **state)
{
    (void)state;
    /* one byte leaves 4 spare bits: 4 of 64 characters; two bytes leave 2: 16 of 64 */
    static const struct {
        const char *head;
        int accepted;
    } rows[] = {{"A", 4}, {"AA", 16}, {"AAA", 64}};
    for (size_t r = 0; r < JT_COUNT(rows); r++) {
        int accepted = 0;
        for (int c = 0; c < 256; c++) {
            uint8_t text[4] = "AAA";
            size_t n = strlen(rows[r].head);
            text[n] = (uint8_t)c;
            accepted += decodes_canonically(jt_span_of(text, n + 1));
        }
        assert_int_equal(accepted, rows[r].accepted);
    }
}

static void put_past_max_leaves_what_was(void **state)
{
    (void)state;
    JT_AUTO(buf) out = JT_BUF_INIT(9);
    assert_ok(jt_buf_puts(&out, "x."));
    assert_err(jt_b64url_put(&out, JT_SPAN("foobar")), JT_ERR_LIMIT);
    assert_string_equal(jt_buf_str(&out), "x.");
    assert_ok(jt_b64url_put(&out, JT_SPAN("fooba")));
    assert_string_equal(jt_buf_str(&out), "x.Zm9vYmE");
}

static void lengths_are_exact_for_every_size(void **state)
{
    (void)state;
    uint8_t bytes[100], back[100];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 200);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        JT_AUTO(buf) out = JT_BUF_INIT(JT_B64URL_LEN(n)); /* not one byte to spare */
        size_t back_n = 0;
        assert_ok(jt_b64url_put(&out, jt_span_of(bytes, n)));
        assert_int_equal(out.len, JT_B64URL_LEN(n));
        assert_int_equal(JT_B64URL_DECODED(out.len), n);
        assert_ok(jt_b64url_decode(jt_buf_span(&out), back, &back_n));
        assert_int_equal(back_n, n);
        assert_memory_equal(back, bytes, n);
    }
}

/* Texts of every length up to some blocks, into room that is just enough. */
static void encode_is_what_put_appends(void **state)
{
    (void)state;
    uint8_t bytes[40];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 200);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        JT_AUTO(buf) want = JT_BUF_INIT(64);
        char text[64];
        memset(text, '!', sizeof text);
        assert_ok(jt_b64url_put(&want, jt_span_of(bytes, n)));
        jt_b64url_encode(jt_span_of(bytes, n), text);
        assert_string_equal(text, jt_buf_str(&want));
        assert_int_equal(strlen(text), JT_B64URL_LEN(n));
        assert_int_equal(text[JT_B64URL_LEN(n) + 1], '!');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode_is_what_put_appends),
        cmocka_unit_test(put_and_decode_the_published_vectors),
        cmocka_unit_test(decode_other_form_refused_repaired_accepted),
        cmocka_unit_test(decode_standard_other_form_refused_repaired_accepted),
        cmocka_unit_test(decode_every_byte_at_every_place_canonical_or_refused),
        cmocka_unit_test(decode_every_truncation_canonical_or_refused),
        cmocka_unit_test(decode_one_of_four_last_characters_per_value),
        cmocka_unit_test(put_past_max_leaves_what_was),
        cmocka_unit_test(lengths_are_exact_for_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
