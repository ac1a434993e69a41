/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/randompool.h"

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* Hands out 1, 2, 3, ... and counts how often it was asked; fails when it is told to. */
struct source {
    uint8_t next;
    size_t calls;
    bool fails;
};

static enum jt_err fill(void *ctx, uint8_t *out, size_t n)
{
    struct source *source = ctx;
    source->calls++;
    for (size_t i = 0; i < n; i++) {
        out[i] = ++source->next;
    }
    return source->fails ? JT_ERR_RANDOM : JT_OK; /* having written, as a source may */
}

static void take_hands_out_each_byte_once(void **state)
{
    (void)state;
    struct source source = {0};
    const struct jt_random random = {fill, &source};
    struct jt_randompool pool;
    jt_randompool_init(&pool, &random);
    uint8_t want = 0;
    for (size_t i = 0; i < (size_t)4 * JT_RANDOMPOOL_SIZE / 16; i++) {
        uint8_t out[16];
        assert_ok(jt_randompool_take(&pool, out, sizeof out));
        for (size_t j = 0; j < sizeof out; j++) {
            assert_int_equal(out[j], ++want);
        }
    }
    assert_int_equal(source.calls, 4);
}

static void take_wipes_what_it_handed_out(void **state)
{
    (void)state;
    static const uint8_t zeros[16];
    struct source source = {0};
    const struct jt_random random = {fill, &source};
    struct jt_randompool pool;
    uint8_t out[16];
    jt_randompool_init(&pool, &random);
    assert_ok(jt_randompool_take(&pool, out, sizeof out));
    assert_memory_equal(pool.bytes, zeros, sizeof zeros);
    assert_int_equal(pool.bytes[16], 17);
    jt_randompool_release(&pool);
    for (size_t i = 0; i < sizeof pool.bytes; i++) {
        assert_int_equal(pool.bytes[i], 0);
    }
}

static void take_more_than_is_left_asks_anew(void **state)
{
    (void)state;
    struct source source = {0};
    const struct jt_random random = {fill, &source};
    struct jt_randompool pool;
    uint8_t out[JT_RANDOMPOOL_SIZE + 1];
    jt_randompool_init(&pool, &random);
    assert_ok(jt_randompool_take(&pool, out, 1));
    assert_ok(jt_randompool_take(&pool, out, JT_RANDOMPOOL_SIZE));
    assert_int_equal(source.calls, 2);
    assert_int_equal(out[0], (uint8_t)(JT_RANDOMPOOL_SIZE + 1));
    assert_err(jt_randompool_take(&pool, out, sizeof out), JT_ERR_RANDOM);
}

static void take_from_a_failing_source_fails_until_it_is_repaired(void **state)
{
    (void)state;
    struct source source = {.fails = true};
    const struct jt_random random = {fill, &source};
    struct jt_randompool pool;
    uint8_t out[16];
    jt_randompool_init(&pool, &random);
    assert_err(jt_randompool_take(&pool, out, sizeof out), JT_ERR_RANDOM);
    assert_err(jt_randompool_take(&pool, out, sizeof out), JT_ERR_RANDOM);
    source.fails = false;
    assert_ok(jt_randompool_take(&pool, out, sizeof out));
    assert_int_equal(source.calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_hands_out_each_byte_once),
        cmocka_unit_test(take_wipes_what_it_handed_out),
        cmocka_unit_test(take_more_than_is_left_asks_anew),
        cmocka_unit_test(take_from_a_failing_source_fails_until_it_is_repaired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
