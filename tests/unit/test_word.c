/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/word.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* Each byte value at each place, among neighbours that are just not what is looked for. */
static void assert_tells(uint8_t byte, uint8_t beside, uint8_t looked_for)
{
    for (size_t at = 0; at < JT_WORD_SIZE; at++) {
        uint8_t text[JT_WORD_SIZE];
        memset(text, beside, sizeof text);
        text[at] = byte;
        uint64_t word = jt_word_load(text);
        assert_true(jt_word_high(word) == (byte >= 0x80 || beside >= 0x80));
        assert_true(jt_word_has(word, looked_for) == (byte == looked_for || beside == looked_for));
        uint8_t n = looked_for > 0x80 ? 0x80 : looked_for;
        assert_true(jt_word_below(word, n) == (byte < n || beside < n));
    }
}

static void each_call_tells_what_any_byte_is(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (unsigned looked_for = 0; looked_for < 256; looked_for++) {
            assert_tells((uint8_t)byte, (uint8_t)(looked_for + 1), (uint8_t)looked_for);
            assert_tells((uint8_t)byte, (uint8_t)(looked_for - 1), (uint8_t)looked_for);
            assert_tells((uint8_t)byte, (uint8_t)(looked_for ^ 0x80), (uint8_t)looked_for);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_tells_what_any_byte_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
