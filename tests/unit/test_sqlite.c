/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlite.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/store_unit.h"

#include "common/base/base.h"

/* --- what is erased is gone --- */

/* A blob that is unlike the others in every stretch of 32 bytes. */
static struct jt_span make_blob(uint32_t seed, size_t n)
{
    static uint8_t blob[8192];
    for (size_t i = 0; i < n; i++) {
        uint32_t x = (uint32_t)i / 4 * 2654435761U + seed * 40503U + 12345;
        x ^= x >> 15;
        x *= 2246822519U;
        x ^= x >> 13;
        blob[i] = (uint8_t)(x >> (8 * (i % 4)));
    }
    return jt_span_of(blob, n);
}

static size_t files_with_part_of(struct jt_span blob)
{
    size_t found = 0;
    for (size_t at = 0; at + 32 <= blob.n; at += 32) {
        found += files_with(jt_span_of(blob.p + at, 32));
    }
    return found;
}

static void put_key_blob(struct jt_store *store, int which, size_t n)
{
    char kid[16];
    (void)snprintf(kid, sizeof kid, "kid%d", which * 7919 % 1000);
    const struct jt_store_key key = make_key(kid, make_blob((uint32_t)which, n), which);
    assert_ok(jt_store_put_key(store, &key));
}

static void put_key_without_blob_leaves_no_byte_in_any_file(void **state)
{
    (void)state;
    static const size_t sizes[] = {64, 400, 2400, 5000, 8192};
    struct jt_store *store = open_store();
    for (int i = 0; i < 40; i++) { /* among others, over several pages, one transaction each */
        begin(store);
        put_key_blob(store, i, sizes[(size_t)i % JT_COUNT(sizes)]);
        commit(store);
    }
    for (int i = 0; i < 40; i++) {
        assert_true(files_with_part_of(make_blob((uint32_t)i, 64)) > 0);
        begin(store);
        put_key_blob(store, i, 0);
        commit(store);
        size_t n = sizes[(size_t)i % JT_COUNT(sizes)];
        assert_int_equal(files_with_part_of(make_blob((uint32_t)i, n)), 0);
    }
    assert_int_equal(size_of(with("-wal")), 0);
    jt_store_close(store);
}

static void commit_of_much_leaves_no_large_log(void **state)
{
    (void)state;
    static char doc[64 * 1024];
    struct jt_store *store = open_store();
    memset(doc, 'x', sizeof doc - 1);
    for (int count = 8; count <= 320; count *= 40) {
        begin(store);
        for (int i = 0; i < count; i++) {
            char id[16];
            (void)snprintf(id, sizeof id, "%d", i);
            put(store, JT_STORE_ROLE, id, doc);
        }
        commit(store);
        if (count == 8) {
            assert_true(size_of(with("-wal")) > 0); /* an ordinary one stays for the next */
        }
    }
    assert_int_equal(size_of(with("-wal")), 0);
    jt_store_close(store);
}

static void put_sealed_again_leaves_no_byte_of_the_old(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    for (uint32_t i = 0; i < 3; i++) {
        begin(store);
        assert_ok(jt_store_put_sealed(store, "pepper", jt_span_of(mac, 32), make_blob(i, 300)));
        commit(store);
        assert_true(files_with_part_of(make_blob(i, 300)) > 0);
        if (i > 0) {
            assert_int_equal(files_with_part_of(make_blob(i - 1, 300)), 0);
        }
    }
    jt_store_close(store);
}

static void erased_while_a_reader_holds_the_log_gone_after_the_next_commit(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    begin(store);
    put_key_blob(store, 1, 400);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "2"); /* the reader needs a log to hold */
    commit(store);
    sqlite3 *reader = NULL;
    assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT COUNT(*) FROM keys", NULL, NULL, NULL),
                     SQLITE_OK);
    begin(store);
    put_key_blob(store, 1, 0);
    commit(store); /* durable, though the log could not be emptied within 5 s */
    assert_keys(store, "kid919:0@1 ");
    assert_true(files_with_part_of(make_blob(1, 400)) > 0);
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "3");
    commit(store);
    assert_int_equal(files_with_part_of(make_blob(1, 400)), 0);
    jt_store_close(store);
}

/* --- files --- */

static void assert_private(const char *name, void *ctx)
{
    struct stat st;
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    ++*(int *)ctx;
}

static void open_new_under_any_umask_makes_private_files(void **state)
{
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0277};
    for (size_t i = 0; i < JT_COUNT(masks); i++) {
        mode_t before = umask(masks[i]);
        struct jt_store *store = open_store();
        begin(store);
        put(store, JT_STORE_ROLE, "a", "1");
        commit(store);
        (void)umask(before);
        assert_true(exists(with("-wal")));
        assert_int_equal(unlink(with(".lock")), 0); /* it holds nothing: any mode without others */
        int files = 0;
        each_file(assert_private, &files);
        assert_int_equal(files, 3);
        jt_store_close(store);
        assert_false(exists(with("-wal")));
        assert_false(exists(with("-shm")));
        assert_int_equal(unlink(path), 0);
    }
}

static void open_marks_the_file_as_ours(void **state)
{
    (void)state;
    put_one_and_close();
    assert_query("PRAGMA application_id; PRAGMA user_version; PRAGMA journal_mode;"
                 "SELECT name, value FROM meta ORDER BY name",
                 "1248162926|3|wal|schema|3|version|1|");
}

static void open_twice_refused_until_closed(void **state)
{
    (void)state;
    struct jt_store *first = open_store();
    struct jt_store *second = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_open(at(path), &fixed_clock, &second, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "is in use by another jetond; stop that one first"));
    assert_null(second);
    jt_store_close(first);
    second = open_store();
    jt_store_close(second);
}

static void name_is_the_path_and_no_watch_tells(void **state)
{
    (void)state;
    struct jt_store *store = open_store();
    struct jt_store_watch *watch = NULL;
    assert_string_equal(jt_store_name(store), path);
    assert_ok(jt_store_watch_new(at(path), &watch, NULL));
    assert_int_equal(jt_store_watch_fd(watch), -1);
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_false(jt_store_watch_take(watch));
    assert_int_equal(jt_store_watch_fd(watch), -1);
    jt_store_watch_free(watch);
    jt_store_watch_free(NULL);
    jt_store_close(store);
}

static void open_after_kill_of_holder_accepted(void **state)
{
    (void)state;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct jt_store *store = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        bool ok = jt_store_open(at(path), &fixed_clock, &store, &diag) == JT_OK &&
                  jt_store_begin(store, &diag) == JT_OK &&
                  jt_store_put(store, JT_STORE_ROLE, JT_SPAN("a"), JT_SPAN("1")) == JT_OK &&
                  jt_store_commit(store, &diag) == JT_OK && jt_store_begin(store, &diag) == JT_OK &&
                  jt_store_put(store, JT_STORE_ROLE, JT_SPAN("b"), JT_SPAN("1")) == JT_OK;
        (void)!write(ready[1], ok ? "+" : "-", 1);
        for (;;) {
            (void)pause();
        }
    }
    char answer = 0;
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, '+');
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_open(at(path), &fixed_clock, &store, &diag), JT_ERR_STORE);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store = open_store();
    assert_objects(store, 0, "1:a=1@1 ");
    jt_store_close(store);
    assert_int_equal(close(ready[0]), 0);
    assert_int_equal(close(ready[1]), 0);
}

/* --- migrations --- */

static const struct jt_migration longer_list[] = {
    {4, "ALTER TABLE objects ADD COLUMN note TEXT; UPDATE objects SET note = 'old'"},
    {5, "CREATE TABLE more (a BIGINT); INSERT INTO more VALUES (1), (2)"},
};
static const struct jt_migration broken_list[] = {
    {4, "ALTER TABLE objects ADD COLUMN note TEXT; UPDATE objects SET note = 'old'"},
    {5, "INSERT INTO nowhere VALUES (1)"},
};

/* This program's history and then `more`. */
static struct jt_migrations extended(const struct jt_migration more[2])
{
    static struct jt_migration list[16];
    assert_true(jt_migrate_all.n + 2 <= JT_COUNT(list));
    memcpy(list, jt_migrate_all.list, jt_migrate_all.n * sizeof list[0]);
    memcpy(list + jt_migrate_all.n, more, 2 * sizeof list[0]);
    return (struct jt_migrations){list, jt_migrate_all.n + 2};
}

static void open_older_schema_raised_and_content_kept(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_migrations longer = extended(longer_list);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_sqlite_peek(path, &longer, &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    assert_query("SELECT value FROM meta WHERE name = 'schema'",
                 "3|"); /* only its copy was raised */
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag));
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    assert_query("SELECT note FROM objects; SELECT a FROM more;"
                 "SELECT value FROM meta WHERE name = 'schema'; PRAGMA user_version",
                 "old|1|2|5|5|");
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag)); /* nothing runs twice */
    jt_store_close(store);
    assert_query("SELECT COUNT(*) FROM more", "2|");
}

static void spoil(const char *sql);

/* What an earlier release left, with content, under this program. */
static void open_schema_1_raised_and_content_kept(void **state)
{
    (void)state;
    put_one_and_close();
    spoil("DROP TABLE uses; DROP TABLE replies; DROP TABLE commits;"
          "UPDATE meta SET value = 1 WHERE name = 'schema';"
          "PRAGMA user_version = 1");
    struct jt_store *store = open_store();
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
    assert_query("SELECT COUNT(*) FROM uses; SELECT COUNT(*) FROM replies;"
                 "SELECT version FROM commits;" /* what came before has no mark */
                 "SELECT value FROM meta WHERE name = 'schema'; PRAGMA user_version",
                 "0|0|1|3|3|");
}

static void open_failing_migration_refused_and_nothing_changed(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_migrations broken = extended(broken_list);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_sqlite_open(path, &broken, &fixed_clock, &store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "no such table: nowhere"));
    assert_query("SELECT value FROM meta WHERE name = 'schema'; PRAGMA user_version;"
                 "SELECT COUNT(*) FROM pragma_table_info('objects') WHERE name = 'note'",
                 "3|3|0|");
    store = open_store();
    assert_objects(store, 0, "1:r={}@1 ");
    jt_store_close(store);
}

static void open_new_with_failing_migration_leaves_no_database(void **state)
{
    (void)state;
    struct jt_migrations broken = extended(broken_list);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_sqlite_open(path, &broken, &fixed_clock, &store, &diag), JT_ERR_STORE);
    assert_false(exists(path));
    put_one_and_close();
    assert_false(exists(with(".new")));
}

static void open_newer_schema_refused_and_nothing_changed(void **state)
{
    (void)state;
    struct jt_migrations longer = extended(longer_list);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag));
    jt_store_close(store);
    JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
    each_file(add_file, &before);
    assert_err(jt_store_open(at(path), &fixed_clock, &store, &diag), JT_ERR_STORE_VERSION);
    assert_non_null(strstr(diag.text, "has schema 5, this jetond knows only up to 3; run the newer "
                                      "jetond, or restore a backup from before it"));
    assert_folder_is(&before);
    assert_err(jt_store_peek(at(path), &store, &diag), JT_ERR_STORE_VERSION);
    assert_folder_is(&before);
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag));
    jt_store_close(store);
}

/* --- files that are not what they should be --- */

static void spoil(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void make_garbage(void)
{
    write_whole(path, make_blob(9, 8192));
}

static void make_text(void)
{
    write_whole(path, JT_SPAN("{}\n"));
}

static void make_truncated(void)
{
    put_one_and_close();
    assert_int_equal(truncate(path, size_of(path) / 2), 0);
}

static void make_shorter_than_a_page(void)
{
    put_one_and_close();
    assert_int_equal(truncate(path, 60), 0);
}

static void make_empty(void)
{
    put_one_and_close();
    assert_int_equal(truncate(path, 0), 0);
}

static void make_foreign(void)
{
    spoil("CREATE TABLE notes (a); PRAGMA application_id = 7");
}

static void make_unmarked(void)
{
    spoil("CREATE TABLE notes (a)");
}

static void make_without_schema(void)
{
    put_one_and_close();
    spoil("DELETE FROM meta WHERE name = 'schema'");
}

static void make_without_meta(void)
{
    put_one_and_close();
    spoil("DROP TABLE meta");
}

static void make_log_alone(void)
{
    write_whole(with("-wal"), JT_SPAN("left over"));
}

/* Root may write anywhere: then it is tried as nobody, who must own what it may read. */
static void give_away(const char *name)
{
    if (geteuid() == 0) {
        assert_int_equal(chown(name, 65534, 65534), 0);
    }
}

static void make_read_only(void)
{
    put_one_and_close();
    assert_int_equal(chmod(path, 0400), 0);
    give_away(path);
    give_away(with(".lock"));
    give_away(folder);
}

static void make_closed_folder(void)
{
    assert_int_equal(chmod(folder, 0555), 0);
}

static void make_closed_folder_around(void)
{
    put_one_and_close();
    give_away(path);
    give_away(with(".lock"));
    assert_int_equal(chmod(folder, 0555), 0);
}

static const struct {
    const char *name;
    void (*make)(void);
    bool as_nobody; /* root may write anywhere */
    const char *sentence;
} spoilt[] = {
    {"garbage", make_garbage, false, "is not a database; name another file, or move it away"},
    {"text", make_text, false, "is not a database; name another file, or move it away"},
    {"truncated", make_truncated, false, "is damaged; restore it from a backup"},
    {"shorter than a page", make_shorter_than_a_page, false, "; "},
    {"empty", make_empty, false, "is empty; restore it from a backup, or remove it to begin anew"},
    {"foreign", make_foreign, false, "is a database of another application; name another file"},
    {"unmarked", make_unmarked, false, "is a database of another application; name another file"},
    {"no schema", make_without_schema, false, "is damaged: it has no schema number; restore"},
    {"no meta", make_without_meta, false, "no such table: meta; restore it from a backup"},
    {"log alone", make_log_alone, false, "is gone, but its -wal is there; restore it"},
    {"read-only", make_read_only, true, "is read-only; give the user that runs jetond write"},
    {"closed folder", make_closed_folder, true, "cannot be opened: Permission denied; make the "},
    {"closed folder around", make_closed_folder_around, true,
     "cannot be written; give the user that runs jetond write access to the file and its folder"},
};

static void open_as(bool nobody, enum jt_err want, const char *sentence)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    if (nobody && geteuid() == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    enum jt_err err = jt_store_open(at(path), &fixed_clock, &store, &diag);
    assert_int_equal(seteuid(getuid()), 0);
    assert_err(err, want);
    assert_null(store);
    if (strstr(diag.text, sentence) == NULL || strstr(diag.text, folder) == NULL) {
        print_error("got: %s\nwant: %s\n", diag.text, sentence);
    }
    assert_non_null(strstr(diag.text, sentence));
    assert_non_null(strstr(diag.text, folder));
}

static void open_spoilt_refused_with_remedy_and_nothing_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(spoilt); i++) {
        write_whole(with(".lock"),
                    JT_SPAN_NONE); /* stands beside every database that was ever used */
        if (spoilt[i].make == make_closed_folder) {
            assert_int_equal(unlink(with(".lock")), 0);
        }
        spoilt[i].make();
        JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
        each_file(add_file, &before);
        open_as(spoilt[i].as_nobody, JT_ERR_STORE, spoilt[i].sentence);
        assert_folder_is(&before);

        assert_int_equal(chmod(folder, 0700), 0);
        each_file(remove_one, NULL);
        put_one_and_close(); /* the same place, mended */
        each_file(remove_one, NULL);
    }
}

static void open_in_missing_folder_refused(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "%s/missing/j.db", folder);
    open_as(false, JT_ERR_STORE, "cannot be opened: No such file or directory; make the folder");
    (void)snprintf(path, sizeof path, "%s/j.db", folder);
    put_one_and_close();
}

static void open_too_long_path_refused(void **state)
{
    (void)state;
    static char longest[5000];
    memset(longest, 'a', sizeof longest - 1);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_open(at(longest), &fixed_clock, &store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "too long a path; choose a shorter one"));
    assert_err(jt_store_peek(at(longest), &store, &diag), JT_ERR_STORE);
}

static void damage_met_later_told_as_error(void **state)
{
    (void)state;
    put_one_and_close();
    struct jt_store *store = open_store();
    spoil("DROP TABLE sealed");
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    assert_err(jt_store_put_sealed(store, "s", JT_SPAN("m"), JT_SPAN("b")), JT_ERR_STORE);
    /* nothing more of this transaction gets in, and commit says why */
    assert_err(jt_store_put(store, JT_STORE_ROLE, JT_SPAN("b"), JT_SPAN("1")), JT_ERR_STORE);
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_commit(store, &diag), JT_ERR_STORE);
    assert_non_null(strstr(diag.text, "no such table: sealed"));
    assert_objects(store, 0, "1:r={}@1 ");
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_objects(store, 0, "1:a=1@2 1:r={}@1 ");
    jt_store_close(store);
}

static void planted_trigger_does_not_run(void **state)
{
    (void)state;
    put_one_and_close();
    spoil("CREATE TRIGGER hide AFTER INSERT ON audit BEGIN DELETE FROM audit; END");
    struct jt_store *store = open_store();
    begin(store);
    assert_ok(jt_store_audit(store, "a", "b", JT_SPAN_NONE, JT_SPAN_NONE));
    commit(store);
    assert_query("SELECT action FROM audit", "b|");
    jt_store_close(store);
}

static void planted_view_refused(void **state)
{
    (void)state;
    put_one_and_close();
    spoil("ALTER TABLE sealed RENAME TO kept; CREATE VIEW sealed AS SELECT * FROM kept");
    open_as(false, JT_ERR_STORE, "access to view \"sealed\" prohibited; restore it from a backup");
    spoil("DROP VIEW sealed; ALTER TABLE kept RENAME TO sealed");
    jt_store_close(open_store());
}

static void unknown_kind_or_no_version_told_as_error(void **state)
{
    (void)state;
    put_one_and_close();
    spoil("UPDATE objects SET kind = 15");
    struct jt_store *store = open_store();
    JT_AUTO(buf) out = JT_BUF_INIT(1000);
    assert_err(jt_store_objects(store, 0, list_object, &out), JT_ERR_STORE);
    spoil("UPDATE objects SET kind = 20");
    assert_objects(store, 0, "1:r={}@1 ");

    spoil("DELETE FROM meta WHERE name = 'version'");
    int64_t v;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_version(store, &v), JT_ERR_STORE);
    assert_err(jt_store_begin(store, &diag), JT_ERR_STORE);
    spoil("INSERT INTO meta VALUES ('version', 1)");
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    assert_int_equal(version(store), 2);
    jt_store_close(store);
}

/* --- looking --- */

static struct jt_store *peek(void)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_store_peek(at(path), &store, &diag);
    if (err != JT_OK) {
        print_error("%s\n", diag.text);
    }
    assert_ok(err);
    return store;
}

static void peek_absent_not_found_and_makes_nothing(void **state)
{
    (void)state;
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_store_peek(at(path), &store, &diag), JT_ERR_NOT_FOUND);
    int files = 0;
    each_file(assert_private, &files);
    assert_int_equal(files, 0);
    put_one_and_close();
    jt_store_close(peek());
}

static void peek_closed_database_reads_and_changes_nothing(void **state)
{
    (void)state;
    put_one_and_close();
    for (int lock = 1; lock >= 0; lock--) { /* with the lock file and, as in a backup, without */
        JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
        each_file(add_file, &before);
        struct jt_store *store = peek();
        assert_objects(store, 0, "1:r={}@1 ");
        assert_int_equal(version(store), 1);
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_store_begin(store, &diag), JT_ERR_ARGUMENT);
        jt_store_close(store);
        assert_folder_is(&before);
        (void)unlink(with(".lock")); /* gone in the second round */
    }
}

static void peek_at_running_daemon_sees_what_is_committed(void **state)
{
    (void)state;
    struct jt_store *daemon = open_store();
    begin(daemon);
    put(daemon, JT_STORE_ROLE, "a", "1");
    commit(daemon);
    begin(daemon);
    put(daemon, JT_STORE_ROLE, "b", "1");
    struct jt_store *store = peek();
    assert_objects(store, 0, "1:a=1@1 ");
    commit(daemon);
    assert_objects(store, 0, "1:a=1@1 ");
    jt_store_close(store);
    store = peek();
    assert_objects(store, 0, "1:a=1@1 1:b=1@2 ");
    begin(daemon); /* not locked out, even while the other looks */
    put_key_blob(daemon, 1, 0);
    commit(daemon);
    assert_int_equal(size_of(with("-wal")), 0);
    jt_store_close(store);
    jt_store_close(daemon);
}

/* The files of a killed daemon: the log not moved yet. */
static void make_leftovers(bool shm)
{
    struct jt_store *store = open_store();
    begin(store);
    put(store, JT_STORE_ROLE, "a", "1");
    commit(store);
    JT_AUTO(buf) db = JT_BUF_INIT(FILE_MAX);
    JT_AUTO(buf) wal = JT_BUF_INIT(FILE_MAX);
    JT_AUTO(buf) index = JT_BUF_INIT(FILE_MAX);
    read_whole(path, &db);
    read_whole(with("-wal"), &wal);
    read_whole(with("-shm"), &index);
    jt_store_close(store);
    assert_true(wal.len > 0);
    write_whole(path, jt_buf_span(&db));
    write_whole(with("-wal"), jt_buf_span(&wal));
    if (shm) {
        write_whole(with("-shm"), jt_buf_span(&index));
    }
}

static void peek_leftovers_of_killed_daemon_reads_and_changes_nothing(void **state)
{
    (void)state;
    for (int shm = 0; shm <= 1; shm++) {
        make_leftovers(shm == 1);
        JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
        each_file(add_file, &before);
        struct jt_store *store = peek();
        assert_objects(store, 0, "1:a=1@1 ");
        jt_store_close(store);
        assert_folder_is(&before);
        store = open_store();
        assert_objects(store, 0, "1:a=1@1 ");
        jt_store_close(store);
        assert_false(exists(with("-wal")));
        each_file(remove_one, NULL);
    }
}

static void open_newer_schema_with_leftovers_refused_and_nothing_changed(void **state)
{
    (void)state;
    struct jt_migrations longer = extended(longer_list);
    make_leftovers(true);
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag));
    begin(store);
    put(store, JT_STORE_ROLE, "b", "1");
    commit(store);
    JT_AUTO(buf) db = JT_BUF_INIT(FILE_MAX);
    JT_AUTO(buf) wal = JT_BUF_INIT(FILE_MAX);
    read_whole(path, &db);
    read_whole(with("-wal"), &wal);
    jt_store_close(store);
    write_whole(path, jt_buf_span(&db));
    write_whole(with("-wal"), jt_buf_span(&wal));
    JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
    each_file(add_file, &before);
    assert_err(jt_store_open(at(path), &fixed_clock, &store, &diag), JT_ERR_STORE_VERSION);
    assert_folder_is(&before);
    assert_ok(jt_sqlite_open(path, &longer, &fixed_clock, &store, &diag));
    assert_objects(store, 0, "1:a=1@1 1:b=1@2 ");
    jt_store_close(store);
}

static void peek_spoilt_refused_with_remedy_and_nothing_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(spoilt); i++) {
        if (spoilt[i].as_nobody || spoilt[i].make == make_log_alone) {
            continue; /* about writing */
        }
        spoilt[i].make();
        JT_AUTO(buf) before = JT_BUF_INIT(FILE_MAX);
        each_file(add_file, &before);
        struct jt_store *store = NULL;
        struct jt_diag diag = JT_DIAG_INIT;
        assert_err(jt_store_peek(at(path), &store, &diag), JT_ERR_STORE);
        assert_non_null(strstr(diag.text, spoilt[i].sentence));
        assert_folder_is(&before);
        each_file(remove_one, NULL);
        put_one_and_close();
        jt_store_close(peek());
        each_file(remove_one, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        store_test(put_key_without_blob_leaves_no_byte_in_any_file),
        store_test(commit_of_much_leaves_no_large_log),
        store_test(put_sealed_again_leaves_no_byte_of_the_old),
        store_test(erased_while_a_reader_holds_the_log_gone_after_the_next_commit),
        store_test(open_new_under_any_umask_makes_private_files),
        store_test(open_marks_the_file_as_ours),
        store_test(open_twice_refused_until_closed),
        store_test(name_is_the_path_and_no_watch_tells),
        store_test(open_after_kill_of_holder_accepted),
        store_test(open_older_schema_raised_and_content_kept),
        store_test(open_schema_1_raised_and_content_kept),
        store_test(open_failing_migration_refused_and_nothing_changed),
        store_test(open_new_with_failing_migration_leaves_no_database),
        store_test(open_newer_schema_refused_and_nothing_changed),
        store_test(open_spoilt_refused_with_remedy_and_nothing_changed),
        store_test(open_in_missing_folder_refused),
        store_test(open_too_long_path_refused),
        store_test(damage_met_later_told_as_error),
        store_test(planted_trigger_does_not_run),
        store_test(planted_view_refused),
        store_test(unknown_kind_or_no_version_told_as_error),
        store_test(peek_absent_not_found_and_makes_nothing),
        store_test(peek_closed_database_reads_and_changes_nothing),
        store_test(peek_at_running_daemon_sees_what_is_committed),
        store_test(peek_leftovers_of_killed_daemon_reads_and_changes_nothing),
        store_test(open_newer_schema_with_leftovers_refused_and_nothing_changed),
        store_test(peek_spoilt_refused_with_remedy_and_nothing_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
