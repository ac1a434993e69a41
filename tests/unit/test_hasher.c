/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/hasher.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void assert_hex(const uint8_t *got, const char *want)
{
    uint8_t bytes[JT_SHA256_LEN];
    assert_int_equal(unhex(want, bytes), JT_SHA256_LEN);
    assert_memory_equal(got, bytes, JT_SHA256_LEN);
}

/* RFC 4231 sec. 4.2, 4.3 and 4.7 (a key longer than a block), each twice in turn with a digest. */
static void hmac_of_the_published_examples_again_and_again(void **state)
{
    (void)state;
    uint8_t short_key[20], long_key[131];
    memset(short_key, 0x0b, sizeof short_key);
    memset(long_key, 0xaa, sizeof long_key);
    const struct {
        struct jt_span key, text;
        const char *want;
    } rows[] = {
        {jt_span_of(short_key, sizeof short_key), JT_SPAN("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {JT_SPAN("Jefe"), JT_SPAN("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {jt_span_of(long_key, sizeof long_key),
         JT_SPAN("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        uint8_t out[JT_SHA256_LEN];
        JT_AUTOP(hasher) hasher = NULL;
        assert_ok(jt_hasher_new(rows[i].key, &hasher));
        for (int again = 0; again < 2; again++) {
            assert_ok(jt_hasher_hmac(hasher, rows[i].text, out));
            assert_hex(out, rows[i].want);
            assert_ok(jt_hasher_sha256(hasher, JT_SPAN("abc"), out));
            assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        }
    }
}

/* Keys and texts of every length about a block's, beside the one-shot calls. */
static void any_length_is_as_the_one_shot_calls_have_it(void **state)
{
    (void)state;
    uint8_t bytes[130];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t key_n = 1; key_n <= sizeof bytes; key_n++) {
        JT_AUTOP(hasher) hasher = NULL;
        struct jt_span key = jt_span_of(bytes, key_n);
        assert_ok(jt_hasher_new(key, &hasher));
        for (size_t n = 0; n <= sizeof bytes; n++) {
            uint8_t got[JT_SHA256_LEN], want[JT_SHA256_LEN];
            assert_ok(jt_hasher_hmac(hasher, jt_span_of(bytes, n), got));
            assert_ok(jt_digest_hmac(key, jt_span_of(bytes, n), want));
            assert_memory_equal(got, want, JT_SHA256_LEN);
            assert_ok(jt_hasher_sha256(hasher, jt_span_of(bytes, n), got));
            assert_ok(jt_digest_sha256(jt_span_of(bytes, n), want));
            assert_memory_equal(got, want, JT_SHA256_LEN);
        }
    }
}

static void empty_key_refused_empty_text_accepted(void **state)
{
    (void)state;
    uint8_t out[JT_SHA256_LEN];
    JT_AUTOP(hasher) hasher = NULL;
    assert_err(jt_hasher_new(JT_SPAN_NONE, &hasher), JT_ERR_ARGUMENT);
    assert_err(jt_hasher_new(JT_SPAN(""), &hasher), JT_ERR_ARGUMENT);
    assert_null(hasher);
    assert_ok(jt_hasher_new(JT_SPAN("k"), &hasher));
    assert_ok(jt_hasher_hmac(hasher, JT_SPAN_NONE, out));
    assert_hex(out, "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_of_the_published_examples_again_and_again),
        cmocka_unit_test(any_length_is_as_the_one_shot_calls_have_it),
        cmocka_unit_test(empty_key_refused_empty_text_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
