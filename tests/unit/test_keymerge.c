/* SPDX-License-Identifier: Apache-2.0 */
/* What a store has lost of the steps that keys are known to have taken. */
#include "tests/unit/unit.h"

#include <stddef.h>
#include <stdio.h>

#include "issuer/keymerge.h"

#include "common/base/base.h"

#define T 1700000000 /* when what is in the set was published */

static struct jt_key_times key_of(const char *kid)
{
    struct jt_key_times times = {.alg = JT_ALG_ES256, .published_at_s = T, .longest_s = 3600};
    (void)snprintf(times.kid, sizeof times.kid, "%s", kid);
    return times;
}

static void add(struct jt_keyring *keyring, const struct jt_key_times *times, const char *blob)
{
    JT_AUTO(sealed) sealed = JT_SEALED_INIT;
    sealed.alg = times->alg;
    assert_ok(jt_buf_puts(&sealed.kid, times->kid));
    assert_ok(jt_buf_puts(&sealed.blob, blob));
    assert_ok(jt_keyring_add(keyring, times, &sealed));
}

static size_t merge(struct jt_keyring *keyring, const struct jt_keyring *known)
{
    size_t n = 99;
    assert_ok(jt_keymerge(keyring, known, NULL, &n));
    return n;
}

static int64_t *at(struct jt_key_times *times, size_t offset)
{
    return (int64_t *)(void *)((char *)times + offset);
}

/* Merges two rows of one key that differ in one time, and tells which came out. */
static int64_t merged(size_t offset, int64_t stored_s, int64_t known_s, size_t *out_n)
{
    struct jt_keyring keyring = {0}, known = {0};
    struct jt_key_times stored = key_of("a"), remembered = stored;
    *at(&stored, offset) = stored_s;
    *at(&remembered, offset) = known_s;
    add(&keyring, &stored, "");
    add(&known, &remembered, "");
    *out_n = merge(&keyring, &known);
    int64_t came_out_s = *at(&keyring.times[0], offset);
    jt_keyring_release(&keyring);
    jt_keyring_release(&known);
    return came_out_s;
}

static const struct step {
    const char *name;
    size_t offset;
} steps[] = {
    {"published_at_s", offsetof(struct jt_key_times, published_at_s)},
    {"sign_from_s", offsetof(struct jt_key_times, sign_from_s)},
    {"sign_until_s", offsetof(struct jt_key_times, sign_until_s)},
    {"dropped_at_s", offsetof(struct jt_key_times, dropped_at_s)},
    {"revoked_at_s", offsetof(struct jt_key_times, revoked_at_s)},
};

static void each_step_that_either_has_was_taken_and_the_stores_time_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(steps); i++) {
        size_t n = 0, offset = steps[i].offset;
        print_message("%s\n", steps[i].name);
        assert_int_equal(merged(offset, 0, T + 5, &n), T + 5);
        assert_int_equal(n, 1);
        assert_int_equal(merged(offset, T + 7, 0, &n), T + 7);
        assert_int_equal(n, 0);
        assert_int_equal(merged(offset, T + 7, T + 5, &n), T + 7);
        assert_int_equal(n, 0);
        assert_int_equal(merged(offset, 0, 0, &n), 0);
        assert_int_equal(n, 0);
    }
}

/* A key that is dropped earlier, or trusted for shorter, than one issuer was told leaves tokens that
 * nobody can check. */
static void later_drop_and_longer_lifetime_win_on_either_side(void **state)
{
    (void)state;
    static const size_t offsets[] = {offsetof(struct jt_key_times, drop_at_s),
                                     offsetof(struct jt_key_times, longest_s)};
    for (size_t i = 0; i < JT_COUNT(offsets); i++) {
        size_t n = 0;
        assert_int_equal(merged(offsets[i], 100, 200, &n), 200);
        assert_int_equal(n, 1);
        assert_int_equal(merged(offsets[i], 200, 100, &n), 200);
        assert_int_equal(n, 0);
    }
}

static void erased_private_half_stays_erased_one_that_is_not_stays(void **state)
{
    (void)state;
    const struct jt_key_times times = key_of("a");
    static const struct {
        const char *stored, *known;
        size_t len, n;
    } rows[] = {{"blob", "", 0, 1}, {"", "blob", 0, 0}, {"blob", "blob", 4, 0}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_keyring keyring = {0}, known = {0};
        add(&keyring, &times, rows[i].stored);
        add(&known, &times, rows[i].known);
        assert_int_equal(merge(&keyring, &known), rows[i].n);
        assert_int_equal(keyring.sealed[0].blob.len, rows[i].len);
        jt_keyring_release(&keyring);
        jt_keyring_release(&known);
    }
}

static void lost_key_that_is_in_the_set_comes_back_one_that_is_not_does_not(void **state)
{
    (void)state;
    struct jt_keyring keyring = {0}, known = {0};
    struct jt_key_times in = key_of("in"), revoked = key_of("revoked"), dropped = key_of("dropped");
    revoked.revoked_at_s = T + 1;
    dropped.dropped_at_s = T + 1;
    add(&known, &in, "blob");
    add(&known, &revoked, "");
    add(&known, &dropped, "");
    assert_int_equal(merge(&keyring, &known), 1);
    assert_int_equal(keyring.n, 1);
    assert_string_equal(keyring.times[0].kid, "in");
    assert_int_equal(keyring.sealed[0].blob.len, 4);
    jt_keyring_release(&keyring);
    jt_keyring_release(&known);
}

/* A full store has purged what is older than all that it keeps. */
static void key_older_than_all_of_a_full_store_was_purged_a_newer_one_was_lost(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        struct jt_keyring keyring = {0}, known = {0};
        for (int i = full == 1 ? 0 : 1; i < JT_KEYRING_KEPT; i++) {
            struct jt_key_times times = key_of("");
            (void)snprintf(times.kid, sizeof times.kid, "k%04d", i);
            times.dropped_at_s = T + 1;
            add(&keyring, &times, "");
        }
        struct jt_key_times older = key_of("older"), newer = key_of("newer");
        older.published_at_s = T - 1;
        newer.published_at_s = T + 1;
        add(&known, &older, "blob");
        add(&known, &newer, "blob");
        assert_int_equal(merge(&keyring, &known), full == 1 ? 1 : 2);
        assert_int_equal(jt_keyring_find(&keyring, "older") == keyring.n, full == 1);
        assert_string_equal(keyring.times[keyring.n - 1].kid, "newer"); /* in their order */
        jt_keyring_release(&keyring);
        jt_keyring_release(&known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_that_either_has_was_taken_and_the_stores_time_stands),
        cmocka_unit_test(later_drop_and_longer_lifetime_win_on_either_side),
        cmocka_unit_test(erased_private_half_stays_erased_one_that_is_not_stays),
        cmocka_unit_test(lost_key_that_is_in_the_set_comes_back_one_that_is_not_does_not),
        cmocka_unit_test(key_older_than_all_of_a_full_store_was_purged_a_newer_one_was_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
