/* SPDX-License-Identifier: Apache-2.0 */
/* Copies from and to PostgreSQL; what holds for SQLite alone is in test_copy.c. */
#include "issuer/store/copy.h"

#include "tests/support/postgres_store.h"
#include "tests/unit/bulk_unit.h"

#include "common/base/base.h"

static const struct store_other *server;

static int make_both(void **state)
{
    server->make();
    return make_folder(state);
}

static int remove_both(void **state)
{
    server->remove();
    return remove_folder(state);
}

#define copy_test(name) cmocka_unit_test_setup_teardown(name, make_both, remove_both)

/* A copy of it, for its place is one of the helper's own. */
static struct jt_store_where there(void)
{
    return *server->where();
}

static void fill_and_close(size_t n)
{
    struct jt_store *store = open_store();
    fill_all(store, n);
    jt_store_close(store);
}

static enum jt_err copy(const struct jt_store_where *from, const struct jt_store_where *to,
                        struct jt_copy_done *out_done, struct jt_diag *diag)
{
    struct jt_store *store = look(from);
    enum jt_err err = jt_copy_to_store(store, to, out_done, diag);
    jt_store_close(store);
    return err;
}

static enum jt_err back_up(struct jt_copy_done *out_done, struct jt_diag *diag)
{
    const struct jt_store_where from = there();
    struct jt_store *store = look(&from);
    enum jt_err err = jt_copy_to_file(store, other, false, out_done, diag);
    jt_store_close(store);
    return err;
}

static void fill_there(size_t n)
{
    const struct jt_store_where from = {.sqlite_path = path}, to = there();
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(n);
    assert_ok(copy(&from, &to, &done, &diag));
}

/* --- the same rows --- */

static void sqlite_to_postgres_to_sqlite_every_row_the_same(void **state)
{
    (void)state;
    const struct jt_store_where first = {.sqlite_path = path}, second = there();
    const struct jt_store_where third = {.sqlite_path = other};
    struct jt_copy_done to, back;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(300);
    assert_ok(copy(&first, &second, &to, &diag));
    assert_same_rows(&first, &second);
    assert_ok(copy(&second, &third, &back, &diag));
    assert_same_rows(&first, &third);
    assert_memory_equal(&to.sum, &back.sum, sizeof to.sum);
    assert_int_equal(to.sum.n[JT_TABLES_replies], 300);
    assert_string_equal(back.to, other);
    assert_non_null(strstr(to.to, "PostgreSQL " JT_POSTGRES_STORE_DATABASE));
}

static void opened_after_a_copy_it_goes_on_with_its_history(void **state)
{
    (void)state;
    const struct jt_store_where from = {.sqlite_path = path}, to = there();
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *store = open_store();
    int64_t mark, now;
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    commit(store);
    assert_ok(jt_store_mark(store, 1, &mark));
    jt_store_close(store);
    assert_ok(copy(&from, &to, &done, &diag));
    assert_ok(jt_store_open(&to, &fixed_clock, &store, &diag));
    assert_ok(jt_store_mark(store, 1, &now));
    assert_int_equal(now, mark);
    begin(store);
    put(store, JT_STORE_ROLE, "s", "{}");
    commit(store);
    assert_int_equal(version(store), 2);
    assert_objects(store, 0, "1:r={}@1 1:s={}@2 ");
    jt_store_close(store);
}

static void backup_while_another_writes_is_one_snapshot(void **state)
{
    (void)state;
    struct jt_bulk_sum before, after;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_there(20);
    const struct jt_store_where where = there();
    struct jt_store *store = look(&where);
    assert_ok(jt_bulk_sum(store, &before, &diag));
    server->run("UPDATE objects SET doc = 'x' WHERE doc IS NOT NULL; DELETE FROM uses", NULL);
    assert_ok(jt_bulk_sum(store, &after, &diag));
    assert_memory_equal(&before, &after, sizeof before);
    jt_store_close(store);
    store = look(&where);
    assert_ok(jt_bulk_sum(store, &after, &diag));
    assert_int_equal(after.n[JT_TABLES_uses], 0);
    assert_int_equal(before.n[JT_TABLES_uses], 20);
    jt_store_close(store);
}

static void backup_is_a_database(void **state)
{
    (void)state;
    const struct jt_store_where from = there(), to = {.sqlite_path = other};
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *store = NULL;
    fill_there(20);
    assert_ok(back_up(&done, &diag));
    assert_same_rows(&from, &to);
    assert_err(back_up(&done, &diag), JT_ERR_EXISTS);
    assert_ok(jt_store_open(&to, &fixed_clock, &store, &diag));
    assert_int_equal(version(store), 1);
    jt_store_close(store);
}

static void backup_of_an_older_schema_stays_at_it(void **state)
{
    (void)state;
    const struct jt_store_where from = there();
    struct jt_copy_done done;
    struct jt_bulk_about about;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_there(20);
    server->run("DROP TABLE commits; UPDATE meta SET value = 2 WHERE name = 'schema'", NULL);
    assert_ok(back_up(&done, &diag));
    assert_int_equal(done.sum.n[JT_TABLES_uses], 20);
    struct jt_store *store = look(at(other));
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.schema, 2);
    jt_store_close(store);
    assert_err(copy(&from, at(with("2")), &done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "jeton db migrate"));
    assert_ok(jt_store_open(&from, &fixed_clock, &store, &diag)); /* which raises it */
    jt_store_close(store);
    assert_ok(copy(&from, at(with("2")), &done, &diag));
}

/* --- about --- */

static void about_tells_schema_size_and_daemons(void **state)
{
    (void)state;
    const struct jt_store_where where = there();
    struct jt_bulk_about about;
    struct jt_store_watch *watch = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *store = look(&where);
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_string_equal(about.kind, "postgres");
    assert_int_equal(about.schema, 0);
    assert_int_equal(about.bytes, 0);
    assert_int_equal(about.daemons, 0);
    jt_store_close(store);
    fill_there(20);
    store = look(&where);
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.schema, about.newest);
    assert_true(about.bytes > 8192);
    assert_int_equal(about.daemons, 0);
    assert_ok(jt_store_watch_new(&where, &watch, &diag)); /* each daemon has one */
    jt_store_close(store);
    store = look(&where);
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.daemons, 1);
    jt_store_watch_free(watch);
    jt_store_close(store);
}

/* --- refused --- */

static void to_one_that_holds_something_refused(void **state)
{
    (void)state;
    const struct jt_store_where from = {.sqlite_path = path}, to = there();
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_there(5);
    assert_err(copy(&from, &to, &done, &diag), JT_ERR_EXISTS);
    assert_non_null(strstr(diag.text, "is not empty"));
    server->run("TRUNCATE objects, keys, sealed, audit, uses, replies", NULL);
    assert_ok(copy(&from, &to, &done, &diag));
    assert_same_rows(&from, &to);
}

static void from_an_empty_one_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(back_up(&done, &diag), JT_ERR_NOT_FOUND);
    assert_non_null(strstr(diag.text, "nothing of an issuer"));
    assert_false(exists(other));
    fill_there(5);
    assert_ok(back_up(&done, &diag));
}

static void newer_schema_refused(void **state)
{
    (void)state;
    const struct jt_store_where from = {.sqlite_path = path}, to = there();
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_there(5);
    server->run("UPDATE meta SET value = value + 1 WHERE name = 'schema'", NULL);
    assert_err(back_up(&done, &diag), JT_ERR_STORE_VERSION);
    assert_err(copy(&from, &to, &done, &diag), JT_ERR_STORE_VERSION);
    server->run("UPDATE meta SET value = value - 1 WHERE name = 'schema'", NULL);
    assert_ok(back_up(&done, &diag));
}

static void text_that_the_server_cannot_hold_refused_and_nothing_arrives(void **state)
{
    (void)state;
    const struct jt_store_where from = {.sqlite_path = path}, to = there();
    static const char *const bad[] = {"CAST(x'610062' AS TEXT)", "CAST(x'FF' AS TEXT)"};
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_and_close(5);
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "UPDATE audit SET actor = %s WHERE seq = 0", bad[i]);
        run_beside(sql, NULL);
        assert_err(copy(&from, &to, &done, &diag), JT_ERR_STORE);
        JT_AUTO(buf) out = JT_BUF_INIT(100);
        server->run("SELECT (SELECT COUNT(*) FROM objects) + (SELECT COUNT(*) FROM audit)", &out);
        assert_string_equal(jt_buf_str(&out), "0|");
    }
    run_beside("UPDATE audit SET actor = 'cli' WHERE seq = 0", NULL);
    assert_ok(copy(&from, &to, &done, &diag));
}

static void column_of_another_type_refused(void **state)
{
    (void)state;
    struct jt_copy_done done;
    struct jt_diag diag = JT_DIAG_INIT;
    fill_there(2);
    server->run("ALTER TABLE sealed ALTER COLUMN name TYPE VARCHAR(200)", NULL);
    assert_err(back_up(&done, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "sealed.name"));
    server->run("ALTER TABLE sealed ALTER COLUMN name TYPE TEXT", NULL);
    assert_ok(back_up(&done, &diag));
}

static enum jt_err end_all_sessions(void *ctx, const struct jt_bulk_cell *cells)
{
    (void)cells;
    if (++*(int *)ctx == 3) {
        server->run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND datname = current_database()",
                    NULL);
    }
    return JT_OK;
}

static void server_lost_midway_is_told(void **state)
{
    (void)state;
    const struct jt_store_where where = there();
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_sum sum;
    int calls = 0;
    fill_there(300);
    struct jt_store *store = look(&where);
    assert_ok(jt_bulk_each(store, JT_TABLES_uses, end_all_sessions, &calls, &diag));
    assert_int_equal(calls, 300);                              /* they had come already */
    assert_err(jt_bulk_sum(store, &sum, &diag), JT_ERR_STORE); /* never another snapshot */
    assert_true(diag.text[0] != 0);
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        copy_test(sqlite_to_postgres_to_sqlite_every_row_the_same),
        copy_test(opened_after_a_copy_it_goes_on_with_its_history),
        copy_test(backup_while_another_writes_is_one_snapshot),
        copy_test(backup_is_a_database),
        copy_test(backup_of_an_older_schema_stays_at_it),
        copy_test(about_tells_schema_size_and_daemons),
        copy_test(to_one_that_holds_something_refused),
        copy_test(from_an_empty_one_refused),
        copy_test(newer_schema_refused),
        copy_test(text_that_the_server_cannot_hold_refused_and_nothing_arrives),
        copy_test(column_of_another_type_refused),
        copy_test(server_lost_midway_is_told),
    };
    server = jt_postgres_store();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    jt_postgres_store_end();
    return failed;
}
