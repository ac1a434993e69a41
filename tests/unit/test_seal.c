/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/seal.h"

#include "tests/unit/unit_keys.h"

#include "common/base/base.h"

#define SECRET JT_SPAN("thirty-two bytes of a secret ...")

static struct fixed_random fixed;
static struct jt_kek kek, other;

static int make_keks(void **state)
{
    (void)state;
    (void)fixed_random(&fixed, 1000000);
    kek = fixed_kek(1);
    other = fixed_kek(2);
    return 0;
}

static int release_keks(void **state)
{
    (void)state;
    jt_kek_release(&kek);
    jt_kek_release(&other);
    return 0;
}

/* A row of kid `kid` with SECRET sealed. */
static struct jt_sealed make_row(const char *kid)
{
    struct jt_sealed row = JT_SEALED_INIT;
    row.alg = JT_ALG_ES256;
    assert_ok(jt_buf_puts(&row.kid, kid));
    assert_ok(jt_buf_puts(&row.public_jwk, "{\"kty\":\"EC\"}"));
    assert_ok(jt_seal_put(&kek, &fixed.random, SECRET, &row));
    return row;
}

static enum jt_err open_with(const struct jt_kek *under, const struct jt_sealed *row)
{
    JT_AUTO(secret) secret = JT_SECRET_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_seal_open(under, row, &secret, &diag);
    if (err == JT_OK) {
        assert_int_equal(secret.n, SECRET.n);
        assert_memory_equal(secret.p, SECRET.p, secret.n);
    } else {
        assert_null(secret.p);
        assert_non_null(strstr(diag.text, jt_buf_str(&row->kid)));
    }
    return err;
}

static void open_what_was_put(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    assert_int_equal(row.blob.len, 1 + 8 + 12 + 32 + 16 + 12 + SECRET.n + 16);
    assert_memory_equal(row.blob.p + 1, kek.id, JT_KEK_ID_LEN);
    assert_ok(open_with(&kek, &row));
    JT_AUTO(sealed) again = make_row("k1");
    assert_memory_not_equal(row.blob.p + 9, again.blob.p + 9, 60); /* nonce, data key, tag */
}

/* Made by another program (AES-GCM, HKDF and HMAC of Python), under the key of 32 bytes 1: a store of
 * today opens in every later version. */
static void open_a_row_that_another_program_sealed(void **state)
{
    (void)state;
    static const char blob[] =
        "0130882692b5f9faeea0a0a0a0a0a0a0a0a0a0a0a08c17cda7a383084a10b857167cd79a88d95c589d9391d127"
        "4cf81a550f79f1b8d9f5786b81f47c64e43d53f538814a24b0b0b0b0b0b0b0b0b0b0b0b08eda9538eab3b3de72"
        "f5efc9a4c30ffc40ed2211c0a4b3e030dafc450c6320ef235cb63f3c48997c198f1ed5f87d4c26";
    uint8_t bytes[256];
    JT_AUTO(sealed) row = JT_SEALED_INIT;
    row.alg = JT_ALG_ES256;
    assert_ok(jt_buf_puts(&row.kid, "kid-1"));
    assert_ok(jt_buf_puts(&row.public_jwk, "{\"kty\":\"EC\"}"));
    assert_ok(jt_buf_put(&row.blob, jt_span_of(bytes, unhex(blob, bytes))));
    assert_int_equal(
        unhex("b423fa5655bfe06c6f8dc3882349766b84b40400041180e3a317dc0ec4552df1", row.mac),
        sizeof row.mac);
    assert_ok(open_with(&kek, &row));
    assert_err(open_with(&other, &row), JT_ERR_UNSEAL);
}

static void open_any_byte_of_blob_flipped_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    for (size_t i = 0; i < row.blob.len; i++) {
        for (int bit = 0; bit < 8; bit += 7) {
            row.blob.p[i] ^= (uint8_t)(1 << bit);
            assert_err(open_with(&kek, &row), JT_ERR_UNSEAL);
            row.blob.p[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_ok(open_with(&kek, &row));
}

static void open_cut_or_longer_blob_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    JT_AUTO(secret) secret = JT_SECRET_INIT;
    size_t whole = row.blob.len;
    for (size_t n = 0; n < whole; n++) {
        struct jt_diag diag = JT_DIAG_INIT;
        row.blob.len = n;
        assert_err(open_with(&kek, &row), JT_ERR_UNSEAL);
        assert_err(jt_seal_open(&kek, &row, &secret, &diag), JT_ERR_UNSEAL);
        /* not: under another key, whose id would be read from behind the end */
        assert_non_null(strstr(diag.text, n == 0 ? "erased" : "damaged"));
    }
    row.blob.len = whole;
    assert_ok(open_with(&kek, &row));
    assert_ok(jt_buf_putc(&row.blob, 0));
    assert_err(open_with(&kek, &row), JT_ERR_UNSEAL);
}

static void open_row_with_changed_member_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    row.kind = JT_SEALED_PEPPER;
    assert_err(open_with(&kek, &row), JT_ERR_KEY_MAC);
    row.kind = JT_SEALED_KEY;
    row.alg = JT_ALG_ES384;
    assert_err(open_with(&kek, &row), JT_ERR_KEY_MAC);
    row.alg = JT_ALG_ES256;
    row.kid.p[1] ^= 1;
    assert_err(open_with(&kek, &row), JT_ERR_KEY_MAC);
    row.kid.p[1] ^= 1;
    row.public_jwk.p[3] ^= 1;
    assert_err(open_with(&kek, &row), JT_ERR_KEY_MAC);
    row.public_jwk.p[3] ^= 1;
    assert_ok(open_with(&kek, &row));
}

static void check_any_byte_of_mac_flipped_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    for (size_t i = 0; i < sizeof row.mac; i++) {
        row.mac[i] ^= 1;
        assert_err(jt_seal_check(&kek, &row, NULL), JT_ERR_KEY_MAC);
        row.mac[i] ^= 1;
    }
    assert_ok(jt_seal_check(&kek, &row, NULL));
}

/* The fields stand behind their lengths: "k1" and "ES256" are not "k1ES256" and "". */
static void check_bytes_moved_between_members_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    JT_AUTO(sealed) moved = copy_of(&row);
    assert_ok(jt_buf_puts(&moved.kid, "ES256"));
    moved.alg = JT_ALG_NONE;
    assert_err(jt_seal_check(&kek, &moved, NULL), JT_ERR_KEY_MAC);
    moved.kid.len = row.kid.len;
    moved.alg = row.alg;
    assert_ok(jt_seal_check(&kek, &moved, NULL));
}

static void open_blob_of_another_row_refused(void **state)
{
    (void)state;
    JT_AUTO(sealed) one = make_row("k1");
    JT_AUTO(sealed) two = make_row("k2");
    struct jt_buf blob = one.blob;
    one.blob = two.blob;
    two.blob = blob;
    assert_ok(jt_seal_check(&kek, &one, NULL)); /* both rows are ours */
    assert_err(open_with(&kek, &one), JT_ERR_UNSEAL);
    assert_err(open_with(&kek, &two), JT_ERR_UNSEAL);
    two.blob = one.blob;
    one.blob = blob;
    assert_ok(open_with(&kek, &one));
    assert_ok(open_with(&kek, &two));
}

static void open_under_another_kek_tells_both_ids(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    JT_AUTO(secret) secret = JT_SECRET_INIT;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_seal_open(&other, &row, &secret, &diag), JT_ERR_UNSEAL);
    const struct jt_kek *told[] = {&kek, &other};
    for (size_t k = 0; k < JT_COUNT(told); k++) {
        char id[2 * JT_KEK_ID_LEN + 1];
        for (size_t i = 0; i < JT_KEK_ID_LEN; i++) {
            (void)snprintf(id + 2 * i, 3, "%02x", told[k]->id[i]);
        }
        assert_non_null(strstr(diag.text, id));
    }
    /* the id repaired by hand: the row's MAC is still the other key's */
    memcpy(row.blob.p + 1, other.id, JT_KEK_ID_LEN);
    assert_err(jt_seal_open(&other, &row, &secret, &diag), JT_ERR_KEY_MAC);
    memcpy(row.blob.p + 1, kek.id, JT_KEK_ID_LEN);
    assert_ok(jt_seal_open(&kek, &row, &secret, &diag));
}

static void erased_row_checked_but_not_opened(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    jt_buf_clear(&row.blob);
    assert_ok(jt_seal_check(&kek, &row, NULL));
    assert_err(jt_seal_check(&other, &row, NULL), JT_ERR_KEY_MAC);
    assert_err(open_with(&kek, &row), JT_ERR_UNSEAL);
}

static void put_nothing_or_too_much_refused(void **state)
{
    (void)state;
    static uint8_t big[JT_SEALED_BLOB_MAX];
    JT_AUTO(sealed) row = make_row("k1");
    assert_err(jt_seal_put(&kek, &fixed.random, JT_SPAN_NONE, &row), JT_ERR_ARGUMENT);
    assert_err(jt_seal_put(&kek, &fixed.random, jt_span_of(big, sizeof big - 96), &row),
               JT_ERR_LIMIT);
    assert_ok(jt_seal_put(&kek, &fixed.random, jt_span_of(big, sizeof big - 97), &row));
}

static void put_without_randomness_refused(void **state)
{
    (void)state;
    struct fixed_random poor;
    JT_AUTO(sealed) row = make_row("k1");
    for (int draws = 0; draws < 3; draws++) { /* data key, two nonces */
        (void)fixed_random(&poor, draws);
        assert_err(jt_seal_put(&kek, &poor.random, SECRET, &row), JT_ERR_RANDOM);
    }
    (void)fixed_random(&poor, 3);
    assert_ok(jt_seal_put(&kek, &poor.random, SECRET, &row));
    assert_ok(open_with(&kek, &row));
}

static void rewrap_moves_row_to_new_kek(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    JT_AUTO(sealed) before = copy_of(&row);
    assert_ok(jt_seal_rewrap(&kek, &other, &fixed.random, &row, NULL));
    assert_ok(open_with(&other, &row));
    assert_err(open_with(&kek, &row), JT_ERR_UNSEAL);
    size_t body = 1 + 8 + 12 + 32 + 16;
    assert_int_equal(row.blob.len, before.blob.len);
    assert_memory_equal(row.blob.p + body, before.blob.p + body, row.blob.len - body);
    assert_err(jt_seal_rewrap(&kek, &other, &fixed.random, &row, NULL), JT_ERR_UNSEAL);
    assert_ok(jt_seal_rewrap(&other, &kek, &fixed.random, &row, NULL));
    assert_ok(open_with(&kek, &row));
}

static void rewrap_erased_row_makes_its_mac_anew(void **state)
{
    (void)state;
    JT_AUTO(sealed) row = make_row("k1");
    jt_buf_clear(&row.blob);
    assert_ok(jt_seal_rewrap(&kek, &other, &fixed.random, &row, NULL));
    assert_int_equal(row.blob.len, 0);
    assert_ok(jt_seal_check(&other, &row, NULL));
    assert_err(jt_seal_check(&kek, &row, NULL), JT_ERR_KEY_MAC);
}

static void rewrap_failing_leaves_row(void **state)
{
    (void)state;
    struct fixed_random poor;
    JT_AUTO(sealed) row = make_row("k1");
    JT_AUTO(sealed) before = copy_of(&row);
    assert_err(jt_seal_rewrap(&kek, &other, fixed_random(&poor, 0), &row, NULL), JT_ERR_RANDOM);
    row.blob.p[40] ^= 1;
    before.blob.p[40] ^= 1;
    assert_err(jt_seal_rewrap(&kek, &other, &fixed.random, &row, NULL), JT_ERR_UNSEAL);
    assert_memory_equal(row.blob.p, before.blob.p, row.blob.len);
    assert_memory_equal(row.mac, before.mac, sizeof row.mac);
    row.blob.p[40] ^= 1;
    assert_ok(jt_seal_rewrap(&kek, &other, &fixed.random, &row, NULL));
}

#define sealing(test) cmocka_unit_test_setup_teardown(test, make_keks, release_keks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        sealing(open_what_was_put),
        sealing(open_a_row_that_another_program_sealed),
        sealing(open_any_byte_of_blob_flipped_refused),
        sealing(open_cut_or_longer_blob_refused),
        sealing(open_row_with_changed_member_refused),
        sealing(check_any_byte_of_mac_flipped_refused),
        sealing(check_bytes_moved_between_members_refused),
        sealing(open_blob_of_another_row_refused),
        sealing(open_under_another_kek_tells_both_ids),
        sealing(erased_row_checked_but_not_opened),
        sealing(put_nothing_or_too_much_refused),
        sealing(put_without_randomness_refused),
        sealing(rewrap_moves_row_to_new_kek),
        sealing(rewrap_erased_row_makes_its_mac_anew),
        sealing(rewrap_failing_leaves_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
