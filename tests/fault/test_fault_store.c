/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store at every point where the process can die or the disk can fail. Each run is a child of
 * its own under killpoint.c; what it leaves is then opened, checked and compared with the state
 * before and the state after: nothing in between may exist.
 */
#include "issuer/store/sqlite.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/unit/store_unit.h"

#include "common/base/base.h"

#define ERASED "the private half of a key that this transaction erases"

static const struct jt_migration later[] = {
    {4, "ALTER TABLE objects ADD COLUMN note TEXT; UPDATE objects SET note = 'old'"},
    {5, "CREATE TABLE more (a BIGINT); INSERT INTO more VALUES (1), (2)"},
};

static struct jt_migrations longer(void)
{
    static struct jt_migration list[16];
    assert_true(jt_migrate_all.n + JT_COUNT(later) <= JT_COUNT(list));
    memcpy(list, jt_migrate_all.list, jt_migrate_all.n * sizeof list[0]);
    memcpy(list + jt_migrate_all.n, later, sizeof later);
    return (struct jt_migrations){list, jt_migrate_all.n + JT_COUNT(later)};
}

/* --- what a child does --- */

static const char *arm_file; /* calls count while it exists; NULL: never */

static void arm(void)
{
    int fd = arm_file == NULL ? -1 : open(arm_file, O_WRONLY | O_CREAT, 0600);
    if (fd >= 0) {
        (void)close(fd);
    }
}

static enum jt_err write_rotation(struct jt_store *store, struct jt_diag *diag)
{
    const struct jt_store_key stopped = make_key("stopped", JT_SPAN_NONE, 1);
    const struct jt_store_key signs = make_key("signs", JT_SPAN("another private half"), 2);
    JT_TRY(jt_store_begin(store, diag));
    enum jt_err err = jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("new"));
    err = err != JT_OK ? err : jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("b"));
    err = err != JT_OK ? err : jt_store_put_key(store, &stopped);
    err = err != JT_OK ? err : jt_store_put_key(store, &signs);
    err =
        err != JT_OK ? err : jt_store_audit(store, "me", "key.rotate", JT_SPAN_NONE, JT_SPAN_NONE);
    enum jt_err committed = jt_store_commit(store, diag);
    return committed != JT_OK || err == JT_OK ? committed : JT_ERR_INTERNAL; /* it must know */
}

typedef enum jt_err (*act_fn)(struct jt_store **out_store, struct jt_diag *diag);

static enum jt_err act_open(struct jt_store **out_store, struct jt_diag *diag)
{
    arm();
    return jt_store_open(at(path), &fixed_clock, out_store, diag);
}

static enum jt_err act_raise(struct jt_store **out_store, struct jt_diag *diag)
{
    const struct jt_migrations all = longer();
    arm();
    return jt_sqlite_open(path, &all, &fixed_clock, out_store, diag);
}

static enum jt_err act_change(struct jt_store **out_store, struct jt_diag *diag)
{
    JT_TRY(jt_store_open(at(path), &fixed_clock, out_store, diag));
    arm();
    return write_rotation(*out_store, diag);
}

/* Not the first after opening: that one syncs the new log's header in any case. */
static enum jt_err act_small_change(struct jt_store **out_store, struct jt_diag *diag)
{
    JT_TRY(jt_store_open(at(path), &fixed_clock, out_store, diag));
    for (int i = 0; i < 2; i++) {
        if (i == 1) {
            arm();
        }
        JT_TRY(jt_store_begin(*out_store, diag));
        JT_TRY(jt_store_put(*out_store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("small")));
        JT_TRY(jt_store_commit(*out_store, diag));
    }
    return JT_OK;
}

enum { DONE = 0, NO_SENTENCE = 4, RETRY_FAILED = 5 };

/* After a failure either dies at once, as by a crash, or mends the disk and tries again. */
static int child(act_fn act, bool crash)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = act(&store, &diag);
    if (err != JT_OK && diag.text[0] == 0) {
        return NO_SENTENCE;
    }
    if (err != JT_OK && crash) {
        (void)raise(SIGKILL);
    }
    jt_store_close(store);
    if (err == JT_OK) {
        return DONE;
    }
    store = NULL;
    (void)unlink(arm_file); /* it was there, or nothing could fail */
    arm_file = NULL;
    err = act(&store, &diag);
    jt_store_close(store);
    return err == JT_OK ? DONE : RETRY_FAILED;
}

/* --- the states it may leave --- */

static void prepare_nothing(void)
{
}

static void prepare_content(void)
{
    struct jt_store *store = open_store();
    const struct jt_store_key key = make_key("stopped", JT_SPAN(ERASED), 1);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "old");
    put(store, JT_STORE_ROLE, "b", "old");
    assert_ok(jt_store_put_key(store, &key));
    commit(store);
    jt_store_close(store);
}

/* 0: the state before, 1: the state after; anything else fails. */
static int state_of_new(void)
{
    int made = exists(path);
    jt_store_close(open_store());
    assert_query("PRAGMA integrity_check; SELECT name, value FROM meta ORDER BY name;"
                 "SELECT COUNT(*) FROM objects",
                 "ok|schema|3|version|0|0|");
    return made;
}

static int state_of_raised(void)
{
    const struct jt_migrations all = longer();
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_store_peek(at(path), &store, &diag);
    int raised = err == JT_ERR_STORE_VERSION;
    assert_true(raised || err == JT_OK);
    jt_store_close(store);
    if (!raised) { /* as if the newer program was taken back */
        store = open_store();
        assert_objects(store, 0, "1:a=old@1 1:b=old@1 ");
        jt_store_close(store);
    }
    assert_ok(jt_sqlite_open(path, &all, &fixed_clock, &store, &diag));
    assert_objects(store, 0, "1:a=old@1 1:b=old@1 ");
    jt_store_close(store);
    assert_query("PRAGMA integrity_check; SELECT DISTINCT note FROM objects; SELECT a FROM more;"
                 "SELECT value FROM meta WHERE name = 'schema'; PRAGMA user_version",
                 "ok|old|1|2|5|5|");
    return raised;
}

static int state_of_changed(void)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t peeked;
    assert_ok(jt_store_peek(at(path), &store, &diag));
    assert_ok(jt_store_version(store, &peeked));
    jt_store_close(store);
    store = open_store();
    bool changed = version(store) == 2;
    assert_int_equal(peeked, version(store));
    assert_objects(store, 0, changed ? "1:a=new@2 " : "1:a=old@1 1:b=old@1 ");
    assert_keys(store, changed ? "stopped:0@1 signs:20@2 " : "stopped:54@1 ");
    jt_store_close(store);
    assert_query("PRAGMA integrity_check; SELECT seq, action FROM audit",
                 changed ? "ok|1|key.rotate|" : "ok|");
    assert_int_equal(files_with(JT_SPAN(ERASED)), changed ? 0 : 1);
    return changed;
}

static int state_of_changed_twice(void)
{
    struct jt_store *store = open_store();
    int64_t last = version(store); /* 2: after the first change; more: after this one, or again */
    char expected[64];
    (void)snprintf(expected, sizeof expected, "1:a=small@%d 1:b=old@1 ", (int)last);
    assert_objects(store, 0, expected);
    jt_store_close(store);
    assert_query("PRAGMA integrity_check", "ok|");
    return last > 2;
}

static const struct scenario {
    const char *name;
    act_fn act;
    void (*prepare)(void);
    int (*state)(void);
    int fewest; /* points that it must have, or the shim saw nothing */
} scenarios[] = {
    {"first_open", act_open, prepare_nothing, state_of_new, 20},
    {"migration", act_raise, prepare_content, state_of_raised, 8},
    {"transaction", act_change, prepare_content, state_of_changed, 8},
    {"small_change", act_small_change, prepare_content, state_of_changed_twice, 2},
};

/* --- running a child at a point --- */

static char arm_name[192], report_name[192];

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

/* How waitpid tells its end. The settings stay in this process, where the library is not loaded. */
static int run_child(const struct scenario *s, int point, const char *mode, bool crash)
{
    char program[] = "test_fault_store";
    char variant[8];
    char name[32];
    char digits[16];
    (void)snprintf(variant, sizeof variant, "%s", crash ? "crash" : "retry");
    (void)snprintf(name, sizeof name, "%s", s->name);
    (void)snprintf(digits, sizeof digits, "%d", point);
    set("LD_PRELOAD", KILLPOINT_LIBRARY);
    set("ASAN_OPTIONS", "verify_asan_link_order=0");
    set("KILLPOINT", digits);
    set("KILLPOINT_MODE", mode);
    set("KILLPOINT_FILE", folder);
    set("KILLPOINT_ARM", arm_name);
    set("KILLPOINT_REPORT", report_name);
    char *argv[] = {program, name, path, arm_name, variant, NULL};
    pid_t pid;
    int status;
    assert_int_equal(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int reported(void)
{
    JT_AUTO(buf) text = JT_BUF_INIT(100);
    read_whole(report_name, &text);
    return (int)strtol(jt_buf_str(&text), NULL, 10);
}

/* Prepares, lets it meet the point, and gives the state it left; false when the point is past the
 * last. */
static bool meet(const struct scenario *s, int point, const char *mode, bool crash, int *out_status,
                 int *out_state)
{
    assert_int_equal(make_folder(NULL), 0);
    (void)snprintf(arm_name, sizeof arm_name, "%s-arm", folder);
    (void)snprintf(report_name, sizeof report_name, "%s-report", folder);
    s->prepare();
    *out_status = run_child(s, point, mode, crash);
    bool was_met = reported() >= point;
    (void)unlink(arm_name); /* gone where the child tried again */
    assert_int_equal(unlink(report_name), 0);
    *out_state = s->state();
    assert_int_equal(remove_folder(NULL), 0);
    return was_met;
}

static bool killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool done(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == DONE;
}

static void tell(const struct scenario *s, const char *mode, int points)
{
    print_message("%s, %s: points enumerated %d / passed %d\n", s->name, mode, points, points);
    assert_true(points >= s->fewest);
}

/* --- the tests --- */

static void kill_at_any_point_leaves_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(scenarios); i++) {
        int point = 1;
        int before = 0; /* the state of the last point */
        int status, now;
        while (meet(&scenarios[i], point, "kill", false, &status, &now)) {
            assert_true(killed(status));
            assert_true(now >= before); /* what is durable stays */
            before = now;
            point++;
        }
        assert_true(done(status));
        assert_int_equal(now, 1);
        tell(&scenarios[i], "kill", point - 1);
    }
}

static const char *const failures[] = {"eio", "enospc", "full"};

static void failure_at_any_point_then_crash_leaves_what_was_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(scenarios) * JT_COUNT(failures); i++) {
        const struct scenario *s = &scenarios[i / JT_COUNT(failures)];
        const char *mode = failures[i % JT_COUNT(failures)];
        int point = 1;
        int refused = 0;
        int status, now;
        while (meet(s, point, mode, true, &status, &now)) {
            assert_true(killed(status) || done(status));
            bool whole_or_none = s->act == act_change || s->act == act_small_change;
            if (whole_or_none || done(status)) {
                assert_int_equal(now, done(status)); /* an error was answered: nothing is there */
            }
            refused += killed(status);
            point++;
        }
        assert_true(refused > 0);
        tell(s, mode, point - 1);
    }
}

static void failure_at_any_point_then_again_succeeds(void **state)
{
    (void)state;
    static const char *const modes[] = {"eio", "full"};
    for (size_t i = 0; i < JT_COUNT(scenarios) * JT_COUNT(modes); i++) {
        const struct scenario *s = &scenarios[i / JT_COUNT(modes)];
        int point = 1;
        int status, now;
        while (meet(s, point, modes[i % JT_COUNT(modes)], false, &status, &now)) {
            assert_true(done(status));
            assert_int_equal(now, 1);
            point++;
        }
    }
}

static void commit_without_a_sync_is_not_answered(void **state)
{
    (void)state;
    const struct scenario *s = &scenarios[JT_COUNT(scenarios) - 1];
    int status, now;
    set("KILLPOINT_CALLS", "syncs");
    assert_true(meet(s, 1, "eio", true, &status, &now)); /* there is one, and its failure is told */
    assert_true(killed(status));
    assert_int_equal(now, 0);
    assert_false(meet(s, 1000, "eio", true, &status, &now));
    assert_true(done(status));
    assert_int_equal(now, 1);
    assert_int_equal(unsetenv("KILLPOINT_CALLS"), 0);
}

/* As a child: SCENARIO PATH ARM crash|retry. */
static int run_as_child(char **argv)
{
    (void)snprintf(path, sizeof path, "%s", argv[2]);
    arm_file = argv[3];
    for (size_t i = 0; i < JT_COUNT(scenarios); i++) {
        if (strcmp(scenarios[i].name, argv[1]) == 0) {
            return child(scenarios[i].act, strcmp(argv[4], "crash") == 0);
        }
    }
    return 127;
}

int main(int argc, char **argv)
{
    if (argc == 5) {
        return run_as_child(argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_at_any_point_leaves_all_or_nothing),
        cmocka_unit_test(failure_at_any_point_then_crash_leaves_what_was_answered),
        cmocka_unit_test(failure_at_any_point_then_again_succeeds),
        cmocka_unit_test(commit_without_a_sync_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
