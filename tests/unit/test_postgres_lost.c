/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are lost, at every place; writers that meet; word of others' commits. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "issuer/store/postgresconn.h"
#include "tests/support/postgres_store.h"
#include "tests/unit/store_unit.h"

#include "common/base/base.h"

static struct jt_postgres_cluster *cluster = &jt_postgres_store_cluster;

#define OF_THE_STORE \
    "FROM pg_stat_activity WHERE application_name = 'jeton' AND pid <> pg_backend_pid()"

/* --- ways to lose one --- */

static void terminate(void)
{
    run_beside("SELECT pg_terminate_backend(pid, 10000) " OF_THE_STORE, NULL);
}

static void crash(void)
{
    jt_postgres_cluster_kill(cluster);
    jt_postgres_cluster_start(cluster);
}

static void restart(void)
{
    jt_postgres_cluster_stop(cluster);
    jt_postgres_cluster_start(cluster);
}

static void (*const losses[])(void) = {terminate, crash, restart};

static void put_value(struct jt_store *store, const char *value)
{
    begin(store);
    put(store, JT_STORE_ROLE, "a", value);
    commit(store);
}

static void lost_before_begin_or_read_made_anew(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    put_value(store, "1");
    for (size_t i = 0; i < JT_COUNT(losses); i++) {
        struct jt_diag diag = JT_DIAG_INIT;
        losses[i]();
        assert_objects(store, 0, "1:a=1@1 ");
        assert_string_equal(jt_store_why(store), "");
        losses[i]();
        assert_int_equal(version(store), 1);
        losses[i]();
        assert_ok(jt_store_begin_read(store, &diag));
        assert_objects(store, 0, "1:a=1@1 ");
        jt_store_rollback(store);
        losses[i]();
        assert_ok(jt_store_check(store, &diag));
        losses[i]();
        begin(store);
        jt_store_rollback(store);
    }
    losses[0]();
    put_value(store, "2");
    assert_objects(store, 0, "1:a=2@2 ");
    jt_store_close(store);
}

static void lost_inside_a_transaction_nothing_is_stored(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    put_value(store, "1");
    for (size_t i = 0; i < JT_COUNT(losses); i++) {
        for (int reading = 0; reading <= 1; reading++) {
            struct jt_diag diag = JT_DIAG_INIT;
            int64_t mark;
            begin(store);
            put(store, JT_STORE_ROLE, "a", "lost");
            losses[i]();
            if (reading == 1) { /* it must not be made anew: the write lock is gone */
                assert_err(jt_store_mark(store, 1, &mark), JT_ERR_STORE);
                assert_true(jt_store_why(store)[0] != 0);
            } else {
                assert_err(jt_store_delete(store, JT_STORE_ROLE, JT_SPAN("a")), JT_ERR_STORE);
            }
            assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
            assert_non_null(strstr(diag.text, jt_store_name(store)));
            assert_null(strstr(diag.text, "is not known"));
            assert_objects(store, 0, "1:a=1@1 ");
        }
        struct jt_diag diag = JT_DIAG_INIT; /* also when commit is the first to notice */
        begin(store);
        put(store, JT_STORE_ROLE, "a", "lost");
        losses[i]();
        JT_IGNORE(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("b"), JT_SPAN("lost")));
        assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
        assert_objects(store, 0, "1:a=1@1 ");
    }
    put_value(store, "2");
    assert_objects(store, 0, "1:a=2@2 ");
    jt_store_close(store);
}

static void lost_in_a_snapshot_told(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t number;
    put_value(store, "1");
    assert_ok(jt_store_begin_read(store, &diag));
    assert_ok(jt_store_version(store, &number));
    terminate();
    assert_err(jt_store_version(store, &number), JT_ERR_STORE); /* another would be another state */
    assert_true(jt_store_why(store)[0] != 0);
    jt_store_rollback(store);
    assert_ok(jt_store_version(store, &number));
    jt_store_close(store);
}

static void away_told_until_it_is_back(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t number;
    put_value(store, "1");
    jt_postgres_cluster_stop(cluster);
    for (int i = 0; i < 3; i++) {
        diag = (struct jt_diag)JT_DIAG_INIT;
        assert_err(jt_store_version(store, &number), JT_ERR_STORE);
        assert_non_null(strstr(jt_store_why(store), "cannot be reached"));
        assert_err(jt_store_begin(store, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, "cannot be reached"));
    }
    jt_postgres_cluster_start(cluster);
    assert_ok(jt_store_version(store, &number));
    assert_string_equal(jt_store_why(store), "");
    put_value(store, "2");
    assert_objects(store, 0, "1:a=2@2 ");
    jt_store_close(store);
}

static void silent_server_given_up(void **state)
{
    (void)state;
    struct jt_postgresconn conn = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t number = 0;
    assert_ok(jt_postgresconn_init(&conn, at(path)->postgres, &diag));
    assert_ok(jt_postgresconn_open(&conn, NULL, &diag));
    conn.patience_ms = 50;
    assert_err(jt_postgresconn_exec(&conn, "SELECT pg_sleep(600)", &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "no answer came for too long"));
    assert_false(jt_postgresconn_is_up(&conn));
    assert_err(jt_postgresconn_exec(&conn, "SELECT 1", &diag), JT_ERR_STORE);
    assert_ok(jt_postgresconn_open(&conn, NULL, &diag));
    conn.patience_ms = 10000;
    assert_ok(jt_postgresconn_number(&conn, "SELECT 7", &number, &diag));
    assert_int_equal(number, 7);
    jt_postgresconn_release(&conn);
}

/* --- in commit --- */

/* Ends the session from within its own commit, before that is done. */
static const char dies_in_commit[] =
    "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END $$;"
    "CREATE CONSTRAINT TRIGGER die AFTER INSERT OR UPDATE ON objects DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION die()";

static void lost_in_commit_told_as_not_known(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    put_value(store, "1");
    run_beside(dies_in_commit, NULL);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "lost");
    assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "whether it is stored is not known; look before"));
    run_beside("DROP TRIGGER die ON objects", NULL);
    assert_objects(store, 0, "1:a=1@1 ");
    put_value(store, "2");
    assert_objects(store, 0, "1:a=2@2 ");
    jt_store_close(store);
}

/* Waits in a process of its own until a commit waits for a standby that never comes, and ends it. */
static pid_t terminate_the_waiting(void)
{
    pid_t child = fork();
    if (child == 0) {
        void *session = jt_postgres_cluster_enter(cluster, JT_POSTGRES_STORE_DATABASE);
        for (;;) {
            JT_AUTO(buf) found = JT_BUF_INIT(100);
            jt_postgres_cluster_do(session,
                                   "SELECT pg_terminate_backend(pid, 10000) " OF_THE_STORE
                                   " AND wait_event = 'SyncRep'",
                                   &found);
            if (found.len > 0) {
                _exit(0);
            }
        }
    }
    return child;
}

static void lost_after_commit_is_there_all_the_same(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    put_value(store, "1");
    run_beside("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", NULL);
    restart();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "2");
    pid_t child = terminate_the_waiting();
    assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "whether it is stored is not known; look before"));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_objects(store, 0, "1:a=2@2 ");
    void *session = jt_postgres_cluster_enter(cluster, "postgres");
    jt_postgres_cluster_do(session, "SET synchronous_commit = local", NULL);
    jt_postgres_cluster_do(session, "ALTER SYSTEM RESET synchronous_standby_names", NULL);
    jt_postgres_cluster_leave(session);
    restart();
    put_value(store, "3");
    assert_objects(store, 0, "1:a=3@3 ");
    jt_store_close(store);
}

/* PostgreSQL answers COMMIT with ROLLBACK where a statement has failed before. */
static void commit_after_a_failed_read_refused(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    int64_t mark;
    begin(store);
    put(store, JT_STORE_ROLE, "a", "lost");
    run_beside("ALTER TABLE commits RENAME TO kept", NULL);
    assert_err(jt_store_mark(store, 1, &mark), JT_ERR_STORE);
    assert_non_null(strstr(jt_store_why(store), "lacks a table"));
    run_beside("ALTER TABLE kept RENAME TO commits", NULL);
    assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
    assert_objects(store, 0, "1:r={}@1 ");
    put_value(store, "1");
    assert_objects(store, 0, "1:a=1@2 1:r={}@1 ");
    jt_store_close(store);
}

/* --- writers that meet --- */

#define WRITERS 3
#define TIMES   150

static enum jt_err take_count(void *ctx, const struct jt_store_object *o)
{
    char text[16] = "";
    memcpy(text, o->doc.p, o->doc.n < sizeof text ? o->doc.n : 0);
    *(long *)ctx = strtol(text, NULL, 10);
    return JT_OK;
}

/* Reads after begin, and writes one more: an update that another did not see would be lost. */
static enum jt_err count_up(struct jt_store *store)
{
    char text[24];
    long n = 0;
    struct jt_diag diag = JT_DIAG_INIT;
    JT_TRY(jt_store_begin(store, &diag));
    JT_TRY(jt_store_objects(store, 0, take_count, &n));
    (void)snprintf(text, sizeof text, "%ld", n + 1);
    JT_TRY(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("n"), jt_span_str(text)));
    JT_TRY(jt_store_audit(store, "w", "count", JT_SPAN_NONE, JT_SPAN_NONE));
    return jt_store_commit(store, &diag);
}

static void writers_at_once_are_serial(void **state)
{
    (void)state;
    pid_t children[WRITERS];
    const struct jt_store_where where = *at(path);
    jt_store_close(open_store());
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct jt_store *store = NULL;
            enum jt_err err = jt_store_open(&where, &fixed_clock, &store, NULL);
            for (int k = 0; k < TIMES && err == JT_OK; k++) {
                err = count_up(store);
            }
            jt_store_close(store);
            _exit(err == JT_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct jt_store *store = open_store();
    assert_objects(store, 0, "1:n=450@450 ");
    assert_query("SELECT COUNT(*), MAX(version), COUNT(DISTINCT mark) FROM commits;"
                 "SELECT COUNT(*), MAX(seq) FROM audit",
                 "451|450|451|450|450|");
    jt_store_close(store);
}

/* --- word of others' commits --- */

/* Waits for it: the watch's descriptor is readable, and it has something. */
static void assert_told(struct jt_store_watch *watch)
{
    do {
        struct pollfd fd = {jt_store_watch_fd(watch), POLLIN, 0};
        assert_true(fd.fd >= 0);
        assert_int_equal(poll(&fd, 1, 30000), 1);
    } while (!jt_store_watch_take(watch));
}

static void watch_tells_of_commits_that_raised_the_version(void **state)
{
    (void)state;
    const struct jt_store_use use = {JT_SPAN("a"), JT_SPAN("1"), 5};
    struct jt_store *store = open_store();
    struct jt_store_watch *watch = NULL;
    assert_ok(jt_store_watch_new(at(path), &watch, NULL));
    assert_true(jt_store_watch_fd(watch) >= 0);
    assert_false(jt_store_watch_take(watch));
    for (int i = 0; i < 3; i++) {
        put_value(store, "1");
        assert_told(watch);
        assert_false(jt_store_watch_take(watch));
    }
    begin(store); /* none of these is news */
    put(store, JT_STORE_ROLE, "a", "1");
    jt_store_rollback(store);
    begin(store);
    assert_ok(jt_store_put_use(store, &use));
    commit(store);
    struct pollfd fd = {jt_store_watch_fd(watch), POLLIN, 0};
    assert_int_equal(poll(&fd, 1, 0), 0);
    assert_false(jt_store_watch_take(watch));
    put_value(store, "1");
    assert_told(watch);
    jt_store_watch_free(watch);
    jt_store_close(store);
}

static void watch_lost_listens_anew_and_says_so(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_store_watch *watch = NULL;
    assert_ok(jt_store_watch_new(at(path), &watch, NULL));
    terminate();
    assert_told(watch); /* something may have come meanwhile */
    put_value(store, "1");
    assert_told(watch);
    jt_postgres_cluster_kill(cluster);
    while (jt_store_watch_fd(watch) >= 0) { /* until it has noticed */
        assert_false(jt_store_watch_take(watch));
    }
    assert_false(jt_store_watch_take(watch));
    assert_int_equal(jt_store_watch_fd(watch), -1);
    jt_postgres_cluster_start(cluster);
    assert_true(jt_store_watch_take(watch));
    assert_false(jt_store_watch_take(watch));
    put_value(store, "2");
    assert_told(watch);
    jt_store_watch_free(watch);
    jt_store_close(store);
}

static void watch_of_a_database_away_listens_when_it_comes(void **state)
{
    (void)state;
    struct jt_store_watch *watch = NULL;
    jt_postgres_cluster_stop(cluster);
    assert_ok(jt_store_watch_new(at(path), &watch, NULL));
    assert_int_equal(jt_store_watch_fd(watch), -1);
    assert_false(jt_store_watch_take(watch));
    jt_postgres_cluster_start(cluster);
    assert_true(jt_store_watch_take(watch));
    struct jt_store *store = open_store();
    put_value(store, "1");
    assert_told(watch);
    jt_store_watch_free(watch);
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(lost_before_begin_or_read_made_anew),
        store_test(lost_inside_a_transaction_nothing_is_stored),
        store_test(lost_in_a_snapshot_told),
        store_test(away_told_until_it_is_back),
        store_test(silent_server_given_up),
        store_test(lost_in_commit_told_as_not_known),
        store_test(lost_after_commit_is_there_all_the_same),
        store_test(commit_after_a_failed_read_refused),
        store_test(writers_at_once_are_serial),
        store_test(watch_tells_of_commits_that_raised_the_version),
        store_test(watch_lost_listens_anew_and_says_so),
        store_test(watch_of_a_database_away_listens_when_it_comes),
    };
    other_store = jt_postgres_store();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    jt_postgres_store_end();
    return failed;
}
