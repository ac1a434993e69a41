/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/kidset.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static struct jt_span number(char text[JT_JWK_THUMBPRINT_LEN + 1], int i)
{
    (void)snprintf(text, JT_JWK_THUMBPRINT_LEN + 1, "%043d", i);
    return jt_span_of(text, JT_JWK_THUMBPRINT_LEN);
}

static void kids_added_are_had_once_and_removed(void **state)
{
    (void)state;
    struct jt_kidset set = JT_KIDSET_INIT;
    char text[JT_JWK_THUMBPRINT_LEN + 1];
    for (int i = 0; i < 100; i++) {
        assert_false(jt_kidset_has(&set, number(text, i)));
        assert_ok(jt_kidset_add(&set, number(text, i)));
        assert_ok(jt_kidset_add(&set, number(text, i)));
    }
    assert_int_equal(set.n, 100);
    for (int i = 0; i < 100; i += 2) {
        jt_kidset_remove(&set, number(text, i));
        jt_kidset_remove(&set, number(text, i));
    }
    assert_int_equal(set.n, 50);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(jt_kidset_has(&set, number(text, i)), i % 2);
    }
    jt_kidset_release(&set);
    jt_kidset_release(&set);
    assert_int_equal(set.n, 0);
}

static void what_is_no_thumbprint_refused(void **state)
{
    (void)state;
    struct jt_kidset set = JT_KIDSET_INIT;
    char text[JT_JWK_THUMBPRINT_LEN + 1];
    struct jt_span right = number(text, 1);
    assert_err(jt_kidset_add(&set, JT_SPAN("pepper")), JT_ERR_ARGUMENT);
    assert_err(jt_kidset_add(&set, jt_span_of(right.p, right.n - 1)), JT_ERR_ARGUMENT);
    assert_ok(jt_kidset_add(&set, right));
    assert_false(jt_kidset_has(&set, jt_span_of(right.p, right.n - 1)));
    jt_kidset_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kids_added_are_had_once_and_removed),
        cmocka_unit_test(what_is_no_thumbprint_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
