/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/digest.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void assert_hex(const uint8_t *got, const char *want)
{
    uint8_t bytes[128];
    size_t n = unhex(want, bytes);
    assert_memory_equal(got, bytes, n);
}

/* FIPS 180-4, the examples of its test document. */
static void sha256_of_the_published_examples(void **state)
{
    (void)state;
    uint8_t out[JT_SHA256_LEN];
    assert_ok(jt_digest_sha256(JT_SPAN("abc"), out));
    assert_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_ok(jt_digest_sha256(JT_SPAN_NONE, out));
    assert_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231 sec. 4.2, 4.3 and 4.7 (a key longer than a block). */
static void hmac_of_the_published_examples(void **state)
{
    (void)state;
    uint8_t key[131], out[JT_SHA256_LEN];
    memset(key, 0x0b, 20);
    assert_ok(jt_digest_hmac(jt_span_of(key, 20), JT_SPAN("Hi There"), out));
    assert_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_ok(jt_digest_hmac(JT_SPAN("Jefe"), JT_SPAN("what do ya want for nothing?"), out));
    assert_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_ok(jt_digest_hmac(jt_span_of(key, sizeof key),
                             JT_SPAN("Test Using Larger Than Block-Size Key - Hash Key First"),
                             out));
    assert_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hmac_empty_key_refused_empty_text_accepted(void **state)
{
    (void)state;
    uint8_t out[JT_SHA256_LEN];
    assert_err(jt_digest_hmac(JT_SPAN_NONE, JT_SPAN("text"), out), JT_ERR_ARGUMENT);
    assert_err(jt_digest_hmac(JT_SPAN(""), JT_SPAN("text"), out), JT_ERR_ARGUMENT);
    assert_ok(jt_digest_hmac(JT_SPAN("k"), JT_SPAN_NONE, out));
    assert_hex(out, "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620");
}

static const struct {
    const char *key, *info, *want; /* hexadecimal */
} hkdf_rows[] = {
    /* RFC 5869 A.3 */
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    /* made with Python's hmac module; info is "jeton/seal" */
    {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "6a65746f6e2f7365616c",
     "519c58e56d68eb5f1ea78f1436aedf3c280e6ad9415813f4e9e1d350684804af"},
    /* the key and info of RFC 5869 A.2, without its salt; made likewise */
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
     "404142434445464748494a4b4c4d4e4f",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
     "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "bdeaae544c019348d911435a228f8a7f6eba81db6892a2be5560274060c70a75ebd4c875b737c678a1fe60c8"
     "cd40b334e5c0b5b0500d6b78ed90fb08388f5a7b22ed5dc466cac7b0bec32bf3eb1681d01524"},
};

static void hkdf_of_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(hkdf_rows); i++) {
        uint8_t key[128], info[128], want[128], out[128];
        size_t key_n = unhex(hkdf_rows[i].key, key), info_n = unhex(hkdf_rows[i].info, info);
        size_t n = unhex(hkdf_rows[i].want, want);
        assert_ok(jt_digest_hkdf(jt_span_of(key, key_n), jt_span_of(info, info_n), out, n));
        assert_memory_equal(out, want, n);
    }
}

static void hkdf_other_purpose_other_key(void **state)
{
    (void)state;
    uint8_t a[32], b[32];
    assert_ok(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN("seal"), a, sizeof a));
    assert_ok(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN("mac"), b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_ok(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN("seal"), b, sizeof b));
    assert_memory_equal(a, b, sizeof a);
}

/* RFC 5869 sec. 2.3: L is at most 255 * HashLen. */
static void hkdf_length_and_key_out_of_bounds_refused(void **state)
{
    (void)state;
    static uint8_t out[255 * 32 + 1];
    uint8_t digest[JT_SHA256_LEN];
    assert_err(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN_NONE, out, 255 * 32 + 1), JT_ERR_CRYPTO);
    assert_err(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN_NONE, out, 0), JT_ERR_CRYPTO);
    assert_ok(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN_NONE, out, 255 * 32));
    assert_ok(jt_digest_sha256(jt_span_of(out, 255 * 32), digest)); /* made with Python's hmac */
    assert_hex(digest, "5f2fe4180e267577c5cfa77f2bb546e2c2fe7b605612ecadd145f099ecd87571");
    assert_err(jt_digest_hkdf(JT_SPAN_NONE, JT_SPAN("seal"), out, 32), JT_ERR_ARGUMENT);
    assert_ok(jt_digest_hkdf(JT_SPAN("k"), JT_SPAN("seal"), out, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_the_published_examples),
        cmocka_unit_test(hmac_of_the_published_examples),
        cmocka_unit_test(hmac_empty_key_refused_empty_text_accepted),
        cmocka_unit_test(hkdf_of_the_vectors),
        cmocka_unit_test(hkdf_other_purpose_other_key),
        cmocka_unit_test(hkdf_length_and_key_out_of_bounds_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
