/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: what is told is that there is no memory, nothing leaks, and
 * no pair is left in the token that no row names. */
#include "keys/pkcs11_kek.h"

#include "tests/support/failing_allocation.h"
#include "tests/unit/unit_pkcs11.h"

#include "common/base/base.h"

#define ENOUGH 400 /* allocations, more than any of these makes */

static enum jt_err make_signer_with_a_lane(struct jt_signer **out, struct jt_signer_lane **out_lane)
{
    const struct jt_signer_conf conf = {
        .how = JT_SIGNER_PKCS11, .kek = {.env = "JETON_TEST_KEK"}, .pkcs11 = token_conf()};
    JT_TRY(jt_signer_new(&conf, &fixed.random, out, NULL));
    return jt_signer_lane_new(*out, out_lane);
}

static enum jt_err go_once(struct jt_signer *made, struct jt_signer_lane *on)
{
    JT_AUTO(sealed) row = JT_SEALED_INIT;
    JT_AUTO(buf) token = JT_BUF_INIT(JT_SIGNER_TOKEN_MAX);
    const struct jt_claims claims = some_claims("at+jwt");
    JT_TRY(jt_signer_generate(made, JT_SEALED_KEY, JT_ALG_ES256, &row, NULL));
    enum jt_err err = jt_signer_load(made, &row, LONGEST, NULL, NULL);
    if (err == JT_OK) {
        err = jt_signer_sign(on, jt_buf_span(&row.kid), &claims, &token);
    }
    allocations_left = -1; /* the row's end is not what fails */
    jt_buf_clear(&row.blob);
    assert_ok(jt_signer_load(made, &row, LONGEST, NULL, NULL));
    return err;
}

static bool told_of_memory(enum jt_err err)
{
    /* what libcrypto, libjwt or the module make of it */
    return err == JT_ERR_NOMEM || err == JT_ERR_CRYPTO || err == JT_ERR_WITNESS;
}

static void starting_without_memory_told(void **state)
{
    (void)state;
    assert_int_equal(setenv("JETON_TEST_KEK",
                            "4040404040404040404040404040404040404040404040404040404040404040", 1),
                     0);
    enum jt_err err = JT_ERR_NOMEM;
    long n = 0;
    for (; n < ENOUGH && err != JT_OK; n++) {
        JT_AUTOP(signer) made = NULL;
        struct jt_signer_lane *on = NULL;
        allocations_left = n;
        err = make_signer_with_a_lane(&made, &on);
        allocations_left = -1;
        assert_true(err == JT_OK || told_of_memory(err));
        jt_signer_lane_free(on);
    }
    assert_ok(err);
    assert_true(n > 5);
}

static void making_and_signing_without_memory_leaves_nothing(void **state)
{
    (void)state;
    enum jt_err err = JT_ERR_NOMEM;
    long n = 0;
    for (; n < ENOUGH && err != JT_OK; n++) {
        allocations_left = n;
        err = go_once(signer, lane);
        allocations_left = -1;
        assert_true(err == JT_OK || told_of_memory(err));
    }
    assert_ok(err);
    assert_true(n > 20);
    assert_int_equal(count_in_token(CKO_PRIVATE_KEY, NULL), 0);
    assert_int_equal(count_in_token(CKO_PUBLIC_KEY, NULL), 0);
}

int main(void)
{
    int missing = find_modules();
    if (missing != 0) {
        return missing;
    }
    const struct CMUnitTest tests[] = {
        with_token(starting_without_memory_told),
        with_token_signer(making_and_signing_without_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
