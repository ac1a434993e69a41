/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/pkey.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* The bounds that the JWK's own sizes would hide. */
static void rsa_out_of_bounds_refused_repaired_accepted(void **state)
{
    (void)state;
    static uint8_t n[JT_PKEY_RSA_MAX_LEN + 1];
    memset(n, 0xFF, sizeof n);
    const struct {
        size_t len;
        uint8_t top;
        struct jt_span e;
        enum jt_err want;
    } rows[] = {
        {1024, 0xFF, JT_SPAN("\3"), JT_OK},
        {1025, 0x01, JT_SPAN("\3"), JT_ERR_JWK_UNUSABLE}, /* 8193 bits */
        {256, 0x80, JT_SPAN("\3"), JT_OK},
        {256, 0x7F, JT_SPAN("\3"), JT_ERR_JWK_UNUSABLE}, /* 2047 */
        {0, 0xFF, JT_SPAN("\3"), JT_ERR_JWK_UNUSABLE},
        {256, 0xFF, {NULL, 0}, JT_ERR_JWK_UNUSABLE},
        {256, 0xFF, JT_SPAN("\1"), JT_ERR_JWK_UNUSABLE},
        {256, 0xFF, JT_SPAN("\1\0"), JT_ERR_JWK_UNUSABLE},
        {256, 0xFF, JT_SPAN("\1\0\1"), JT_OK},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        n[0] = rows[i].top;
        EVP_PKEY *pkey = NULL;
        assert_err(jt_pkey_rsa(jt_span_of(n, rows[i].len), rows[i].e, &pkey), rows[i].want);
        assert_int_equal(pkey != NULL, rows[i].want == JT_OK);
        EVP_PKEY_free(pkey);
    }
}

static void ec_and_okp_of_another_length_refused(void **state)
{
    (void)state;
    static const uint8_t bytes[JT_PKEY_COORD_MAX + 1];
    EVP_PKEY *pkey = NULL;
    const struct jt_alg_row *ec = jt_alg_row(JT_ALG_ES512), *okp = jt_alg_row(JT_ALG_EDDSA);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct jt_span coord = {bytes, n}; /* of the right length: off the curve */
        assert_err(jt_pkey_ec(ec, coord, coord, &pkey), JT_ERR_JWK_UNUSABLE);
        assert_null(pkey);
        assert_err(jt_pkey_okp(okp, coord, &pkey), n == 32 ? JT_OK : JT_ERR_JWK_UNUSABLE);
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
}

/* What the program left in libcrypto's queue stays, ours goes, also when it was not empty. */
static void refusal_leaves_the_error_queue_as_it_was(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    struct jt_span zero = {zeros, sizeof zeros};
    EVP_PKEY *pkey = NULL;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);
    assert_err(jt_pkey_ec(jt_alg_row(JT_ALG_ES256), zero, zero, &pkey), JT_ERR_JWK_UNUSABLE);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), 7);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_peek_error(), 0);
    assert_err(jt_pkey_ec(jt_alg_row(JT_ALG_ES256), zero, zero, &pkey), JT_ERR_JWK_UNUSABLE);
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_out_of_bounds_refused_repaired_accepted),
        cmocka_unit_test(ec_and_okp_of_another_length_refused),
        cmocka_unit_test(refusal_leaves_the_error_queue_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
