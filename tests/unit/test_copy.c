/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/copy.h"

#include "issuer/store/sqlite.h"
#include "tests/unit/bulk_unit.h"

#include "common/base/base.h"

static void fill_and_close(size_t n)
{
    struct jt_store *store = open_store();
    fill_all(store, n);
    jt_store_close(store);
}

static enum jt_err to_file(const char *from, const char *name, bool replace,
                           struct jt_copy_done *out_done, struct jt_diag *diag)
{
    struct jt_store *store = look(at(from));
    enum jt_err err = jt_copy_to_file(store, name, replace, out_done, diag);
    jt_store_close(store);
    return err;
}

static enum jt_err to_store(const char *from, const char *name, struct jt_copy_done *out_done,
                            struct jt_diag *diag)
{
    struct jt_store *store = look(at(from));
    enum jt_err err = jt_copy_to_store(store, at(name), out_done, diag);
    jt_store_close(store);
    return err;
}

static void assert_equal_databases(const char *a, const char *b)
{
    const struct jt_store_where first = {.sqlite_path = a}, second = {.sqlite_path = b};
    assert_same_rows(&first, &second);
}

/* --- files --- */

static void to_file_every_row_the_same_and_it_opens(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct stat st;
    fill_and_close(300);
    assert_ok(to_file(path, other, false, &done, &diag));
    assert_equal_databases(path, other);
    assert_string_equal(done.to, other);
    assert_int_equal(done.sum.n[JT_TABLES_uses], 300);
    assert_int_equal(done.sum.n[JT_TABLES_objects], 301);
    assert_int_equal(stat(other, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    struct jt_store *store = NULL;
    assert_ok(jt_store_open(at(other), &fixed_clock, &store, &diag));
    assert_int_equal(version(store), 1);
    jt_store_close(store);
    assert_equal_databases(path, other); /* opening adds nothing */
}

static void to_file_of_a_running_daemon_is_its_state_then(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *daemon = open_store();
    fill_all(daemon, 20);
    assert_ok(to_file(path, other, false, &done, &diag));
    begin(daemon);
    put(daemon, JT_STORE_ROLE, "later", "{}");
    commit(daemon);
    jt_store_close(daemon);
    assert_query("SELECT COUNT(*) FROM objects WHERE id = x'6c61746572'", "1|");
    struct jt_store *copy = look(at(other));
    struct jt_bulk_sum sum;
    assert_ok(jt_bulk_sum(copy, &sum, &diag));
    assert_memory_equal(&sum, &done.sum, sizeof sum);
    jt_store_close(copy);
}

static void to_file_of_each_older_schema_stays_at_it(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_bulk_about about;
    struct jt_diag diag = JT_DIAG_INIT;
    for (int64_t schema = 1; schema < jt_migrate_newest(&jt_migrate_all); schema++) {
        const struct jt_migrations history = {jt_migrate_all.list, (size_t)schema};
        struct jt_store *store = NULL;
        write_whole(path, JT_SPAN_NONE);
        assert_ok(jt_sqlite_fill(path, &history, &fixed_clock, &store, &diag));
        jt_store_close(store);
        run_beside("INSERT INTO objects VALUES (20, x'61', x'7b7d', 1)", NULL);
        assert_ok(to_file(path, other, false, &done, &diag));
        struct jt_store *copy = look(at(other));
        assert_ok(jt_bulk_about(copy, &about, &diag));
        assert_int_equal(about.schema, schema);
        jt_store_close(copy);
        assert_err(to_store(path, with("2"), &done, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, "jeton db migrate"));
        assert_false(exists(with("2")));
        assert_ok(jt_store_open(at(other), &fixed_clock, &store, &diag)); /* which raises it */
        assert_objects(store, 0, "1:a={}@1 ");
        jt_store_close(store);
        assert_ok(to_store(other, with("2"), &done, &diag));
        assert_int_equal(unlink(with("2")), 0);
        assert_int_equal(unlink(other), 0);
    }
}

static void to_file_that_is_there_refused_unless_it_may_be_replaced(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(5);
    write_whole(other, JT_SPAN("old"));
    assert_err(to_file(path, other, false, &done, &diag), JT_ERR_EXISTS);
    assert_int_equal(size_of(other), 3);
    assert_ok(to_file(path, other, true, &done, &diag));
    assert_equal_databases(path, other);
}

static void to_file_of_a_daemon_or_with_a_log_beside_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *daemon = NULL;
    char name[192];
    fill_and_close(5);
    assert_ok(jt_store_open(at(other), &fixed_clock, &daemon, &diag));
    assert_err(to_file(path, other, true, &done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "a jetond that runs"));
    jt_store_close(daemon);
    static const char *const logs[] = {"-wal", "-journal"};
    for (size_t i = 0; i < JT_COUNT(logs); i++) {
        (void)snprintf(name, sizeof name, "%s%s", other, logs[i]);
        write_whole(name, JT_SPAN("frames"));
        assert_err(to_file(path, other, true, &done, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, name));
        write_whole(name, JT_SPAN_NONE);
        assert_ok(to_file(path, other, true, &done, &diag));
        assert_int_equal(unlink(name), 0);
    }
}

static void to_file_of_a_damaged_source_leaves_nothing(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(300);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    static uint8_t page[4096], damage[4096];
    memset(damage, 0xA5, sizeof damage);
    assert_int_equal(pread(fd, page, sizeof page, (off_t)4096 * 9), sizeof page);
    assert_int_equal(pwrite(fd, damage, sizeof damage, (off_t)4096 * 9), sizeof damage);
    assert_err(to_file(path, other, false, &done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "is damaged"));
    assert_false(exists(other));
    assert_int_equal(pwrite(fd, page, sizeof page, (off_t)4096 * 9), sizeof page);
    assert_int_equal(close(fd), 0);
    assert_ok(to_file(path, other, false, &done, &diag));
}

/* --- databases --- */

static void to_store_that_is_absent_or_empty_every_row_the_same(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *store = NULL;
    fill_and_close(50);
    assert_ok(to_store(path, other, &done, &diag));
    assert_equal_databases(path, other);
    assert_int_equal(unlink(other), 0);
    assert_ok(jt_store_open(at(other), &fixed_clock, &store, &diag)); /* with a mark of its own */
    jt_store_close(store);
    assert_ok(to_store(path, other, &done, &diag));
    assert_equal_databases(path, other);
    assert_string_equal(done.to, other);
}

static void to_store_that_holds_something_refused_and_left_alone(void **state)
{
    (void)state;
    JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(5);
    assert_ok(to_store(path, other, &done, &diag));
    run_beside("DELETE FROM uses", NULL);
    each_file(add_file, &before);
    assert_err(to_store(path, other, &done, &diag), JT_ERR_EXISTS);
    assert_non_null(strstr(diag.text, "is not empty"));
    assert_folder_is(&before);
}

#define AUDIT                                                                \
    "DROP TABLE audit; CREATE TABLE audit (seq BIGINT NOT NULL PRIMARY KEY," \
    " at_s BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,"      \
    " object BLOB NOT NULL, detail BLOB NOT NULL"

/* A target that loses rows without a word. */
static void to_store_that_gives_back_something_else_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *empty = NULL;
    fill_and_close(5);
    run_beside("UPDATE audit SET actor = 'one'", NULL);
    assert_ok(to_store(path, other, &done, &diag));
    assert_int_equal(unlink(path), 0);
    assert_ok(jt_store_open(at(path), &fixed_clock, &empty, &diag));
    jt_store_close(empty);
    run_beside(AUDIT ", UNIQUE (actor) ON CONFLICT REPLACE)", NULL);
    assert_err(to_store(other, path, &done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "does not give back"));
    assert_query("SELECT COUNT(*) FROM audit", "0|"); /* undone */
    run_beside(AUDIT ")", NULL);
    assert_ok(to_store(other, path, &done, &diag));
}

static void to_store_of_a_daemon_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *daemon = NULL;
    fill_and_close(5);
    assert_ok(jt_store_open(at(other), &fixed_clock, &daemon, &diag));
    assert_err(to_store(path, other, &done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "in use by another jetond"));
    jt_store_close(daemon);
    assert_ok(to_store(path, other, &done, &diag));
}

static void from_a_newer_schema_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(5);
    run_beside("UPDATE meta SET value = value + 1 WHERE name = 'schema'", NULL);
    assert_err(to_file(path, other, false, &done, &diag), JT_ERR_STORE_VERSION);
    assert_err(to_store(path, other, &done, &diag), JT_ERR_STORE_VERSION);
    assert_false(exists(other));
    run_beside("UPDATE meta SET value = value - 1 WHERE name = 'schema'", NULL);
    assert_ok(to_store(path, other, &done, &diag));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(to_file_every_row_the_same_and_it_opens),
        store_test(to_file_of_a_running_daemon_is_its_state_then),
        store_test(to_file_of_each_older_schema_stays_at_it),
        store_test(to_file_that_is_there_refused_unless_it_may_be_replaced),
        store_test(to_file_of_a_daemon_or_with_a_log_beside_refused),
        store_test(to_file_of_a_damaged_source_leaves_nothing),
        store_test(to_store_that_is_absent_or_empty_every_row_the_same),
        store_test(to_store_that_holds_something_refused_and_left_alone),
        store_test(to_store_that_gives_back_something_else_refused),
        store_test(to_store_of_a_daemon_refused),
        store_test(from_a_newer_schema_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
