/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/lasting.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

static void the_two_greatest_units_are_told(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {{0, "0s"},          {59, "59s"},      {60, "1m"},
                 {601, "10m 1s"},    {3600, "1h"},     {3659, "1h"},
                 {86322, "23h 58m"}, {86400, "1d"},    {86459, "1d"},
                 {101100, "1d 4h"},  {2592000, "30d"}, {INT64_MAX, "106751991167300d 15h"},
                 {-5, "-5s"}};
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        char out[JT_LASTING];
        assert_string_equal(jt_lasting(cases[i].seconds, out), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_greatest_units_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
