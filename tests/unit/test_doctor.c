/* SPDX-License-Identifier: Apache-2.0 */
/* Each check of the doctor where it finds something, and the same mended. What needs a daemon's files
 * is in tests/flow/16-doctor.py. */
#include "tests/unit/unit_issuer.h"

#include <sqlite3.h>
#include <sys/statvfs.h>

#include "issuer/doctor/doctor.h"
#include "issuer/edit.h"
#include "issuer/kek_steps.h"

#include "common/base/base.h"

static struct jt_issuer_worker *worker;

/* --- the file system as a test wants it --- */

static uint64_t free_bytes;

int __real_statvfs(const char *path, struct statvfs *out);
int __wrap_statvfs(const char *path, struct statvfs *out);

int __wrap_statvfs(const char *path, struct statvfs *out)
{
    int failed = __real_statvfs(path, out);
    if (failed == 0 && free_bytes > 0) {
        out->f_bavail = (fsblkcnt_t)(free_bytes / out->f_frsize);
    }
    return failed;
}

/* --- asking --- */

static int setup(void **state)
{
    int failed = desk_setup(state);
    free_bytes = 0;
    desk_open("");
    assert_ok(jt_issuer_worker_new(desk.issuer, &worker));
    return failed;
}

static int teardown(void **state)
{
    jt_issuer_worker_free(worker);
    worker = NULL;
    return desk_teardown(state);
}

/* Is there an item `check` with `status` whose detail holds `part`, and only then a fix? */
static void assert_check(const char *check, const char *status, const char *part)
{
    json_t *answer = NULL;
    size_t index, found = 0;
    const json_t *item;
    assert_ok(jt_doctor_run(worker, &answer));
    json_array_foreach(json_object_get(answer, "checks"), index, item)
    {
        const char *told = json_string_value(json_object_get(item, "status"));
        const char *detail = json_string_value(json_object_get(item, "detail"));
        if (strcmp(json_string_value(json_object_get(item, "check")), check) != 0) {
            continue;
        }
        found++;
        if (strcmp(told, status) != 0 || strstr(detail, part) == NULL) {
            fail_msg("%s: %s, %s; not %s, ...%s...", check, told, detail, status, part);
        }
        assert_int_equal(json_object_get(item, "fix") == NULL, strcmp(told, "ok") == 0);
    }
    assert_int_equal(found, 1);
    json_decref(answer);
}

/* Is one of the items `check` so? */
static void assert_some_check(const char *check, const char *status, const char *part)
{
    json_t *answer = NULL;
    size_t index, found = 0;
    const json_t *item;
    assert_ok(jt_doctor_run(worker, &answer));
    json_array_foreach(json_object_get(answer, "checks"), index, item)
    {
        found += strcmp(json_string_value(json_object_get(item, "check")), check) == 0 &&
                 strcmp(json_string_value(json_object_get(item, "status")), status) == 0 &&
                 strstr(json_string_value(json_object_get(item, "detail")), part) != NULL;
    }
    assert_int_equal(found, 1);
    json_decref(answer);
}

static void in_database(const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(desk_db(), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- keys --- */

static void kek_absent_fails(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("JT_TEST_KEK"), 0);
    assert_check("kek", "fail", "JT_TEST_KEK");
    assert_int_equal(setenv("JT_TEST_KEK", KEK_A, 1), 0);
    assert_check("kek", "ok", "");
}

static void keys_of_another_kek_fail(void **state)
{
    (void)state;
    assert_int_equal(setenv("JT_TEST_KEK", KEK_B, 1), 0);
    assert_check("keys", "fail", "");
    assert_int_equal(setenv("JT_TEST_KEK", KEK_A, 1), 0);
    assert_check("keys", "ok", "2 keys");
}

static void key_row_of_a_stranger_is_told(void **state)
{
    (void)state;
    in_database("INSERT INTO keys SELECT 'stranger', alg, public_jwk, zeroblob(32), NULL, "
                "published_at_s, sign_from_s, published_at_s, 0, 0, 0, longest_s "
                "FROM keys LIMIT 1");
    assert_check("keys", "warn", "1 key rows");
    in_database("DELETE FROM keys WHERE kid = 'stranger'");
    assert_check("keys", "ok", "2 keys");
}

static void reload_keks(const char *more)
{
    struct jt_config config;
    assert_ok(desk_config(more, &config));
    assert_ok(jt_issuer_reload(desk.issuer, &config, NULL));
    jt_config_release(&config);
}

static void kek_that_is_being_changed_warns(void **state)
{
    (void)state;
    size_t n = 0;
    const struct jt_signer_conf old = {.kek = {.env = "JT_TEST_KEK"}};
    assert_check("kek_rows", "ok", "3 rows");
    assert_int_equal(setenv("JT_TEST_KEK_NEXT", KEK_B, 1), 0);
    reload_keks("  kek_next_env: JT_TEST_KEK_NEXT\n");
    assert_check("kek_rows", "warn", "3 rows are under");
    assert_ok(jt_kek_steps_rotate(desk.issuer, "test", &n, NULL));
    assert_check("kek_rows", "warn", "3 under the next");
    assert_ok(jt_signer_set_keks(desk.issuer->signer, &old, NULL)); /* was never given the next */
    assert_check("kek_rows", "fail", "was not given");
    assert_int_equal(setenv("JT_TEST_KEK", KEK_B, 1), 0);
    reload_keks("");
    assert_check("kek_rows", "ok", "3 rows");
}

static void schedule_overdue_fails(void **state)
{
    (void)state;
    assert_check("schedule", "ok", "ES256");
    fixed_clock_pass(&desk.clock, 31 * DAY_S);
    assert_check("schedule", "fail", "ES256: a step is due since 2023-12-14T22:13:20Z");
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_check("schedule", "ok", "ES256");
}

static void schedule_of_a_new_algorithm_waits(void **state)
{
    (void)state;
    struct jt_config config;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(desk_config("  algorithms: [RS256]\n", &config));
    assert_ok(jt_issuer_reload(desk.issuer, &config, &diag));
    assert_some_check("schedule", "warn", "RS256: its first key is published and signs from");
    fixed_clock_pass(&desk.clock, DAY_S + 1);
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_some_check("schedule", "ok", "RS256");
    /* the keys of an algorithm that is named no more go on, until it is retired */
    assert_some_check("schedule", "ok", "ES256");
    assert_ok(jt_issuer_retire_algorithm(desk.issuer, JT_ALG_ES256, "test", &diag));
    assert_check("schedule", "ok", "RS256");
}

/* --- the clock --- */

static void clock_that_jumped_is_told(void **state)
{
    (void)state;
    desk.clock.wall_s += HOUR_S;
    assert_check("clock", "warn", "the clock jumped; automatic key steps wait");
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_issuer_tick(desk.issuer, &diag));
    assert_check("clock", "warn", "the clock jumped lately");
    fixed_clock_pass(&desk.clock, DAY_S);
    assert_check("clock", "ok", "it is 2023-11-15T23:13:20Z");
}

static void clock_before_the_newest_key_fails(void **state)
{
    (void)state;
    desk.clock.wall_s -= HOUR_S;
    assert_check("clock", "fail", "before the newest key");
    desk.clock.wall_s += HOUR_S;
    assert_check("clock", "ok", "");
}

/* --- files --- */

static void disk_that_fills_is_told(void **state)
{
    (void)state;
    free_bytes = 255 * 1024 * 1024;
    assert_check("disk", "warn", "255 MiB");
    free_bytes = 15 * 1024 * 1024;
    assert_check("disk", "fail", "15 MiB");
    free_bytes = 257 * 1024 * 1024;
    assert_check("disk", "ok", "257 MiB");
}

/* --- certificate --- */

static void say_certificate(int64_t left_s, bool refused)
{
    atomic_store(&desk.issuer->certificate.end_s, desk.clock.wall_s + left_s);
    atomic_store(&desk.issuer->certificate.refused, refused);
}

static void certificate_near_and_past_its_end_is_told(void **state)
{
    (void)state;
    say_certificate(7 * DAY_S + 1, false);
    assert_check("certificate", "ok", "is good until ");
    say_certificate(7 * DAY_S, false);
    assert_check("certificate", "warn", "ends at ");
    say_certificate(1, false);
    assert_check("certificate", "warn", "ends at ");
    say_certificate(0, false);
    assert_check("certificate", "fail", "ended at ");
}

static void certificate_whose_files_are_of_no_use_is_told(void **state)
{
    (void)state;
    say_certificate(30 * DAY_S, true);
    assert_check("certificate", "warn", "still in use, until ");
    say_certificate(0, true);
    assert_check("certificate", "fail", "still in use, until ");
    say_certificate(30 * DAY_S, false);
    assert_check("certificate", "ok", "");
}

/* --- secrets --- */

static void edit(enum jt_err got, const struct jt_diag *diag)
{
    if (got != JT_OK) {
        fail_msg("%s", diag->text);
    }
}

static void secrets_near_and_past_their_end_are_told(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    static const struct jt_actor actor = {.name = "test"};
    static const struct jt_edit_how how = {.actor = &actor};
    json_t *doc = doc_of("{'name':'cart','secret_lifetime_s':1296000}"); /* 15 days */
    edit(jt_edit_create(desk.issuer, &how, JT_STORE_CLIENT, doc, NULL, &diag), &diag);
    json_decref(doc);
    assert_check("secrets_ending", "ok", "");
    assert_check("secrets_ended", "ok", "");
    assert_check("clients_without_secret", "ok", "");
    fixed_clock_pass(&desk.clock, DAY_S + 1);
    assert_check("secrets_ending", "warn", "1 secrets that end within 14 days: cart ");
    fixed_clock_pass(&desk.clock, 14 * DAY_S);
    assert_check("secrets_ending", "ok", "");
    assert_check("secrets_ended", "warn", "1 secrets that have ended: cart ");
    assert_check("clients_without_secret", "warn", "1 enabled clients without a live secret: cart");
    doc = doc_of("{'enabled':false}");
    edit(jt_edit_patch(desk.issuer, &how, JT_STORE_CLIENT, JT_SPAN("cart"), doc, NULL, &diag),
         &diag);
    json_decref(doc);
    assert_check("clients_without_secret", "ok", "");
    edit(jt_edit_delete(desk.issuer, &how, JT_STORE_CLIENT, JT_SPAN("cart"), &diag), &diag);
    assert_check("secrets_ended", "ok", "");
}

#define DOCTOR_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOCTOR_TEST(kek_absent_fails),
        DOCTOR_TEST(keys_of_another_kek_fail),
        DOCTOR_TEST(key_row_of_a_stranger_is_told),
        DOCTOR_TEST(kek_that_is_being_changed_warns),
        DOCTOR_TEST(schedule_overdue_fails),
        DOCTOR_TEST(schedule_of_a_new_algorithm_waits),
        DOCTOR_TEST(clock_that_jumped_is_told),
        DOCTOR_TEST(clock_before_the_newest_key_fails),
        DOCTOR_TEST(disk_that_fills_is_told),
        DOCTOR_TEST(certificate_near_and_past_its_end_is_told),
        DOCTOR_TEST(certificate_whose_files_are_of_no_use_is_told),
        DOCTOR_TEST(secrets_near_and_past_their_end_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
