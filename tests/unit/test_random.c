/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/random.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* Hands out `bytes` in turn, then fails. */
struct script {
    const uint8_t *bytes;
    size_t n, at;
};

static enum jt_err fill_from_script(void *ctx, uint8_t *out, size_t n)
{
    struct script *script = ctx;
    if (n > script->n - script->at) {
        return JT_ERR_RANDOM;
    }
    memcpy(out, script->bytes + script->at, n);
    script->at += n;
    return JT_OK;
}

static void base62_alphabet_is_digits_and_letters_once(void **state)
{
    (void)state;
    assert_int_equal(strlen(jt_random_alphabet), 62);
    for (size_t i = 0; i < 62; i++) {
        uint8_t c = (uint8_t)jt_random_alphabet[i], folded = c | 0x20;
        assert_true((c >= '0' && c <= '9') || (folded >= 'a' && folded <= 'z'));
        assert_null(strchr(jt_random_alphabet + i + 1, c));
    }
}

/* All 256 byte values once each: every character is drawn by exactly 4 of them, 8 by none. */
static void base62_every_byte_value_once_draws_each_character_four_times(void **state)
{
    (void)state;
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    struct script script = {bytes, sizeof bytes, 0};
    struct jt_random r = {fill_from_script, &script};
    JT_AUTO(buf) out = JT_BUF_INIT(248);
    assert_ok(jt_random_base62(&r, 248, &out));
    assert_int_equal(out.len, 248);
    size_t count[256] = {0};
    for (size_t i = 0; i < out.len; i++) {
        count[out.p[i]]++;
    }
    for (size_t i = 0; i < 62; i++) {
        assert_int_equal(count[(uint8_t)jt_random_alphabet[i]], 4);
    }
}

static void base62_bytes_above_247_are_not_used(void **state)
{
    (void)state;
    uint8_t bytes[64];
    memset(bytes, 255, sizeof bytes);
    bytes[10] = 248;
    bytes[20] = 247; /* 247 % 62 == 61 */
    bytes[30] = 62;  /* wraps to the first */
    struct script script = {bytes, sizeof bytes, 0};
    struct jt_random r = {fill_from_script, &script};
    JT_AUTO(buf) out = JT_BUF_INIT(2);
    assert_ok(jt_random_base62(&r, 2, &out));
    assert_string_equal(jt_buf_str(&out), "z0");
}

static void base62_failure_leaves_nothing(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    struct script script = {bytes, sizeof bytes, 0}; /* enough for 64 digits, not for 65 */
    struct jt_random r = {fill_from_script, &script};
    JT_AUTO(buf) out = JT_BUF_INIT(200);
    assert_ok(jt_buf_puts(&out, "jts_"));
    assert_err(jt_random_base62(&r, 65, &out), JT_ERR_RANDOM);
    assert_span(jt_buf_span(&out), "jts_");
    assert_string_equal(jt_buf_str(&out), "jts_");
    static const uint8_t zeros[65];
    assert_memory_equal(out.p + out.len, zeros, sizeof zeros); /* also wiped */
    script.at = 0;
    assert_ok(jt_random_base62(&r, 64, &out));
    assert_int_equal(out.len, 68);
}

static enum jt_err fill_stuck(void *ctx, uint8_t *out, size_t n)
{
    memset(out, *(uint8_t *)ctx, n);
    return JT_OK;
}

static void base62_stuck_generator_ends(void **state)
{
    (void)state;
    uint8_t value = 0xFF;
    struct jt_random r = {fill_stuck, &value};
    JT_AUTO(buf) out = JT_BUF_INIT(10);
    assert_err(jt_random_base62(&r, 1, &out), JT_ERR_RANDOM);
    assert_int_equal(out.len, 0);
    value = 0x01;
    assert_ok(jt_random_base62(&r, 1, &out));
    assert_string_equal(jt_buf_str(&out), "1");
}

static void base62_past_max_draws_nothing(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    struct script script = {bytes, sizeof bytes, 0};
    struct jt_random r = {fill_from_script, &script};
    JT_AUTO(buf) out = JT_BUF_INIT(9);
    assert_err(jt_random_base62(&r, 10, &out), JT_ERR_LIMIT);
    assert_int_equal(script.at, 0);
    assert_ok(jt_random_base62(&r, 9, &out));
    assert_ok(jt_random_base62(&r, 0, &out));
    assert_string_equal(jt_buf_str(&out), "000000000");
}

static void system_fills_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_ok(jt_random_fill(&jt_random_system, a, sizeof a));
    assert_ok(jt_random_fill(&jt_random_system, b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_ok(jt_random_fill(&jt_random_system, a, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base62_alphabet_is_digits_and_letters_once),
        cmocka_unit_test(base62_every_byte_value_once_draws_each_character_four_times),
        cmocka_unit_test(base62_bytes_above_247_are_not_used),
        cmocka_unit_test(base62_failure_leaves_nothing),
        cmocka_unit_test(base62_stuck_generator_ends),
        cmocka_unit_test(base62_past_max_draws_nothing),
        cmocka_unit_test(system_fills_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
