/* SPDX-License-Identifier: Apache-2.0 */
/* What is PostgreSQL's alone: who is let in, its schema, its sessions, rows that nobody here wrote,
 * what is erased. */
#include "issuer/store/postgres.h"

#include <libpq-fe.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/support/postgres_store.h"
#include "tests/unit/store_unit.h"

#include "common/base/base.h"

static const struct jt_postgres_cluster *cluster = &jt_postgres_store_cluster;

static void admin(const char *sql)
{
    jt_postgres_cluster_run(cluster, "postgres", sql, NULL);
}

static void assert_refused(enum jt_err want, const char *part)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_store_open(at(path), &fixed_clock, &store, &diag);
    if (err != want || strstr(diag.text, part) == NULL) {
        fail_msg("%s: %s", jt_err_name(err), diag.text);
    }
    assert_null(store);
}

/* --- who is let in --- */

int __real_PQserverVersion(const PGconn *conn);
int __wrap_PQserverVersion(const PGconn *conn);
static int told_version; /* 0: the true one */

int __wrap_PQserverVersion(const PGconn *conn)
{
    return told_version == 0 ? __real_PQserverVersion(conn) : told_version;
}

static void open_server_too_old_refused(void **state)
{
    (void)state;
    told_version = 110022;
    assert_refused(JT_ERR_STORE, "is PostgreSQL 11, older than 12");
    told_version = 120000;
    jt_store_close(open_store());
    told_version = 0;
}

static void open_read_only_user_refused(void **state)
{
    (void)state;
    void *session = jt_postgres_cluster_enter(cluster, "postgres"); /* from before */
    jt_postgres_cluster_do(session, "ALTER ROLE jeton SET default_transaction_read_only = on",
                           NULL);
    assert_refused(JT_ERR_STORE, "is read-only (default_transaction_read_only)");
    jt_postgres_cluster_do(session, "ALTER ROLE jeton RESET default_transaction_read_only", NULL);
    jt_postgres_cluster_leave(session);
    jt_store_close(open_store());
}

static void open_standby_refused_promoted_accepted(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_postgres_cluster standby;
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_true(jt_postgres_cluster_new(&standby, cluster));
    char conninfo[160];
    (void)snprintf(conninfo, sizeof conninfo, "%s",
                   jt_postgres_cluster_at(&standby, JT_POSTGRES_STORE_DATABASE));
    const struct jt_store_where where = {.postgres = conninfo};
    assert_err(jt_store_open(&where, &fixed_clock, &store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "is a standby, which takes no changes; name the primary"));
    assert_err(jt_store_peek(&where, &store, &diag), JT_ERR_STORE);
    /* of several, the one that takes changes is taken */
    char both[300];
    (void)snprintf(both, sizeof both, "host=%s,%s user=jeton dbname=%s", standby.folder,
                   cluster->folder, JT_POSTGRES_STORE_DATABASE);
    const struct jt_store_where any = {.postgres = both};
    assert_ok(jt_store_open(&any, &fixed_clock, &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    jt_postgres_cluster_run(&standby, "postgres", "SELECT pg_promote()", NULL);
    assert_ok(jt_store_open(&where, &fixed_clock, &store, &diag));
    begin(store);
    put(store, JT_STORE_ROLE, "s", "1");
    commit(store);
    assert_objects(store, 0, "1:r={}@1 1:s=1@2 ");
    jt_store_close(store);
    jt_postgres_cluster_release(&standby);
}

/* Several issuers over one database are the point. */
static void open_twice_each_sees_the_other(void **state)
{
    (void)state;
    struct jt_store *stores[] = {open_store(), open_store()};
    assert_non_null(strstr(jt_store_name(stores[0]), "PostgreSQL test at "));
    for (int i = 0; i < 4; i++) {
        begin(stores[i % 2]);
        put(stores[i % 2], JT_STORE_ROLE, i % 2 == 0 ? "a" : "b", "1");
        commit(stores[i % 2]);
        assert_int_equal(version(stores[(i + 1) % 2]), i + 1);
    }
    assert_objects(stores[0], 0, "1:a=1@3 1:b=1@4 ");
    assert_objects(stores[1], 0, "1:a=1@3 1:b=1@4 ");
    jt_store_close(stores[0]);
    jt_store_close(stores[1]);
}

/* --- the session --- */

static const char spy[] =
    "CREATE TABLE seen (text TEXT);"
    "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES ("
    " current_setting('synchronous_commit') || ' ' || current_setting('lock_timeout') || ' ' ||"
    " current_setting('idle_in_transaction_session_timeout') || ' ' ||"
    " current_setting('application_name') || ' ' || current_setting('transaction_isolation'));"
    " RETURN NULL; END $$;"
    "CREATE TRIGGER spy AFTER INSERT ON audit EXECUTE FUNCTION see()";

static void audit_one(void)
{
    struct jt_store *store = open_store();
    begin(store);
    assert_ok(jt_store_audit(store, "a", "b", JT_SPAN_NONE, JT_SPAN_NONE));
    commit(store);
    jt_store_close(store);
}

static void commit_is_synchronous_whatever_the_user_has_set(void **state)
{
    (void)state;
    put_one_and_close();
    run_beside(spy, NULL);
    admin("ALTER ROLE jeton SET synchronous_commit = off;"
          "ALTER ROLE jeton SET default_transaction_isolation = 'serializable'");
    audit_one();
    admin("ALTER ROLE jeton SET synchronous_commit = remote_apply");
    audit_one();
    admin("ALTER ROLE jeton RESET ALL");
    audit_one();
    assert_query("SELECT text FROM seen", "on 5s 1min jeton read committed|"
                                          "remote_apply 5s 1min jeton read committed|"
                                          "on 5s 1min jeton read committed|");
}

/* --- the schema --- */

static void spoil_newer(void)
{
    run_beside("UPDATE meta SET value = 1000 WHERE name = 'schema'", NULL);
}

static void mend_newer(void)
{
    run_beside("UPDATE meta SET value = 3 WHERE name = 'schema'", NULL);
}

static void newer_schema_stops_those_who_run_and_those_who_start(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    struct jt_store *none = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    spoil_newer();
    assert_refused(JT_ERR_STORE_VERSION, "has schema 1000, this jetond knows only up to 3");
    assert_err(jt_store_peek(at(path), &none, &diag), JT_ERR_STORE_VERSION);
    assert_err(jt_store_begin(store, &diag), JT_ERR_STORE_VERSION);
    assert_err(jt_store_check(store, &diag), JT_ERR_STORE_VERSION);
    mend_newer();
    begin(store);
    put(store, JT_STORE_ROLE, "r", "2");
    commit(store);
    assert_objects(store, 0, "1:r=2@2 ");
    jt_store_close(store);
}

#define AT_ONCE 10

static void open_ten_at_once_makes_one_schema(void **state)
{
    (void)state;
    pid_t children[AT_ONCE];
    int begin_pipe[2];
    assert_int_equal(pipe(begin_pipe), 0);
    const struct jt_store_where where = *at(path);
    for (int i = 0; i < AT_ONCE; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char go;
            struct jt_store *store = NULL;
            struct jt_diag diag = JT_DIAG_INIT;
            (void)close(begin_pipe[1]);
            (void)!read(begin_pipe[0], &go, 1); /* the end of file is the sign */
            enum jt_err err = jt_store_open(&where, &fixed_clock, &store, &diag);
            if (err != JT_OK) {
                (void)fprintf(stderr, "%s\n", diag.text);
            }
            jt_store_close(store);
            _exit(err == JT_OK ? 0 : 1);
        }
    }
    assert_int_equal(close(begin_pipe[1]), 0);
    assert_int_equal(close(begin_pipe[0]), 0);
    for (int i = 0; i < AT_ONCE; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_query("SELECT name, value FROM meta ORDER BY name; SELECT COUNT(*) FROM commits",
                 "schema|3|version|0|1|");
}

static const struct jt_migration later[] = {
    {4, "ALTER TABLE objects ADD COLUMN note TEXT; UPDATE objects SET note = 'old'"},
    {5, "CREATE TABLE more (a BIGINT); INSERT INTO more VALUES (1), (2)"},
};
static const struct jt_migration broken[] = {
    {4, "ALTER TABLE objects ADD COLUMN note TEXT; UPDATE objects SET note = 'old'"},
    {5, "INSERT INTO nowhere VALUES (1)"},
};

static struct jt_migrations extended(const struct jt_migration more[2])
{
    static struct jt_migration list[16];
    assert_true(jt_migrate_all.n + 2 <= JT_COUNT(list));
    memcpy(list, jt_migrate_all.list, jt_migrate_all.n * sizeof list[0]);
    memcpy(list + jt_migrate_all.n, more, 2 * sizeof list[0]);
    return (struct jt_migrations){list, jt_migrate_all.n + 2};
}

static void older_schema_raised_a_peek_changes_nothing(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_migrations longer = extended(later);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_postgres_peek(at(path)->postgres, &longer, &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    assert_err(jt_store_begin(store, &diag), JT_ERR_ARGUMENT);
    assert_ok(jt_store_begin_read(store, &diag));
    assert_int_equal(version(store), 1);
    jt_store_rollback(store);
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    assert_query("SELECT value FROM meta WHERE name = 'schema'", "3|");
    assert_ok(jt_postgres_open(at(path)->postgres, &longer, &fixed_clock, &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    assert_query("SELECT note FROM objects; SELECT a FROM more;"
                 "SELECT value FROM meta WHERE name = 'schema'",
                 "old|1|2|5|");
}

static void failing_migration_changes_nothing(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_migrations list = extended(broken);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_postgres_open(at(path)->postgres, &list, &fixed_clock, &store, &diag),
               JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "relation \"nowhere\" does not exist"));
    assert_query("SELECT value FROM meta WHERE name = 'schema';"
                 "SELECT COUNT(*) FROM pg_attribute WHERE attname = 'note'",
                 "3|0|");
    store = open_store();
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
}

static void peek_empty_not_found_and_makes_nothing(void **state)
{
    (void)state;
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_peek(at(path), &store, &diag), JT_ERR_NOT_FOUND);
    assert_query("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'", "0|");
    run_beside("ALTER DATABASE test SET search_path = nowhere", NULL);
    assert_err(jt_store_peek(at(path), &store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "the user may make no tables there; make it the owner"));
    run_beside("ALTER DATABASE test RESET search_path", NULL);
    put_one_and_close();
    assert_ok(jt_store_peek(at(path), &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
}

/* --- what nobody here made --- */

static const struct {
    const char *spoil, *mend, *sentence;
    bool before; /* before the schema is there */
} spoilt[] = {
    {"CREATE TABLE meta (a INT)", "DROP TABLE meta", "a table meta of another application", true},
    {"CREATE TABLE meta (name TEXT, value BIGINT)", "DROP TABLE meta", "it has no schema number",
     true},
    {"CREATE TABLE keys (a INT)", "DROP TABLE keys", "has tables of another application", true},
    {"CREATE DOMAIN blob AS TEXT", "DROP DOMAIN blob", "has types of another application", true},
    {"DELETE FROM meta WHERE name = 'schema'", "INSERT INTO meta VALUES ('schema', 3)",
     "it has no schema number", false},
    {"DELETE FROM meta WHERE name = 'version'", "INSERT INTO meta VALUES ('version', 1)",
     "has lost the number 'version' of its table meta", false},
    {"ALTER TABLE sealed RENAME TO kept", "ALTER TABLE kept RENAME TO sealed",
     "lacks a table; restore it from a backup", false},
    {"ALTER TABLE keys RENAME mac TO m", "ALTER TABLE keys RENAME m TO mac",
     "lacks a column; restore it from a backup", false},
    {"ALTER TABLE objects ALTER kind TYPE TEXT",
     "ALTER TABLE objects ALTER kind TYPE BIGINT USING "
     "kind::bigint",
     "its tables are not jetond's", false},
};

static void open_spoilt_refused_mended_accepted(void **state)
{
    (void)state;
    bool made = false;
    for (size_t i = 0; i < JT_COUNT(spoilt); i++) {
        if (!spoilt[i].before && !made) {
            put_one_and_close();
            made = true;
        }
        run_beside(spoilt[i].spoil, NULL);
        assert_refused(JT_ERR_STORE, spoilt[i].sentence);
        run_beside(spoilt[i].mend, NULL);
        if (made) {
            struct jt_store *store = open_store();
            assert_objects(store, 0, "1:r={}@1 ");
            jt_store_close(store);
        }
    }
}

static enum jt_err ignore_object(void *ctx, const struct jt_store_object *o)
{
    (void)ctx;
    (void)o;
    return JT_OK;
}

static enum jt_err ignore_key(void *ctx, const struct jt_store_key *k)
{
    (void)ctx;
    (void)k;
    return JT_OK;
}

static enum jt_err ignore_sealed(void *ctx, struct jt_span m, struct jt_span b)
{
    (void)ctx;
    (void)m;
    (void)b;
    return JT_OK;
}

static enum jt_err read_all(struct jt_store *store)
{
    int64_t number;
    JT_TRY(jt_store_version(store, &number));
    JT_TRY(jt_store_objects(store, 0, ignore_object, NULL));
    JT_TRY(jt_store_objects(store, 1, ignore_object, NULL));
    JT_TRY(jt_store_keys(store, ignore_key, NULL));
    JT_TRY(jt_store_sealed(store, "s", ignore_sealed, NULL));
    return jt_store_mark(store, number, &number);
}

static const struct {
    const char *spoil, *mend, *column;
} hostile[] = {
    {"UPDATE objects SET kind = 15", "UPDATE objects SET kind = 20", "kind"},
    {"ALTER TABLE objects ALTER version TYPE INT", "ALTER TABLE objects ALTER version TYPE BIGINT",
     "version"},
    {"ALTER TABLE objects ALTER version DROP NOT NULL; UPDATE objects SET version = NULL",
     "UPDATE objects SET version = 2; ALTER TABLE objects ALTER version SET NOT NULL", "version"},
    {"ALTER TABLE objects ALTER doc TYPE TEXT USING encode(doc, 'escape')",
     "ALTER TABLE objects ALTER doc TYPE blob USING doc::bytea", "doc"},
    {"UPDATE objects SET doc = repeat('x', 67108865)::bytea", "UPDATE objects SET doc = '{}'",
     "doc"},
    {"ALTER TABLE keys ALTER kid TYPE VARCHAR(9)", "ALTER TABLE keys ALTER kid TYPE TEXT", "kid"},
    {"ALTER TABLE keys ALTER mac DROP NOT NULL; UPDATE keys SET mac = NULL",
     "UPDATE keys SET mac = decode('01020004' || repeat('0', 56), 'hex');"
     "ALTER TABLE keys ALTER mac SET NOT NULL",
     "mac"},
    {"ALTER TABLE keys ALTER longest_s TYPE NUMERIC",
     "ALTER TABLE keys ALTER longest_s TYPE BIGINT", "longest_s"},
    {"ALTER TABLE sealed ALTER blob DROP NOT NULL; UPDATE sealed SET blob = NULL",
     "UPDATE sealed SET blob = 'b'; ALTER TABLE sealed ALTER blob SET NOT NULL", "blob"},
    {"ALTER TABLE commits ALTER mark TYPE TIMESTAMPTZ USING now()",
     "ALTER TABLE commits ALTER mark TYPE BIGINT USING 7", "mark"},
    {"ALTER TABLE meta ALTER value TYPE DOUBLE PRECISION",
     "ALTER TABLE meta ALTER value TYPE BIGINT", "value"},
};

/* Rows are written by whoever has the database; what is no row of ours is told, not read. */
static void hostile_rows_refused_mended_accepted(void **state)
{
    (void)state;
    const struct jt_store_key key = make_key("k", JT_SPAN("blob"), 1);
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    assert_ok(jt_store_put_key(store, &key));
    assert_ok(jt_store_put_sealed(store, "s", JT_SPAN("m"), JT_SPAN("b")));
    commit(store);
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    commit(store);
    jt_store_close(store);
    for (size_t i = 0; i < JT_COUNT(hostile); i++) {
        char sentence[128];
        struct jt_diag diag = JT_DIAG_INIT;
        (void)snprintf(sentence, sizeof sentence, "a value in the column %s that no jetond",
                       hostile[i].column);
        run_beside(hostile[i].spoil, NULL);
        enum jt_err err = jt_store_open(at(path), &fixed_clock, &store, &diag);
        if (err == JT_OK) {
            err = read_all(store);
            diag = (struct jt_diag)JT_DIAG_INIT;
            (void)snprintf(diag.text, sizeof diag.text, "%s", jt_store_why(store));
            jt_store_close(store);
        }
        if (err != JT_ERR_STORE || strstr(diag.text, sentence) == NULL) {
            fail_msg("%s: %s: %s", hostile[i].spoil, jt_err_name(err), diag.text);
        }
        run_beside(hostile[i].mend, NULL);
        store = open_store();
        assert_ok(read_all(store));
        jt_store_close(store);
    }
}

/* --- much --- */

static enum jt_err count_bytes(void *ctx, const struct jt_store_object *o)
{
    *(size_t *)ctx += o->doc.n;
    return JT_OK;
}

static long peak_kb(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

#define MANY 100000

static void objects_many_are_never_all_in_memory(void **state)
{
    (void)state;
    put_one_and_close();
    run_beside("INSERT INTO objects SELECT 40, ('client-' || n)::bytea,"
               " repeat('x', 2000)::bytea, 1 FROM generate_series(1, 100000) AS n",
               NULL);
    struct jt_store *store = open_store();
    long before = peak_kb();
    size_t bytes = 0;
    assert_ok(jt_store_objects(store, 0, count_bytes, &bytes));
    assert_int_equal(bytes, MANY * 2000 + 2);
    assert_true(peak_kb() - before < 64 * 1024); /* of 195 MB */
    jt_store_close(store);
}

/* Sent without waiting for each: one that fails is told by a later call or by commit, and nothing of
 * the change is stored. */
static void put_many_one_failing_nothing_stored(void **state)
{
    (void)state;
    put_one_and_close();
    run_beside("ALTER TABLE objects ADD CONSTRAINT odd CHECK (doc <> 'odd'::bytea)", NULL);
    struct jt_store *store = open_store();
    for (int odd = 0; odd <= 600; odd += 150) { /* first, in any batch, last */
        struct jt_diag diag = JT_DIAG_INIT;
        enum jt_err err = JT_OK;
        begin(store);
        for (int i = 0; i <= 600; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "r%d", i);
            enum jt_err now = jt_store_put(store, JT_STORE_ROLE, jt_span_str(id),
                                           jt_span_str(i == odd ? "odd" : "even"));
            assert_true(err == JT_OK || now == err); /* once failed, always */
            assert_true(now == JT_OK || i >= odd);
            err = now;
        }
        assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, "violates check constraint \"odd\""));
        assert_objects(store, 0, "1:r={}@1 ");
    }
    begin(store);
    for (int i = 0; i <= 600; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "r%d", i);
        put(store, JT_STORE_CLIENT, id, "even");
        if (i % 100 == 50) { /* and in between, what needs an answer */
            assert_ok(jt_store_delete(store, JT_STORE_CLIENT, jt_span_str(id)));
            assert_err(jt_store_delete(store, JT_STORE_CLIENT, jt_span_str(id)), JT_ERR_NOT_FOUND);
        }
    }
    commit(store);
    assert_query("SELECT COUNT(doc), COUNT(*) FROM objects WHERE kind = 40", "595|601|");
    jt_store_close(store);
}

static void put_many_then_rollback_nothing_stored(void **state)
{
    (void)state;
    static char large[300000];
    memset(large, 'x', sizeof large - 1);
    struct jt_store *store = open_store();
    for (int round = 0; round < 2; round++) {
        begin(store);
        for (int i = 0; i < 20; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "%d", i);
            put(store, JT_STORE_ROLE, id, large);
        }
        if (round == 0) {
            jt_store_rollback(store);
            assert_objects(store, 0, "");
        }
    }
    commit(store);
    assert_query("SELECT COUNT(*), MIN(length(doc)) FROM objects", "20|299999|");
    jt_store_close(store);
}

/* --- what is erased --- */

#define PRIVATE_HALF "the private half of a key that this transaction erases"

/* Does a file of a table hold it? The write-ahead log does, until it is recycled. */
static bool is_in_tables(void)
{
    char command[256];
    jt_postgres_cluster_run(cluster, "postgres", "CHECKPOINT", NULL);
    (void)snprintf(command, sizeof command, "grep -rqaF '%s' '%s/data/base'", PRIVATE_HALF,
                   cluster->folder);
    return system(command) == 0; // NOLINT(cert-env33-c): a test's own words
}

static void put_half(struct jt_store *store, struct jt_span blob)
{
    const struct jt_store_key key = make_key("k", blob, 1);
    begin(store);
    assert_ok(jt_store_put_key(store, &key));
    commit(store);
}

static void erased_key_is_in_no_table(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    put_half(store, JT_SPAN(PRIVATE_HALF));
    assert_true(is_in_tables());
    put_half(store, JT_SPAN_NONE);
    assert_false(is_in_tables());
    begin(store);
    assert_ok(jt_store_put_sealed(store, "s", JT_SPAN("m"), JT_SPAN(PRIVATE_HALF)));
    commit(store);
    assert_true(is_in_tables());
    begin(store);
    assert_ok(jt_store_put_sealed(store, "s", JT_SPAN("m"), JT_SPAN("another")));
    commit(store);
    assert_false(is_in_tables());
    jt_store_close(store);
}

static void erased_while_a_reader_is_in_the_way_gone_later(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "BEGIN; LOCK TABLE keys IN ACCESS SHARE MODE",
        /* it reads no key yet, and may: what VACUUM would remove is kept for it */
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM meta"};
    for (size_t i = 0; i < 2 * JT_COUNT(ways); i++) {
        struct jt_store *store = open_store();
        put_half(store, JT_SPAN(PRIVATE_HALF));
        void *reader = jt_postgres_cluster_enter(cluster, JT_POSTGRES_STORE_DATABASE);
        jt_postgres_cluster_do(reader, ways[i / 2], NULL);
        put_half(store, JT_SPAN_NONE);
        assert_true(is_in_tables());
        jt_postgres_cluster_do(reader, "ROLLBACK", NULL); /* its end alone comes later */
        jt_postgres_cluster_leave(reader);
        if (i % 2 == 1) {
            jt_store_close(store);
            store = open_store();
        } else {
            begin(store);
            put(store, JT_STORE_ROLE, "a", "1");
            commit(store);
        }
        assert_false(is_in_tables());
        jt_store_close(store);
    }
}

/* --- the check --- */

static void check_tells_what_is_wrong(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_store_check(store, &diag));
    admin("ALTER SYSTEM SET fsync = off");
    admin("SELECT pg_reload_conf()");
    while (jt_store_check(store, &diag) == JT_OK) { /* the server takes it up when it comes to it */
    }
    assert_non_null(strstr(diag.text, "runs with fsync=off"));
    admin("ALTER SYSTEM RESET fsync");
    admin("SELECT pg_reload_conf()");
    while (jt_store_check(store, &diag) != JT_OK) {
    }
    run_beside("ALTER TABLE replies RENAME TO kept", NULL);
    assert_err(jt_store_check(store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "lacks a table"));
    run_beside("ALTER TABLE kept RENAME TO replies", NULL);
    assert_ok(jt_store_check(store, &diag));
    jt_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(open_server_too_old_refused),
        store_test(open_read_only_user_refused),
        store_test(open_standby_refused_promoted_accepted),
        store_test(open_twice_each_sees_the_other),
        store_test(commit_is_synchronous_whatever_the_user_has_set),
        store_test(newer_schema_stops_those_who_run_and_those_who_start),
        store_test(open_ten_at_once_makes_one_schema),
        store_test(older_schema_raised_a_peek_changes_nothing),
        store_test(failing_migration_changes_nothing),
        store_test(peek_empty_not_found_and_makes_nothing),
        store_test(open_spoilt_refused_mended_accepted),
        store_test(hostile_rows_refused_mended_accepted),
        store_test(objects_many_are_never_all_in_memory),
        store_test(put_many_one_failing_nothing_stored),
        store_test(put_many_then_rollback_nothing_stored),
        store_test(erased_key_is_in_no_table),
        store_test(erased_while_a_reader_is_in_the_way_gone_later),
        store_test(check_tells_what_is_wrong),
    };
    other_store = jt_postgres_store();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    jt_postgres_store_end();
    return failed;
}
