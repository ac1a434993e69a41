/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "verifier/crypto/p256.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

static void new_without_tables_finds_none(void **state)
{
    (void)state;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    struct jt_p256 *table = NULL;
    struct jt_p256_scratch *scratch = NULL;
    assert_err(jt_p256_new(pkey, &table), JT_ERR_NOT_FOUND);
    assert_err(jt_p256_scratch_new(&scratch), JT_ERR_NOT_FOUND);
    assert_null(table);
    assert_null(scratch);
    jt_p256_free(table);
    jt_p256_scratch_free(scratch);
    EVP_PKEY_free(pkey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(new_without_tables_finds_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
