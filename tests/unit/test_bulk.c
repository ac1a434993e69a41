/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/bulk.h"

#include "issuer/store/sqlite.h"
#include "tests/unit/bulk_unit.h"

#include "common/base/base.h"

/* --- the list of tables --- */

static const char *sql_type(enum jt_tables_type type)
{
    static const char *const types[] = {
        [JT_TABLES_NUMBER] = "BIGINT", [JT_TABLES_TEXT] = "TEXT", [JT_TABLES_BYTES] = "BLOB"};
    return types[type];
}

/* What tables.def says of the tables that schema `schema` has, as the query below tells it. */
static void put_list(int64_t schema, struct jt_buf *out)
{
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        size_t n;
        const struct jt_tables_column *column = jt_tables_columns(table, &n);
        assert_true(n > 0 && n <= JT_TABLES_COLUMNS_MAX);
        for (size_t i = 0; i < n && column[i].since <= schema; i++) {
            assert_ok(jt_buf_printf(out, "%s|%s|%s|\n", jt_tables_name(table), column[i].name,
                                    sql_type(column[i].type)));
        }
    }
}

static int add_line(void *ctx, int n, char **values, char **names)
{
    assert_int_equal(add_column(ctx, n, values, names), 0);
    return jt_buf_putc(ctx, '\n') != JT_OK;
}

static int compare_spans(const void *a, const void *b)
{
    return jt_span_cmp(*(const struct jt_span *)a, *(const struct jt_span *)b);
}

/* The lines of `text` in order, without a table's own order of columns getting lost: what stands
 * before the first '|' is sorted stably. */
static void sort_by_table(struct jt_buf *text, struct jt_buf *out)
{
    struct jt_span tables[64];
    size_t n = 0;
    const char *line = jt_buf_str(text);
    for (; *line != 0; line = strchr(line, '\n') + 1) {
        struct jt_span name = jt_span_of(line, strcspn(line, "|"));
        if (n == 0 || !jt_span_eq(name, tables[n - 1])) {
            assert_true(n < JT_COUNT(tables));
            tables[n++] = name;
        }
    }
    qsort(tables, n, sizeof tables[0], compare_spans);
    for (size_t i = 0; i < n; i++) {
        for (line = jt_buf_str(text); *line != 0; line = strchr(line, '\n') + 1) {
            if (jt_span_eq(jt_span_of(line, strcspn(line, "|")), tables[i])) {
                assert_ok(jt_buf_put(out, jt_span_of(line, strcspn(line, "\n") + 1)));
            }
        }
    }
}

static void put_schema(int64_t schema, struct jt_buf *out)
{
    static const char query[] =
        "SELECT t.name, c.name, c.type FROM pragma_table_list AS t, pragma_table_info(t.name) AS c "
        "WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' "
        "ORDER BY t.name, c.cid";
    const struct jt_migrations history = {jt_migrate_all.list, (size_t)schema};
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    sqlite3 *db = NULL;
    write_whole(path, JT_SPAN_NONE);
    assert_ok(jt_sqlite_fill(path, &history, &fixed_clock, &store, &diag));
    jt_store_close(store);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, query, add_line, out, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(unlink(path), 0);
}

/* A migration that forgets tables.def fails here, and so does a `since` that is not its number. */
static void list_covers_every_table_and_column_of_every_schema(void **state)
{
    (void)state;
    for (int64_t schema = 1; schema <= jt_migrate_newest(&jt_migrate_all); schema++) {
        JT_AUTO(buf) listed = JT_BUF_INIT(100000);
        JT_AUTO(buf) sorted = JT_BUF_INIT(100000);
        JT_AUTO(buf) found = JT_BUF_INIT(100000);
        put_list(schema, &listed);
        sort_by_table(&listed, &sorted);
        put_schema(schema, &found);
        assert_string_equal(jt_buf_str(&sorted), jt_buf_str(&found));
    }
}

/* --- opening to look at --- */

static void open_absent_other_empty_or_newer_tells_which(void **state)
{
    (void)state;
    assert_not_looked(path, JT_ERR_NOT_FOUND, "no such file");
    write_whole(path, JT_SPAN_NONE);
    assert_not_looked(path, JT_ERR_STORE, "is empty");
    write_whole(path, JT_SPAN("no database, but long enough that it could be one, it seems...."
                              "...................................................."));
    assert_not_looked(path, JT_ERR_STORE, "is not a database");
    assert_int_equal(unlink(path), 0);
    run_beside("CREATE TABLE t (a)", NULL);
    assert_not_looked(path, JT_ERR_STORE, "another application");
    assert_int_equal(unlink(path), 0);
    put_one_and_close();
    jt_store_close(look(at(path)));
}

static void open_newer_schema_told_but_not_read(void **state)
{
    (void)state;
    struct jt_bulk_about about;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_sum sum;
    put_one_and_close();
    int64_t newest = jt_migrate_newest(&jt_migrate_all);
    run_beside("UPDATE meta SET value = value + 1 WHERE name = 'schema'", NULL);
    struct jt_store *store = look(at(path));
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.schema, newest + 1);
    assert_int_equal(about.newest, newest);
    assert_err(jt_bulk_sum(store, &sum, &diag), JT_ERR_STORE_VERSION);
    jt_store_close(store);
    run_beside("UPDATE meta SET value = value - 1 WHERE name = 'schema'", NULL);
    store = look(at(path));
    assert_ok(jt_bulk_sum(store, &sum, &diag));
    jt_store_close(store);
}

static void open_changes_nothing_on_disk(void **state)
{
    (void)state;
    JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
    struct jt_store *store = open_store();
    fill_all(store, 20);
    jt_store_close(store);
    each_file(add_file, &before);
    JT_AUTO(buf) dumped = JT_BUF_INIT(DUMP_MAX);
    dump_all(at(path), &dumped);
    assert_folder_is(&before);
}

static void about_tells_size_and_whether_a_daemon_has_it(void **state)
{
    (void)state;
    struct jt_bulk_about about;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *daemon = open_store();
    struct jt_store *store = look(at(path));
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.daemons, 1);
    assert_string_equal(about.kind, "sqlite");
    assert_int_equal(about.bytes, size_of(path) + size_of(with("-wal")));
    jt_store_close(store);
    jt_store_close(daemon);
    store = look(at(path));
    assert_ok(jt_bulk_about(store, &about, &diag));
    assert_int_equal(about.daemons, 0);
    assert_int_equal(about.bytes, size_of(path));
    jt_store_close(store);
}

static void looked_at_no_daemon_may_open_it_until_it_is_closed(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = look(at(path)), *daemon = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_open(at(path), &fixed_clock, &daemon, &diag), JT_ERR_STORE);
    jt_store_close(store);
    assert_ok(jt_store_open(at(path), &fixed_clock, &daemon, &diag));
    jt_store_close(daemon);
}

static void rows_of_a_running_daemon_are_one_snapshot(void **state)
{
    (void)state;
    struct jt_bulk_sum before, after;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *daemon = open_store();
    fill_all(daemon, 5);
    struct jt_store *store = look(at(path));
    assert_ok(jt_bulk_sum(store, &before, &diag));
    begin(daemon);
    put(daemon, JT_STORE_ROLE, "later", "{}");
    commit(daemon);
    assert_ok(jt_bulk_sum(store, &after, &diag));
    assert_memory_equal(&before, &after, sizeof before);
    jt_store_close(store);
    store = look(at(path));
    assert_ok(jt_bulk_sum(store, &after, &diag));
    assert_int_equal(after.n[JT_TABLES_objects], before.n[JT_TABLES_objects] + 1);
    jt_store_close(store);
    jt_store_close(daemon);
}

/* --- rows --- */

static void each_value_of_another_type_refused(void **state)
{
    (void)state;
    static const struct {
        const char *spoil, *mend, *where;
    } cases[] = {
        {"UPDATE objects SET version = 'x'", "UPDATE objects SET version = 1", "objects.version"},
        {"UPDATE objects SET id = 'r'", "UPDATE objects SET id = x'72'", "objects.id"},
        {"UPDATE objects SET id = 7", "UPDATE objects SET id = x'72'", "objects.id"},
        {"UPDATE objects SET version = 1.5", "UPDATE objects SET version = 1", "objects.version"},
        {"UPDATE meta SET name = x'76' WHERE name = 'version'",
         "UPDATE meta SET name = 'version' WHERE name = x'76'", "meta.name"},
    };
    struct jt_bulk_sum sum;
    put_one_and_close();
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        run_beside(cases[i].spoil, NULL);
        struct jt_store *store = look(at(path));
        assert_err(jt_bulk_sum(store, &sum, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, cases[i].where));
        jt_store_close(store);
        run_beside(cases[i].mend, NULL);
        store = look(at(path));
        assert_ok(jt_bulk_sum(store, &sum, &diag));
        jt_store_close(store);
    }
}

static enum jt_err refuse_second(void *ctx, const struct jt_bulk_cell *cells)
{
    (void)cells;
    return ++*(int *)ctx == 2 ? JT_ERR_LIMIT : JT_OK;
}

static void each_callback_that_fails_ends_it(void **state)
{
    (void)state;
    int calls = 0;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_store *store = open_store();
    fill_all(store, 5);
    assert_err(jt_bulk_each(store, JT_TABLES_objects, refuse_second, &calls, &diag), JT_ERR_LIMIT);
    assert_int_equal(calls, 2);
    assert_ok(jt_bulk_each(store, JT_TABLES_objects, refuse_second, &calls, &diag));
    assert_int_equal(calls, 8); /* those of fill_all, and its role */
    jt_store_close(store);
}

static enum jt_err call_again(void *ctx, const struct jt_bulk_cell *cells)
{
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_about about;
    assert_err(jt_bulk_each(ctx, JT_TABLES_meta, call_again, ctx, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_bulk_about(ctx, &about, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_bulk_put(ctx, JT_TABLES_meta, cells, &diag), JT_ERR_ARGUMENT);
    return JT_OK;
}

static void calls_out_of_order_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    odd_row(JT_TABLES_uses, 9, cells);
    struct jt_store *store = open_store();
    assert_ok(jt_bulk_each(store, JT_TABLES_meta, call_again, store, &diag));
    assert_err(jt_bulk_put(store, JT_TABLES_uses, cells, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_bulk_clear(store, &diag), JT_ERR_ARGUMENT);
    begin(store);
    assert_ok(jt_bulk_put(store, JT_TABLES_uses, cells, &diag));
    commit(store);
    assert_int_equal(version(store), 0); /* rows are of no version */
    jt_store_close(store);
}

static void put_row_that_is_there_refused_and_nothing_stays(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    struct jt_store *store = open_store();
    begin(store);
    for (size_t row = 6; row < 8; row++) {
        odd_row(JT_TABLES_uses, row, cells);
        assert_ok(jt_bulk_put(store, JT_TABLES_uses, cells, &diag));
    }
    assert_err(jt_bulk_put(store, JT_TABLES_uses, cells, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "UNIQUE"));
    odd_row(JT_TABLES_uses, 8, cells);
    assert_err(jt_bulk_put(store, JT_TABLES_uses, cells, &diag), JT_ERR_STORE);
    assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
    jt_store_close(store);
    assert_query("SELECT COUNT(*) FROM uses", "0|");
}

static void clear_of_one_that_holds_anything_refused(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        if (table == JT_TABLES_meta || table == JT_TABLES_commits) {
            continue;
        }
        struct jt_store *store = open_store();
        begin(store);
        odd_row(table, 9, cells);
        assert_ok(jt_bulk_put(store, table, cells, &diag));
        assert_err(jt_bulk_clear(store, &diag), JT_ERR_EXISTS);
        assert_non_null(strstr(diag.text, jt_tables_name(table)));
        jt_store_rollback(store);
        begin(store);
        assert_ok(jt_bulk_clear(store, &diag));
        jt_store_rollback(store);
        jt_store_close(store);
    }
}

/* --- sums --- */

static void sum_of(enum jt_tables_id table, const struct jt_bulk_cell *cells,
                   struct jt_bulk_sum *out_sum)
{
    *out_sum = (struct jt_bulk_sum){0};
    assert_ok(jt_bulk_sum_add(out_sum, table, cells));
}

static void sum_differs_by_table_type_value_and_border(void **state)
{
    (void)state;
    const struct jt_bulk_cell null = {0};
    const struct jt_bulk_cell zero = {.type = JT_TABLES_NUMBER};
    const struct jt_bulk_cell text = {JT_TABLES_TEXT, 0, JT_SPAN("0")};
    const struct jt_bulk_cell bytes = {JT_TABLES_BYTES, 0, JT_SPAN("0")};
    const struct jt_bulk_cell none = {.type = JT_TABLES_BYTES};
    /* one pair of cells that reads as the other once their lengths are left out */
    const struct jt_bulk_cell a = {JT_TABLES_BYTES, 0, JT_SPAN("a")};
    const struct jt_bulk_cell bc = {JT_TABLES_BYTES, 0, JT_SPAN("bb:c")};
    const struct jt_bulk_cell ab = {JT_TABLES_BYTES, 0, JT_SPAN("ab:b")};
    const struct jt_bulk_cell c = {JT_TABLES_BYTES, 0, JT_SPAN("c")};
    const struct {
        enum jt_tables_id table;
        struct jt_bulk_cell cells[3];
    } rows[] = {
        {JT_TABLES_uses, {null, null, zero}},   {JT_TABLES_sealed, {null, null, zero}},
        {JT_TABLES_uses, {null, none, zero}},   {JT_TABLES_uses, {none, null, zero}},
        {JT_TABLES_uses, {bytes, none, zero}},  {JT_TABLES_uses, {none, bytes, zero}},
        {JT_TABLES_uses, {text, none, zero}},   {JT_TABLES_uses, {zero, none, zero}},
        {JT_TABLES_uses, {bytes, bytes, zero}}, {JT_TABLES_uses, {bytes, bytes, null}},
        {JT_TABLES_uses, {bytes, bytes, text}}, {JT_TABLES_uses, {a, bc, zero}},
        {JT_TABLES_uses, {ab, c, zero}},
    };
    struct jt_bulk_sum sums[JT_COUNT(rows)];
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        sum_of(rows[i].table, rows[i].cells, &sums[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(sums[i].digest, sums[k].digest, sizeof sums[i].digest);
        }
    }
}

static void sum_is_that_of_all_rows_in_any_order_and_counts_repeats(void **state)
{
    (void)state;
    struct jt_bulk_cell first[JT_TABLES_COLUMNS_MAX], second[JT_TABLES_COLUMNS_MAX];
    struct jt_bulk_sum a = {0}, b = {0};
    odd_row(JT_TABLES_audit, 1, first);
    assert_ok(jt_bulk_sum_add(&a, JT_TABLES_audit, first));
    odd_row(JT_TABLES_audit, 2, second);
    assert_ok(jt_bulk_sum_add(&a, JT_TABLES_audit, second));
    assert_ok(jt_bulk_sum_add(&b, JT_TABLES_audit, second));
    odd_row(JT_TABLES_audit, 1, first);
    assert_ok(jt_bulk_sum_add(&b, JT_TABLES_audit, first));
    assert_memory_equal(&a, &b, sizeof a);
    assert_ok(jt_bulk_sum_add(&b, JT_TABLES_audit, first));
    assert_memory_not_equal(a.digest, b.digest, sizeof a.digest);
    struct jt_bulk_sum twice = b; /* two of the same do not cancel each other out */
    assert_ok(jt_bulk_sum_add(&twice, JT_TABLES_audit, first));
    assert_memory_not_equal(b.digest, twice.digest, sizeof b.digest);
    assert_memory_not_equal(a.digest, twice.digest, sizeof a.digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(list_covers_every_table_and_column_of_every_schema),
        store_test(open_absent_other_empty_or_newer_tells_which),
        store_test(open_newer_schema_told_but_not_read),
        store_test(open_changes_nothing_on_disk),
        store_test(about_tells_size_and_whether_a_daemon_has_it),
        store_test(looked_at_no_daemon_may_open_it_until_it_is_closed),
        store_test(rows_of_a_running_daemon_are_one_snapshot),
        store_test(each_value_of_another_type_refused),
        store_test(each_callback_that_fails_ends_it),
        store_test(calls_out_of_order_refused),
        store_test(put_row_that_is_there_refused_and_nothing_stays),
        store_test(clear_of_one_that_holds_anything_refused),
        cmocka_unit_test(sum_differs_by_table_type_value_and_border),
        cmocka_unit_test(sum_is_that_of_all_rows_in_any_order_and_counts_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
