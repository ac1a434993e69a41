/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "verifier/crypto/modinv.h"

#include <openssl/bn.h>
#include <string.h>

#define LEN JT_MODINV_LEN

static const char p256_order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char p256_prime[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
static const char all_ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

static void bytes_of(unsigned number, uint8_t out[LEN])
{
    memset(out, 0, LEN);
    for (size_t i = 0; i < sizeof number; i++) {
        out[LEN - 1 - i] = (uint8_t)(number >> 8 * i);
    }
}

/* Is the answer for `number` modulo `modulus` what BN_mod_inverse says? */
static void check(const struct jt_modinv *modinv, const BIGNUM *modulus, const uint8_t number[LEN],
                  BN_CTX *ctx)
{
    uint8_t got[LEN] = {0}, want[LEN] = {0};
    BIGNUM *bn = BN_bin2bn(number, LEN, NULL);
    BIGNUM *inverse = BN_mod_inverse(NULL, bn, modulus, ctx);
    assert_err(jt_modinv_invert(modinv, number, got), inverse != NULL ? JT_OK : JT_ERR_NOT_FOUND);
    if (inverse != NULL) {
        assert_int_equal(BN_bn2binpad(inverse, want, LEN), LEN);
    }
    assert_memory_equal(got, want, LEN);
    BN_free(bn);
    BN_free(inverse);
}

static void invert_modulo_every_small_odd_number_as_by_trial(void **state)
{
    (void)state;
    for (unsigned m = 3; m < 600; m += 2) {
        struct jt_modinv modinv;
        uint8_t bytes[LEN], out[LEN];
        bytes_of(m, bytes);
        assert_ok(jt_modinv_init(&modinv, bytes));
        for (unsigned x = 0; x < m + 2; x++) { /* above the modulus too */
            unsigned y = 0;
            while (y < m && x * y % m != 1) {
                y++;
            }
            uint8_t want[LEN];
            bytes_of(y, want);
            bytes_of(x, bytes);
            if (y == m) {
                assert_err(jt_modinv_invert(&modinv, bytes, out), JT_ERR_NOT_FOUND);
            } else {
                assert_ok(jt_modinv_invert(&modinv, bytes, out));
                assert_memory_equal(out, want, LEN);
            }
        }
    }
}

/* Long runs of ones and of zeros among them, which carry the furthest. */
static void next_number(uint64_t *seed, uint8_t out[LEN])
{
    for (size_t i = 0; i < LEN; i++) {
        *seed = *seed * 6364136223846793005U + 1442695040888963407U;
        unsigned kind = *seed >> 60 & 3;
        out[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t)(*seed >> 40);
    }
    memset(out, 0, *seed >> 57 & 31 & (*seed >> 50)); /* shorter ones */
}

static void check_modulus(const char *hex, unsigned rounds)
{
    uint8_t number[LEN];
    assert_int_equal(unhex(hex, number), LEN);
    struct jt_modinv modinv;
    assert_ok(jt_modinv_init(&modinv, number));
    BIGNUM *modulus = BN_bin2bn(number, LEN, NULL);
    BN_CTX *ctx = BN_CTX_new();
    check(&modinv, modulus, number, ctx); /* 0 modulo it */
    for (int step = -3; step <= 3; step++) {
        bytes_of(0, number);
        number[LEN - 1] = (uint8_t)(step & 7);
        check(&modinv, modulus, number, ctx);
        assert_int_equal(unhex(hex, number), LEN);
        number[LEN - 1] = (uint8_t)(number[LEN - 1] + step);
        check(&modinv, modulus, number, ctx);
    }
    assert_int_equal(unhex(all_ones, number), LEN);
    check(&modinv, modulus, number, ctx);
    uint64_t seed = 1;
    for (unsigned i = 0; i < rounds; i++) {
        next_number(&seed, number);
        check(&modinv, modulus, number, ctx);
    }
    BN_free(modulus);
    BN_CTX_free(ctx);
}

static void invert_modulo_large_numbers_as_libcrypto_does(void **state)
{
    (void)state;
    check_modulus(p256_order, 20000);
    check_modulus(p256_prime, 5000);
    check_modulus(all_ones, 5000); /* 3 * 5 * 17 * 257 ...: most have none */
    check_modulus("8000000000000000000000000000000000000000000000000000000000000001", 5000);
    check_modulus("0000000000000000000000000000000000000000000000000000000040000001", 5000);
}

static void invert_modulo_random_moduli_as_libcrypto_does(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 300; i++) {
        uint8_t modulus[LEN];
        char hex[2 * LEN + 1];
        next_number(&seed, modulus);
        modulus[LEN - 1] |= 5; /* odd, and not 1 */
        for (size_t at = 0; at < LEN; at++) {
            (void)snprintf(hex + 2 * at, 3, "%02x", modulus[at]);
        }
        check_modulus(hex, 20);
    }
}

static void init_even_or_one_refused(void **state)
{
    (void)state;
    struct jt_modinv modinv;
    for (unsigned m = 0; m < 4; m++) {
        uint8_t modulus[LEN];
        bytes_of(m, modulus);
        assert_err(jt_modinv_init(&modinv, modulus), m == 3 ? JT_OK : JT_ERR_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invert_modulo_every_small_odd_number_as_by_trial),
        cmocka_unit_test(invert_modulo_large_numbers_as_libcrypto_does),
        cmocka_unit_test(invert_modulo_random_moduli_as_libcrypto_does),
        cmocka_unit_test(init_even_or_one_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
