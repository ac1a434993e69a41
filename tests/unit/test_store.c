/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/store.h"

#include "tests/support/postgres_store.h"
#include "tests/unit/store_unit.h"

#include "common/base/base.h"

/* --- objects --- */

static void objects_any_order_given_by_kind_then_bytes(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_CLIENT, "c", "1");
    put(store, JT_STORE_PRODUCT, "p", "2");
    put(store, JT_STORE_ROLE, "r", "3");
    put(store, JT_STORE_RESOURCE, "b", "4");
    put(store, JT_STORE_RESOURCE, "\xC3\xA9", "5");
    put(store, JT_STORE_RESOURCE, "B", "6");
    put(store, JT_STORE_RESOURCE, "ba", "7");
    commit(store);
    assert_objects(store, 0, "0:B=6@1 0:b=4@1 0:ba=7@1 0:\xC3\xA9=5@1 1:r=3@1 3:p=2@1 2:c=1@1 ");
    jt_store_close(store);
    store = open_store();
    assert_objects(store, 0, "0:B=6@1 0:b=4@1 0:ba=7@1 0:\xC3\xA9=5@1 1:r=3@1 3:p=2@1 2:c=1@1 ");
    jt_store_close(store);
}

struct expected_object {
    struct jt_span id, doc;
    size_t seen;
};

static enum jt_err compare_object(void *ctx, const struct jt_store_object *o)
{
    struct expected_object *expected = ctx;
    assert_true(jt_span_eq(o->id, expected->id));
    assert_true(jt_span_eq(o->doc, expected->doc));
    expected->seen++;
    return JT_OK;
}

static void put_odd_bytes_come_back_same(void **state)
{
    (void)state;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    static uint8_t large[1024 * 1024];
    for (size_t i = 0; i < sizeof large; i++) {
        large[i] = (uint8_t)(i * 7 + i / 256);
    }
    struct expected_object cases[] = {
        {jt_span_of(all, sizeof all), jt_span_of(all, sizeof all), 0},
        {JT_SPAN("\0"), JT_SPAN("\0\0"), 0},
        {JT_SPAN(""), JT_SPAN("{}"), 0},
        {JT_SPAN("\xFF\xC0"), JT_SPAN("a\0b"), 0},
        {JT_SPAN("'; DROP TABLE objects; --"), JT_SPAN("$1 ?2 %s"), 0},
        {JT_SPAN("large"), jt_span_of(large, sizeof large), 0},
    };
    struct jt_store *store = open_store();
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        begin(store);
        assert_ok(jt_store_put(store, JT_STORE_CLIENT, cases[i].id, cases[i].doc));
        commit(store);
        assert_ok(jt_store_objects(store, 0, compare_object, &cases[i]));
        assert_int_equal(cases[i].seen, 1);
        assert_ok(jt_store_each_object(store, compare_object, &cases[i]));
        assert_int_equal(cases[i].seen, 2);
        begin(store);
        assert_ok(jt_store_delete(store, JT_STORE_CLIENT, cases[i].id));
        commit(store);
    }
    jt_store_close(store);
}

static void put_id_differing_past_nul_is_another_object(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    assert_ok(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a\0b"), JT_SPAN("1")));
    assert_ok(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a\0c"), JT_SPAN("2")));
    assert_err(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")), JT_ERR_NOT_FOUND);
    assert_err(jt_store_delete(store, JT_STORE_CLIENT, JT_SPAN("a\0b")), JT_ERR_NOT_FOUND);
    assert_ok(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a\0b")));
    commit(store);
    struct expected_object left = {JT_SPAN("a\0c"), JT_SPAN("2"), 0};
    assert_ok(jt_store_objects(store, 0, compare_object, &left));
    assert_int_equal(left.seen, 1);
    assert_ok(jt_store_each_object(store, compare_object, &left));
    assert_int_equal(left.seen, 2); /* not what was deleted */
    jt_store_close(store);
}

static void objects_since_version_gives_changes_and_deletions(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    put(store, JT_STORE_ROLE, "b", "1");
    commit(store);
    begin(store);
    put(store, JT_STORE_ROLE, "b", "2");
    commit(store);
    begin(store);
    assert_ok(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")));
    assert_objects(store, 0, "1:b=2@2 "); /* what is read inside is what commit changes */
    assert_objects(store, 2, "1:a-@3 ");
    commit(store);
    assert_objects(store, 0, "1:b=2@2 ");
    assert_objects(store, 1, "1:a-@3 1:b=2@2 ");
    assert_objects(store, 2, "1:a-@3 ");
    assert_objects(store, 3, "");
    begin(store);
    put(store, JT_STORE_ROLE, "a", "4");
    commit(store);
    assert_objects(store, 0, "1:a=4@4 1:b=2@2 ");
    assert_objects(store, 3, "1:a=4@4 ");
    jt_store_close(store);
}

static void delete_absent_not_found_and_changes_nothing(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    assert_err(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")), JT_ERR_NOT_FOUND);
    commit(store);
    assert_int_equal(version(store), 0);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    assert_ok(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")));
    assert_err(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")), JT_ERR_NOT_FOUND);
    commit(store);
    assert_int_equal(version(store), 1);
    assert_objects(store, 0, "");
    jt_store_close(store);
}

static enum jt_err stop_at_second(void *ctx, const struct jt_store_object *o)
{
    (void)o;
    return ++*(int *)ctx == 2 ? JT_ERR_CONFLICT : JT_OK;
}

static void objects_callback_failing_stops_and_is_told(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    put(store, JT_STORE_ROLE, "b", "1");
    put(store, JT_STORE_ROLE, "c", "1");
    commit(store);
    int calls = 0;
    assert_err(jt_store_objects(store, 0, stop_at_second, &calls), JT_ERR_CONFLICT);
    assert_int_equal(calls, 2);
    assert_objects(store, 0, "1:a=1@1 1:b=1@1 1:c=1@1 ");
    jt_store_close(store);
}

/* --- transactions --- */

static void commit_raises_version_once_if_anything_was_written(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    assert_int_equal(version(store), 0);
    begin(store);
    assert_int_equal(version(store), 1);
    commit(store);
    assert_int_equal(version(store), 0);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    put(store, JT_STORE_ROLE, "b", "1");
    assert_int_equal(version(store), 1);
    commit(store);
    assert_int_equal(version(store), 1);
    begin(store);
    assert_ok(jt_store_audit(store, "cli", "look", JT_SPAN_NONE, JT_SPAN_NONE));
    commit(store);
    assert_int_equal(version(store), 2);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "2");
    jt_store_rollback(store);
    assert_int_equal(version(store), 2);
    jt_store_close(store);
    store = open_store();
    assert_int_equal(version(store), 2);
    jt_store_close(store);
}

static void rollback_or_close_undoes_all(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    jt_store_rollback(store);
    jt_store_rollback(store);
    assert_objects(store, 0, "");
    begin(store);
    put(store, JT_STORE_ROLE, "b", "1");
    jt_store_close(store);
    store = open_store();
    assert_objects(store, 0, "");
    begin(store);
    put(store, JT_STORE_ROLE, "c", "1");
    commit(store);
    assert_objects(store, 0, "1:c=1@1 ");
    jt_store_close(store);
    jt_store_close(NULL);
}

static enum jt_err call_again(void *ctx, const struct jt_store_object *o)
{
    struct jt_store *store = ctx;
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t v;
    assert_err(jt_store_put(store, o->kind, o->id, o->id), JT_ERR_ARGUMENT);
    assert_err(jt_store_commit(store, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_store_version(store, &v), JT_ERR_ARGUMENT);
    assert_err(jt_store_objects(store, 0, call_again, ctx), JT_ERR_ARGUMENT);
    return JT_OK;
}

static void calls_out_of_order_refused_in_order_accepted(void **state)
{
    (void)state;
    const struct jt_store_key key = {.kid = JT_SPAN("k")};
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    for (int in_order = 0; in_order <= 1; in_order++) {
        enum jt_err want = in_order ? JT_OK : JT_ERR_ARGUMENT;
        if (in_order) {
            begin(store);
        }
        assert_err(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("1")), want);
        assert_err(jt_store_put_key(store, &key), want);
        assert_err(jt_store_put_sealed(store, "s", JT_SPAN("m"), JT_SPAN("b")), want);
        assert_err(jt_store_audit(store, "a", "b", JT_SPAN_NONE, JT_SPAN_NONE), want);
        assert_ok(jt_store_objects(store, 0, call_again, store));
        assert_err(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")), want);
        assert_err(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("")), JT_ERR_ARGUMENT);
        assert_err(jt_store_commit(store, &diag), want);
    }
    begin(store);
    assert_err(jt_store_begin(store, &diag), JT_ERR_ARGUMENT);
    put(store, JT_STORE_ROLE, "a", "2");
    commit(store);
    assert_objects(store, 0, "1:a=2@2 ");
    jt_store_close(store);
}

static void begin_while_another_writes_refused_after_waiting(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    sqlite3 *db = NULL;
    if (other_store != NULL) {
        other_store->lock();
    } else {
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    }
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_begin(store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "another program holds its lock; end that program"));
    if (other_store != NULL) {
        other_store->unlock();
    } else {
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
    }
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    jt_store_close(store);
}

/* --- places --- */

static void open_nowhere_or_at_two_places_refused(void **state)
{
    (void)state;
    const struct jt_store_where wheres[] = {{NULL, NULL}, {path, "dbname=jeton"}};
    for (size_t i = 0; i < JT_COUNT(wheres); i++) {
        struct jt_store *store = NULL;
        struct jt_store_watch *watch = NULL;
        assert_err(jt_store_open(&wheres[i], &fixed_clock, &store, NULL), JT_ERR_ARGUMENT);
        assert_err(jt_store_peek(&wheres[i], &store, NULL), JT_ERR_ARGUMENT);
        assert_err(jt_store_watch_new(&wheres[i], &watch, NULL), JT_ERR_ARGUMENT);
    }
    jt_store_close(open_store());
}

/* --- marks, snapshots --- */

static int64_t mark_of(struct jt_store *store, int64_t of_version)
{
    int64_t mark = -1;
    assert_ok(jt_store_mark(store, of_version, &mark));
    assert_true(mark >= 0);
    return mark;
}

static void commit_raising_the_version_leaves_a_mark(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    int64_t marks[3];
    int64_t none;
    marks[0] = mark_of(store, 0); /* so that two new stores differ */
    assert_err(jt_store_mark(store, 1, &none), JT_ERR_NOT_FOUND);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    assert_err(jt_store_mark(store, 1, &none), JT_ERR_NOT_FOUND); /* commit makes it */
    jt_store_rollback(store);
    assert_err(jt_store_mark(store, 1, &none), JT_ERR_NOT_FOUND);
    begin(store);
    commit(store);
    assert_err(jt_store_mark(store, 1, &none), JT_ERR_NOT_FOUND);
    for (int i = 1; i <= 2; i++) {
        begin(store);
        put(store, JT_STORE_ROLE, "a", "1");
        commit(store);
        marks[i] = mark_of(store, i);
    }
    assert_true(marks[0] != marks[1] && marks[1] != marks[2]);
    jt_store_close(store);
    store = open_store();
    for (int i = 0; i <= 2; i++) {
        assert_true(mark_of(store, i) == marks[i]);
    }
    assert_err(jt_store_mark(store, -1, &none), JT_ERR_NOT_FOUND);
    jt_store_close(store);
}

static void marks_of_long_ago_dropped(void **state)
{
    (void)state;
    int64_t mark;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    run_beside("UPDATE meta SET value = 9998 WHERE name = 'version'", NULL);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_ok(jt_store_mark(store, 0, &mark)); /* of the last 10,000, with that of 9999 */
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_err(jt_store_mark(store, 0, &mark), JT_ERR_NOT_FOUND);
    assert_query("SELECT version FROM commits ORDER BY version", "1|9999|10000|");
    jt_store_close(store);
}

static void begin_read_sees_one_state_and_writes_nothing(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_store_begin_read(store, &diag));
    assert_int_equal(version(store), 1);
    run_beside("UPDATE meta SET value = 2 WHERE name = 'version'", NULL);
    assert_int_equal(version(store), 1);
    assert_err(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("1")), JT_ERR_ARGUMENT);
    assert_err(jt_store_commit(store, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_store_begin(store, &diag), JT_ERR_ARGUMENT);
    assert_err(jt_store_begin_read(store, &diag), JT_ERR_ARGUMENT);
    jt_store_rollback(store);
    assert_int_equal(version(store), 2);
    begin(store);
    assert_err(jt_store_begin_read(store, &diag), JT_ERR_ARGUMENT);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_objects(store, 0, "1:a=1@3 1:r={}@1 ");
    jt_store_close(store);
}

/* --- keys, sealed, audit --- */

static void keys_any_order_given_oldest_first(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    const struct jt_store_key keys[] = {make_key("new", JT_SPAN("\0\1\2"), 30),
                                        make_key("old", JT_SPAN("blob"), 10),
                                        make_key("mid", JT_SPAN_NONE, 20)};
    assert_keys(store, "");
    begin(store);
    for (size_t i = 0; i < JT_COUNT(keys); i++) {
        assert_ok(jt_store_put_key(store, &keys[i]));
    }
    commit(store);
    assert_keys(store, "old:4@10 mid:0@20 new:3@30 ");
    const struct jt_store_key again = make_key("old", JT_SPAN_NONE, 40);
    begin(store);
    assert_ok(jt_store_put_key(store, &again));
    commit(store);
    assert_keys(store, "mid:0@20 new:3@30 old:0@40 ");
    jt_store_close(store);
}

static enum jt_err take_sealed(void *ctx, struct jt_span row_mac, struct jt_span blob)
{
    assert_true(jt_span_eq(row_mac, jt_span_of(mac, sizeof mac)));
    return jt_buf_put(ctx, blob);
}

static void sealed_given_by_name(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    JT_AUTO(buf) got = JT_BUF_INIT(100);
    assert_err(jt_store_sealed(store, "pepper", take_sealed, &got), JT_ERR_NOT_FOUND);
    begin(store);
    assert_ok(jt_store_put_sealed(store, "pepper", jt_span_of(mac, 32), JT_SPAN("first")));
    assert_ok(jt_store_put_sealed(store, "pepper", jt_span_of(mac, 32), JT_SPAN("se\0cond")));
    commit(store);
    assert_ok(jt_store_sealed(store, "pepper", take_sealed, &got));
    assert_true(jt_span_eq(jt_buf_span(&got), JT_SPAN("se\0cond")));
    assert_err(jt_store_sealed(store, "peppe", take_sealed, &got), JT_ERR_NOT_FOUND);
    jt_store_close(store);
}

static enum jt_err list_sealed(void *ctx, const char *name, struct jt_span row_mac,
                               struct jt_span blob)
{
    assert_true(jt_span_eq(row_mac, jt_span_of(mac, sizeof mac)));
    return jt_buf_printf(ctx, "%s=%.*s ", name, (int)blob.n, (const char *)blob.p);
}

static enum jt_err refuse_sealed(void *ctx, const char *name, struct jt_span row_mac,
                                 struct jt_span blob)
{
    (void)name;
    (void)row_mac;
    (void)blob;
    return ++*(int *)ctx == 2 ? JT_ERR_UNSEAL : JT_OK;
}

static void each_sealed_gives_every_row(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    JT_AUTO(buf) got = JT_BUF_INIT(100);
    assert_ok(jt_store_each_sealed(store, list_sealed, &got));
    assert_int_equal(got.len, 0);
    begin(store);
    assert_ok(jt_store_put_sealed(store, "pepper", jt_span_of(mac, 32), JT_SPAN("p")));
    assert_ok(jt_store_put_sealed(store, "a'b", jt_span_of(mac, 32), JT_SPAN("q")));
    commit(store);
    assert_ok(jt_store_each_sealed(store, list_sealed, &got));
    assert_int_equal(got.len, strlen("pepper=p a'b=q "));
    assert_non_null(strstr(jt_buf_str(&got), "pepper=p "));
    assert_non_null(strstr(jt_buf_str(&got), "a'b=q "));
    int calls = 0;
    assert_err(jt_store_each_sealed(store, refuse_sealed, &calls), JT_ERR_UNSEAL);
    assert_int_equal(calls, 2);
    jt_store_close(store);
}

static void audit_stands_and_falls_with_its_change(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    assert_ok(jt_store_audit(store, "uid:0", "role.create", JT_SPAN("a"), JT_SPAN("{\"x\":1}")));
    assert_query("SELECT COUNT(*) FROM audit", "0|");
    commit(store);
    begin(store);
    assert_ok(jt_store_audit(store, "uid:0", "role.lost", JT_SPAN("a"), JT_SPAN_NONE));
    jt_store_rollback(store);
    begin(store);
    assert_ok(jt_store_audit(store, "uid:1", "key.rotate", JT_SPAN_NONE, JT_SPAN_NONE));
    commit(store);
    assert_query("SELECT seq, at_s, actor, action, object, detail FROM audit ORDER BY seq",
                 "1|1700000000|uid:0|role.create|a|{\"x\":1}|"
                 "2|1700000000|uid:1|key.rotate|||");
    jt_store_close(store);
}

/* --- memory: the n-th allocation of SQLite fails --- */

static long allocations_left = -1; /* -1: none fails */
static sqlite3_mem_methods real_memory;

static bool allocation_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

static void *counted_malloc(int n)
{
    return allocation_fails() ? NULL : real_memory.xMalloc(n);
}

static void *counted_realloc(void *p, int n)
{
    return allocation_fails() ? NULL : real_memory.xRealloc(p, n);
}

static void count_allocations(void)
{
    sqlite3_mem_methods counted;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
    counted = real_memory;
    counted.xMalloc = counted_malloc;
    counted.xRealloc = counted_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
    /* its private pools would hide allocations */
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

static enum jt_err change_all(struct jt_store *store, const char *doc)
{
    struct jt_diag diag = JT_DIAG_INIT;
    const struct jt_store_key key = make_key("k", jt_span_str(doc), 1);
    JT_TRY(jt_store_begin(store, &diag));
    const enum jt_err errs[] = {
        jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), jt_span_str(doc)),
        jt_store_put_key(store, &key),
        jt_store_put_sealed(store, "s", JT_SPAN("m"), jt_span_str(doc)),
        jt_store_audit(store, "a", "b", JT_SPAN_NONE, JT_SPAN_NONE),
    };
    for (size_t i = 1; i < JT_COUNT(errs); i++) {
        assert_true(errs[i - 1] == JT_OK || errs[i] == errs[i - 1]); /* once failed, always */
    }
    return jt_store_commit(store, &diag);
}

static void change_with_any_allocation_failing_whole_or_absent(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    int64_t expected = 0;
    long failed = 0;
    for (long n = 0;; n++) {
        allocations_left = n;
        enum jt_err err = change_all(store, "1");
        bool untouched = allocations_left >= 0;
        allocations_left = -1;
        expected += err == JT_OK;
        assert_true(err == JT_OK || err == JT_ERR_NOMEM);
        assert_int_equal(version(store), expected);
        failed += err != JT_OK;
        if (untouched) {
            assert_ok(err);
            break;
        }
    }
    assert_true(failed > 5);
    char count[32];
    (void)snprintf(count, sizeof count, "%d|", (int)expected);
    assert_query("SELECT COUNT(*) FROM audit", count);
    jt_store_close(store);
}

static void open_with_any_allocation_failing_told_and_later_accepted(void **state)
{
    (void)state;
    long last = 0;
    for (long n = 0;; n += 1 + n / 16) { /* all of the first, then ever fewer */
        struct jt_store *store = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        allocations_left = n;
        enum jt_err err = jt_store_open(at(path), &fixed_clock, &store, &diag);
        bool untouched = allocations_left >= 0;
        allocations_left = -1;
        if (err == JT_OK) {
            jt_store_close(store);
        } else {
            assert_err(err, JT_ERR_NOMEM);
            last = n;
        }
        put_one_and_close();
        each_file(remove_one, NULL);
        if (untouched) {
            assert_ok(err);
            break;
        }
    }
    assert_true(last > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(objects_any_order_given_by_kind_then_bytes),
        store_test(put_odd_bytes_come_back_same),
        store_test(put_id_differing_past_nul_is_another_object),
        store_test(objects_since_version_gives_changes_and_deletions),
        store_test(delete_absent_not_found_and_changes_nothing),
        store_test(objects_callback_failing_stops_and_is_told),
        store_test(commit_raises_version_once_if_anything_was_written),
        store_test(rollback_or_close_undoes_all),
        store_test(calls_out_of_order_refused_in_order_accepted),
        store_test(begin_while_another_writes_refused_after_waiting),
        store_test(open_nowhere_or_at_two_places_refused),
        store_test(commit_raising_the_version_leaves_a_mark),
        store_test(marks_of_long_ago_dropped),
        store_test(begin_read_sees_one_state_and_writes_nothing),
        store_test(keys_any_order_given_oldest_first),
        store_test(sealed_given_by_name),
        store_test(each_sealed_gives_every_row),
        store_test(audit_stands_and_falls_with_its_change),
    };
    const struct CMUnitTest sqlite_tests[] = {
        store_test(change_with_any_allocation_failing_whole_or_absent),
        store_test(open_with_any_allocation_failing_told_and_later_accepted),
    };
    other_store = jt_postgres_store_asked();
    if (other_store == NULL) {
        count_allocations();
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (other_store == NULL) {
        failed += cmocka_run_group_tests(sqlite_tests, NULL, NULL);
    }
    jt_postgres_store_end();
    return failed;
}
