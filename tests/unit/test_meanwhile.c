/* SPDX-License-Identifier: Apache-2.0 */
/* What happens between two looks of one change: time passes, the clock jumps, a step fails, rows are
 * changed by hand. */
#include "issuer/kek_steps.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "issuer/edit.h"
#include "tests/unit/unit_issuer.h"

#include "common/base/base.h"

#define ES       JT_ALG_ES256
#define KIDS_MAX 64

/* --- what happens amid a change --- */

static struct {
    int64_t boot_s, wall_s; /* pass while the keys are read */
} meanwhile;

enum jt_err __real_jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx);
enum jt_err __wrap_jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx);

enum jt_err __wrap_jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx)
{
    desk.clock.boot_ms += meanwhile.boot_s * 1000;
    desk.clock.wall_s += meanwhile.wall_s;
    meanwhile.boot_s = meanwhile.wall_s = 0;
    return __real_jt_store_keys(store, fn, ctx);
}

/* --- the keys that the signer holds --- */

static struct {
    char kids[KIDS_MAX][JT_KEY_KID_MAX];
    size_t n;
} held;

static void hold(const char *kid, bool holds)
{
    size_t i = 0;
    while (i < held.n && strcmp(held.kids[i], kid) != 0) {
        i++;
    }
    if (holds && i == held.n) {
        assert_true(held.n < KIDS_MAX);
        (void)snprintf(held.kids[held.n++], JT_KEY_KID_MAX, "%s", kid);
    } else if (!holds && i < held.n) {
        memcpy(held.kids[i], held.kids[--held.n], JT_KEY_KID_MAX);
    }
}

enum jt_err __real_jt_signer_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                                  int64_t longest_s, struct jt_secret *out_pepper,
                                  struct jt_diag *diag);
enum jt_err __wrap_jt_signer_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                                  int64_t longest_s, struct jt_secret *out_pepper,
                                  struct jt_diag *diag);

enum jt_err __wrap_jt_signer_load(struct jt_signer *signer, const struct jt_sealed *sealed,
                                  int64_t longest_s, struct jt_secret *out_pepper,
                                  struct jt_diag *diag)
{
    enum jt_err err = __real_jt_signer_load(signer, sealed, longest_s, out_pepper, diag);
    if (err == JT_OK && sealed->kind == JT_SEALED_KEY && longest_s != 0) {
        hold(jt_buf_str(&sealed->kid), sealed->blob.len > 0);
    }
    return err;
}

/* --- a disk that is full --- */

static bool disk_is_full, answer_is_lost;

enum jt_err __real_jt_store_commit(struct jt_store *store, struct jt_diag *diag);
enum jt_err __wrap_jt_store_commit(struct jt_store *store, struct jt_diag *diag);

enum jt_err __wrap_jt_store_commit(struct jt_store *store, struct jt_diag *diag)
{
    if (disk_is_full) {
        jt_store_rollback(store);
        return JT_ERR_STORE;
    }
    enum jt_err err = __real_jt_store_commit(store, diag);
    return answer_is_lost ? JT_ERR_STORE : err;
}

static int setup(void **state)
{
    disk_is_full = answer_is_lost = false;
    held.n = 0;
    meanwhile.boot_s = meanwhile.wall_s = 0;
    return desk_setup(state);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, desk_teardown)

static void run_sql(const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(desk_db(), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void signing_kid(char out[JT_KEY_KID_MAX])
{
    memcpy(out, desk_root()->keys->signing_kid[ES], JT_KEY_KID_MAX);
}

static bool in_set(const char *kid)
{
    return strstr(jt_buf_str(&desk_root()->keys->jwks), kid) != NULL;
}

/* --- time --- */

/* An issuer that is stopped amid its look knows what the store held when it began. */
static void time_that_passes_while_the_store_is_read_counts_as_staleness(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("  staleness: 1h\n");
    run_sql("UPDATE meta SET value = value + 1 WHERE name = 'version';"
            "INSERT INTO commits (version, mark) SELECT value, 42 FROM meta "
            "WHERE name = 'version'");
    meanwhile.boot_s = meanwhile.wall_s = HOUR_S + 1;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_int_equal(meanwhile.boot_s, 0);
    assert_true(jt_issuer_is_stale(desk.issuer, desk_root()));
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_false(jt_issuer_is_stale(desk.issuer, desk_root()));
}

/* A database that lets an issuer wait gives the clock the time to jump. */
static void clock_that_jumps_amid_a_step_rotates_nothing(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char kid[JT_KEY_KID_MAX];
    desk_open("");
    signing_kid(kid);
    desk.issuer->due_s = 0;
    meanwhile.wall_s = 40 * DAY_S;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_int_equal(meanwhile.wall_s, 0);
    assert_string_equal(desk_root()->keys->signing_kid[ES], kid);
    desk.issuer->due_s = 0;
    meanwhile.wall_s = 40 * DAY_S; /* nor when it jumps again: by hand, too, it takes force */
    assert_err(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag), JT_ERR_WITHIN_LEAD);
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_string_not_equal(desk_root()->keys->signing_kid[ES], kid);
}

/* --- steps that fail --- */

static void step_that_fails_again_and_again_leaves_no_key_in_the_signer(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    desk_open("");
    size_t before = held.n;
    disk_is_full = true;
    fixed_clock_pass(&desk.clock, 40 * DAY_S);
    for (int i = 0; i < 10; i++) {
        assert_err(jt_issuer_tick(desk.issuer, &diag), JT_ERR_STORE);
        assert_in_range(held.n, before, before + 1);
    }
    disk_is_full = false;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_int_equal(held.n, before); /* the next one that is new for the old one that is gone */
}

/* The pair of the above: its keys are in the store, and go on in the signer. */
static void step_that_came_about_all_the_same_keeps_its_keys(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char before[JT_KEY_KID_MAX], active[JT_KEY_KID_MAX];
    desk_open("");
    signing_kid(before);
    answer_is_lost = true;
    fixed_clock_pass(&desk.clock, 40 * DAY_S);
    assert_err(jt_issuer_tick(desk.issuer, &diag), JT_ERR_STORE);
    answer_is_lost = false;
    assert_ok(jt_issuer_tick(desk.issuer, &diag)); /* sees it */
    signing_kid(active);
    assert_string_not_equal(active, before);
    assert_int_equal(held.n, 2); /* what signs, and the next */
    hold(active, true);
    assert_int_equal(held.n, 2);
}

/* --- rows changed by hand --- */

/* Of a key that had retired and was revoked. */
static void revoke_and_take_it_back_by_hand(char kid[JT_KEY_KID_MAX])
{
    struct jt_diag diag = JT_DIAG_INIT;
    signing_kid(kid);
    fixed_clock_pass(&desk.clock, 2 * DAY_S);
    assert_ok(jt_issuer_rotate(desk.issuer, ES, false, "test", &diag));
    assert_ok(jt_issuer_revoke(desk.issuer, kid, false, "test", &diag));
    assert_false(in_set(kid));
    run_sql("UPDATE keys SET revoked_at_s = 0");
}

static void key_unrevoked_by_hand_stays_revoked_when_a_lifetime_is_raised(void **state)
{
    (void)state;
    static const struct jt_actor actor = {.name = "test"};
    static const struct jt_edit_how how = {.actor = &actor};
    struct jt_diag diag = JT_DIAG_INIT;
    char kid[JT_KEY_KID_MAX];
    desk_open("");
    revoke_and_take_it_back_by_hand(kid);
    json_t *doc = json_pack("{s:s, s:i}", "identifier", "urn:api", "lifetime_s", 10800);
    assert_ok(jt_edit_create(desk.issuer, &how, JT_STORE_RESOURCE, doc, NULL, &diag));
    json_decref(doc);
    assert_false(in_set(kid));
    desk_reopen("");
    assert_false(in_set(kid));
}

static void key_unrevoked_by_hand_stays_revoked_when_the_kek_rotates(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    char kid[JT_KEY_KID_MAX];
    size_t moved = 0;
    assert_int_equal(setenv("JT_TEST_KEK_NEXT", KEK_B, 1), 0);
    desk_open("  kek_next_env: JT_TEST_KEK_NEXT\n");
    revoke_and_take_it_back_by_hand(kid);
    assert_ok(jt_kek_steps_rotate(desk.issuer, "test", &moved, &diag));
    assert_false(in_set(kid));
    desk_reopen("  kek_next_env: JT_TEST_KEK_NEXT\n");
    assert_false(in_set(kid));
}

/* --- numbers of strangers --- */

static void row_of_impossible_times_is_refused(void **state)
{
    (void)state;
    static const char *const columns[] = {"published_at_s", "sign_until_s", "drop_at_s",
                                          "dropped_at_s", "revoked_at_s"};
    char kid[JT_KEY_KID_MAX];
    desk_open("");
    signing_kid(kid);
    for (size_t i = 0; i < JT_COUNT(columns); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        char sql[256];
        desk_close();
        run_sql("CREATE TABLE kept AS SELECT * FROM keys");
        (void)snprintf(sql, sizeof sql, "UPDATE keys SET %s = %s", columns[i],
                       "-9223372036854775807 - 1");
        run_sql(sql);
        assert_err(desk_try_open("", &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, "before 1970"));
        run_sql("DELETE FROM keys; INSERT INTO keys SELECT * FROM kept; DROP TABLE kept");
        desk_open("");
        assert_string_equal(desk_root()->keys->signing_kid[ES], kid);
    }
}

static void version_that_has_no_successor_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"9223372036854775807", "-1"};
    desk_open("");
    desk_close();
    run_sql("CREATE TABLE kept AS SELECT * FROM meta");
    for (size_t i = 0; i < JT_COUNT(values); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        char sql[256];
        (void)snprintf(sql, sizeof sql, "UPDATE meta SET value = %s WHERE name = 'version'",
                       values[i]);
        run_sql(sql);
        assert_err(desk_try_open("", &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, "none that jetond wrote"));
    }
    run_sql("DELETE FROM meta; INSERT INTO meta SELECT * FROM kept; DROP TABLE kept");
    desk_open("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(time_that_passes_while_the_store_is_read_counts_as_staleness),
        TEST(clock_that_jumps_amid_a_step_rotates_nothing),
        TEST(step_that_fails_again_and_again_leaves_no_key_in_the_signer),
        TEST(step_that_came_about_all_the_same_keeps_its_keys),
        TEST(key_unrevoked_by_hand_stays_revoked_when_a_lifetime_is_raised),
        TEST(key_unrevoked_by_hand_stays_revoked_when_the_kek_rotates),
        TEST(row_of_impossible_times_is_refused),
        TEST(version_that_has_no_successor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
