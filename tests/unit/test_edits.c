/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/edits.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void between_counts_each_kind_of_edit(void **state)
{
    static const struct {
        const char *a, *b;
        size_t edits;
    } rows[] = {
        {"", "", 0},         {"lead", "lead", 0}, {"lead", "leads", 1}, {"lead", "ead", 1},
        {"lead", "load", 1}, {"lead", "laed", 1}, {"", "lead", 4},      {"kitten", "sitting", 3},
        {"abcd", "badc", 2}, {"a", "b", 1},
    };
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(jt_edits_between(jt_span_str(rows[i].a), jt_span_str(rows[i].b)),
                         rows[i].edits);
        assert_int_equal(jt_edits_between(jt_span_str(rows[i].b), jt_span_str(rows[i].a)),
                         rows[i].edits);
    }
}

static void between_over_the_maximum_near_to_nothing(void **state)
{
    static const uint8_t zeros[JT_EDITS_MAX + 1];
    (void)state;
    struct jt_span fits = jt_span_of(zeros, JT_EDITS_MAX), over = jt_span_of(zeros, sizeof zeros);
    assert_int_equal(jt_edits_between(fits, fits), 0);
    assert_int_equal(jt_edits_between(fits, over), SIZE_MAX);
    assert_int_equal(jt_edits_between(over, fits), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_counts_each_kind_of_edit),
        cmocka_unit_test(between_over_the_maximum_near_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
