/* SPDX-License-Identifier: Apache-2.0 */
#include "common/jose/alg.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* RFC 7518 sec. 3.1, RFC 8037 sec. 3.1, RFC 9864 sec. 2.2, copied here from the documents. */
static const struct jt_alg_row want[] = {
    {JT_ALG_ES256, "ES256", JT_KTY_EC, "P-256", "prime256v1", "SHA256", false, 32, true,
     JT_ALG_ES256},
    {JT_ALG_ES384, "ES384", JT_KTY_EC, "P-384", "secp384r1", "SHA384", false, 48, true,
     JT_ALG_ES384},
    {JT_ALG_ES512, "ES512", JT_KTY_EC, "P-521", "secp521r1", "SHA512", false, 66, true,
     JT_ALG_ES512},
    {JT_ALG_RS256, "RS256", JT_KTY_RSA, NULL, NULL, "SHA256", false, 0, true, JT_ALG_RS256},
    {JT_ALG_RS384, "RS384", JT_KTY_RSA, NULL, NULL, "SHA384", false, 0, false, JT_ALG_RS384},
    {JT_ALG_RS512, "RS512", JT_KTY_RSA, NULL, NULL, "SHA512", false, 0, false, JT_ALG_RS512},
    {JT_ALG_PS256, "PS256", JT_KTY_RSA, NULL, NULL, "SHA256", true, 0, true, JT_ALG_PS256},
    {JT_ALG_PS384, "PS384", JT_KTY_RSA, NULL, NULL, "SHA384", true, 0, false, JT_ALG_PS384},
    {JT_ALG_PS512, "PS512", JT_KTY_RSA, NULL, NULL, "SHA512", true, 0, false, JT_ALG_PS512},
    {JT_ALG_EDDSA, "EdDSA", JT_KTY_OKP, "Ed25519", "ED25519", NULL, false, 32, true, JT_ALG_EDDSA},
    {JT_ALG_ED25519, "Ed25519", JT_KTY_OKP, "Ed25519", "ED25519", NULL, false, 32, false,
     JT_ALG_EDDSA},
};

static void assert_text(const char *got, const char *text)
{
    assert_int_equal(got == NULL, text == NULL);
    if (text != NULL) {
        assert_string_equal(got, text);
    }
}

static void table_is_that_of_the_standards(void **state)
{
    (void)state;
    assert_int_equal(JT_COUNT(want), JT_ALG_COUNT_ - 1);
    for (size_t i = 0; i < JT_COUNT(want); i++) {
        const struct jt_alg_row *row = jt_alg_row(want[i].id);
        assert_non_null(row);
        assert_int_equal(row->id, want[i].id);
        assert_text(row->name, want[i].name);
        assert_int_equal(row->kty, want[i].kty);
        assert_text(row->crv, want[i].crv);
        assert_text(row->group, want[i].group);
        assert_text(row->md, want[i].md);
        assert_int_equal(row->pss, want[i].pss);
        assert_int_equal(row->coord_len, want[i].coord_len);
        assert_int_equal(row->issue, want[i].issue);
        assert_int_equal(row->key_alg, want[i].key_alg);
        assert_ptr_equal(jt_alg_find(jt_span_str(want[i].name)), row);
    }
}

static void find_other_than_exact_name_finds_none(void **state)
{
    (void)state;
    static const char *const refused[] = {"none",  "None",  "NONE",    "nOnE",  "HS256",  "HS384",
                                          "HS512", "es256", "ES256K",  "",      "ES256 ", "RS1",
                                          "EDDSA", "eddsa", "ed25519", "Ed448", "RS25",   "RS2560"};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        assert_null(jt_alg_find(jt_span_str(refused[i])));
    }
    assert_null(jt_alg_find(JT_SPAN("ES256\0")));
    assert_non_null(jt_alg_find(JT_SPAN("ES256")));
}

static void row_of_no_algorithm_is_null(void **state)
{
    (void)state;
    assert_null(jt_alg_row(JT_ALG_NONE));
    assert_null(jt_alg_row(JT_ALG_COUNT_));
    assert_null(jt_alg_row((enum jt_alg) - 1));
    assert_non_null(jt_alg_row(JT_ALG_ES256));
}

static void kty_names_are_those_of_the_registry(void **state)
{
    (void)state;
    assert_string_equal(jt_alg_kty_name(JT_KTY_EC), "EC");
    assert_string_equal(jt_alg_kty_name(JT_KTY_RSA), "RSA");
    assert_string_equal(jt_alg_kty_name(JT_KTY_OKP), "OKP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_that_of_the_standards),
        cmocka_unit_test(find_other_than_exact_name_finds_none),
        cmocka_unit_test(row_of_no_algorithm_is_null),
        cmocka_unit_test(kty_names_are_those_of_the_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
