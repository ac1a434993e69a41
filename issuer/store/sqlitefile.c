/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlitefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "issuer/store/sql.h"
#include "issuer/store/sqliteerr.h"

#include "common/base/base.h"

#define LARGE_LOG ((int64_t)16 * 1024 * 1024) /* an ordinary one stays near 4 */

#define WAIT_MS 5000

/* --- names --- */

struct name {
    char text[PATH_MAX];
};

/* The lock's name was made from the same path, is longer than these and was found short enough. */
static struct name beside(const char *path, const char *suffix)
{
    struct name name;
    (void)snprintf(name.text, sizeof name.text, "%s%s", path, suffix);
    return name;
}

/* Bytes of the file; 0 also when it is not there. */
static int64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : 0;
}

static bool is_absent(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && errno == ENOENT;
}

static enum jt_err fail_errno(const char *path, struct jt_diag *diag, const char *what)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: cannot be %s: %s; give the user that runs jetond write access to its "
                        "folder",
                        path, what, strerror(errno));
}

/* --- a connection --- */

/* What SQLite advises for a file that others may have had their hands on. */
static enum jt_err harden(sqlite3 *db, const char *path, struct jt_diag *diag)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    };
    for (size_t i = 0; i < JT_COUNT(options); i++) {
        int rc = sqlite3_db_config(db, options[i].option, options[i].value, NULL);
        JT_TRY(jt_sqliteerr(db, rc, path, diag));
    }
    (void)sqlite3_busy_timeout(db, WAIT_MS); /* fails only without a connection */
    return jt_sqliteerr_exec(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", path,
                             diag);
}

/* `name` is the path, or a URI of it with SQLITE_OPEN_URI. */
static enum jt_err connect(const char *name, int flags, const char *path, sqlite3 **out_db,
                           struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(name, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    enum jt_err err = jt_sqliteerr(db, rc, path, diag);
    if (err == JT_OK) {
        err = harden(db, path, diag);
    }
    if (err != JT_OK) {
        (void)sqlite3_close(db); /* it has no statements */
        return err;
    }
    *out_db = db;
    return JT_OK;
}

/* The single number that `sql` gives; `fallback` for no row. */
static enum jt_err number(sqlite3 *db, const char *sql, const char *path, int64_t fallback,
                          int64_t *out_number, struct jt_diag *diag)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        *out_number = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : fallback;
    }
    enum jt_err err = jt_sqliteerr(db, rc, path, diag);
    (void)sqlite3_finalize(stmt); /* repeats the error of the step */
    return err;
}

/* --- what it is, and raising it --- */

/* The schema's number; refuses a database that is not ours or is newer. */
static enum jt_err identify(sqlite3 *db, const struct jt_migrations *migrations, const char *path,
                            int64_t *out_schema, struct jt_diag *diag)
{
    int64_t application = 0;
    JT_TRY(number(db, "PRAGMA application_id", path, 0, &application, diag));
    if (application != JT_SQLITEFILE_APPLICATION) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is a database of another application; name another file", path);
    }
    JT_TRY(number(db, "SELECT value FROM meta WHERE name = 'schema'", path, 0, out_schema, diag));
    if (*out_schema < 1) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is damaged: it has no schema number; restore it from a backup",
                            path);
    }
    return jt_migrate_check(migrations, *out_schema, path, diag);
}

struct target {
    sqlite3 *db;
    const char *path;
    struct jt_diag *diag;
};

static enum jt_err exec(void *ctx, const char *sql)
{
    const struct target *t = ctx;
    return jt_sqliteerr_exec(t->db, sql, t->path, t->diag);
}

static enum jt_err run_migrations(struct target *t, const struct jt_migrations *migrations,
                                  int64_t have)
{
    JT_TRY(jt_migrate(migrations, have, t->path, exec, t, t->diag));
    /* for those who look from outside; ours to read is meta */
    JT_AUTO(buf) mark = JT_BUF_INIT(128);
    JT_TRY(jt_buf_printf(&mark, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                         JT_SQLITEFILE_APPLICATION, (int)jt_migrate_newest(migrations)));
    JT_TRY(exec(t, jt_buf_str(&mark)));
    return exec(t, "COMMIT");
}

/* From schema `have` to the newest in one transaction. */
static enum jt_err raise_schema(sqlite3 *db, const struct jt_migrations *migrations, int64_t have,
                                const char *path, struct jt_diag *diag)
{
    if (have == jt_migrate_newest(migrations)) {
        return JT_OK;
    }
    struct target t = {db, path, diag};
    JT_TRY(exec(&t, "BEGIN IMMEDIATE"));
    enum jt_err err = run_migrations(&t, migrations, have);
    if (err != JT_OK && sqlite3_get_autocommit(db) == 0) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* the failure before it is told */
    }
    return err;
}

/* --- to write --- */

/* The first row of the check: "ok", or the first thing that is wrong. */
static int take_finding(void *ctx, int n, char **values, char **names)
{
    (void)names;
    struct jt_buf *finding = ctx;
    return n < 1 || values[0] == NULL || finding->len > 0 ||
           jt_buf_printf(finding, "%.200s", values[0]) != JT_OK;
}

enum jt_err jt_sqlitefile_check(sqlite3 *db, const char *path, struct jt_diag *diag)
{
    int moved = 0;
    int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    JT_TRY(jt_sqliteerr(db, rc, path, diag));
    if (moved != 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s is not the file that is open any more: it was moved, removed or "
                            "replaced while jetond runs, and changes go to the old one",
                            path);
    }
    JT_AUTO(buf) finding = JT_BUF_INIT(256);
    rc = sqlite3_exec(db, "PRAGMA quick_check(1)", take_finding, &finding, NULL);
    JT_TRY(jt_sqliteerr(db, rc, path, diag));
    if (!jt_span_is(jt_buf_span(&finding), "ok")) {
        return jt_diag_fail(diag, JT_ERR_STORE, "%s is damaged: %s", path, jt_buf_str(&finding));
    }
    return JT_OK;
}

enum jt_err jt_sqlitefile_checkpoint(sqlite3 *db, const char *path, struct jt_diag *diag)
{
    int frames = 0;
    int rc = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, &frames, NULL);
    if (rc == SQLITE_OK && frames < 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: no write-ahead log can be kept there; use a local disk", path);
    }
    return jt_sqliteerr(db, rc, path, diag);
}

bool jt_sqlitefile_log_is_large(const char *path)
{
    return size_of(beside(path, "-wal").text) > LARGE_LOG;
}

/* synchronous=FULL: a key that has signed must not be un-published by a power cut. secure_delete:
 * what is erased is overwritten. */
static enum jt_err prepare_to_write(sqlite3 *db, const struct jt_migrations *migrations,
                                    int64_t have, const char *path, struct jt_diag *diag)
{
    if (sqlite3_db_readonly(db, "main") == 1) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is read-only; give the user that runs jetond write access to it",
                            path);
    }
    JT_TRY(jt_sqliteerr_exec(db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON",
                             path, diag));
    JT_TRY(raise_schema(db, migrations, have, path, diag));
    return jt_sqlitefile_checkpoint(db, path, diag); /* also what a killed process left to erase */
}

static enum jt_err open_to_write(const char *path, const struct jt_migrations *migrations,
                                 int64_t have, sqlite3 **out_db, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(connect(path, SQLITE_OPEN_READWRITE, path, &db, diag));
    enum jt_err err = prepare_to_write(db, migrations, have, path, diag);
    if (err != JT_OK) {
        (void)sqlite3_close(db); /* it has no statements */
        return err;
    }
    *out_db = db;
    return JT_OK;
}

/* An empty file with the mode that SQLite then gives to -wal and -shm, whatever the umask. */
static enum jt_err make_empty(const char *path, struct jt_diag *diag)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < JT_COUNT(suffixes); i++) {
        if (unlink(beside(path, suffixes[i]).text) != 0 && errno != ENOENT) {
            return fail_errno(path, diag, "removed");
        }
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0 || close(fd) != 0) {
        return fail_errno(path, diag, "made");
    }
    return JT_OK;
}

/* The renaming is on disk when this returns. */
static enum jt_err sync_folder(const char *path, struct jt_diag *diag)
{
    struct name folder = beside(path, "");
    char *slash = strrchr(folder.text, '/');
    if (slash != NULL) {
        slash[slash == folder.text ? 1 : 0] = 0;
    }
    int fd = open(slash == NULL ? "." : folder.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int why = errno;
    if (fd >= 0) {
        (void)close(fd); /* only synced */
    }
    errno = why;
    return rc == 0 ? JT_OK : fail_errno(path, diag, "synced");
}

/* Under another name first: a file called `path` is whole, always, and an empty one is a disaster
 * that must not pass for a new database. */
static enum jt_err create(const char *path, const struct jt_migrations *migrations,
                          struct jt_diag *diag)
{
    if (size_of(beside(path, "-wal").text) > 0) {
        return jt_diag_fail(
            diag, JT_ERR_STORE,
            "%s: is gone, but its -wal is there; restore it from a backup, or remove "
            "the -wal to begin anew",
            path);
    }
    struct name unfinished = beside(path, ".new");
    JT_TRY(make_empty(unfinished.text, diag));
    sqlite3 *db = NULL;
    JT_TRY(open_to_write(unfinished.text, migrations, 0, &db, diag));
    (void)sqlite3_close(db); /* checkpointed before; it has no statements */
    if (rename(unfinished.text, path) != 0) {
        return fail_errno(path, diag, "made");
    }
    return sync_folder(path, diag);
}

/* --- to look at --- */

static enum jt_err put_uri(struct jt_buf *out, const char *path)
{
    JT_TRY(jt_buf_puts(out, path[0] == '/' ? "file://" : "file:"));
    for (const char *c = path; *c != 0; c++) {
        bool plain = strchr("?#%", *c) == NULL;
        JT_TRY(plain ? jt_buf_putc(out, *c) : jt_buf_printf(out, "%%%02X", (unsigned)*c));
    }
    return jt_buf_puts(out, "?immutable=1");
}

/* Nobody writes and all is in the file: read it and nothing else. */
static enum jt_err look_at_file(const char *path, sqlite3 **out_db, struct jt_diag *diag)
{
    JT_AUTO(buf) uri = JT_BUF_INIT(4 * PATH_MAX);
    JT_TRY(put_uri(&uri, path));
    return connect(jt_buf_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path, out_db, diag);
}

/* A killed daemon left a log. In exclusive mode SQLite keeps the log's index in memory instead of
 * -shm; that needs a writable connection, which is kept from moving the log at its end. */
static enum jt_err look_at_leftovers(const char *path, sqlite3 **out_db, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(connect(path, SQLITE_OPEN_READWRITE, path, &db, diag));
    int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    enum jt_err err = jt_sqliteerr(db, rc, path, diag);
    if (err == JT_OK) {
        err = jt_sqliteerr_exec(db, "PRAGMA query_only = ON; PRAGMA locking_mode = EXCLUSIVE", path,
                                diag);
    }
    if (err != JT_OK) {
        (void)sqlite3_close(db); /* it has no statements */
        return err;
    }
    *out_db = db;
    return JT_OK;
}

/* `running`: a daemon has it open, so that -wal and -shm are there to share. */
static enum jt_err look(const char *path, bool running, sqlite3 **out_db, struct jt_diag *diag)
{
    if (size_of(path) == 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is empty; restore it from a backup, or remove it to begin anew",
                            path);
    }
    if (running) {
        return connect(path, SQLITE_OPEN_READONLY, path, out_db, diag);
    }
    if (size_of(beside(path, "-wal").text) == 0) {
        return look_at_file(path, out_db, diag);
    }
    return look_at_leftovers(path, out_db, diag);
}

static enum jt_err copy_all(sqlite3 *from, sqlite3 *to, const char *path, struct jt_diag *diag)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL) {
        return jt_sqliteerr(to, sqlite3_extended_errcode(to), path, diag);
    }
    int rc = sqlite3_backup_step(backup, -1);
    (void)sqlite3_backup_finish(backup); /* repeats the error of the step */
    return jt_sqliteerr(from, rc, path, diag);
}

static enum jt_err fill_copy(sqlite3 *copy, const char *path, bool running,
                             const struct jt_migrations *migrations, struct jt_diag *diag)
{
    sqlite3 *source = NULL;
    JT_TRY(look(path, running, &source, diag));
    enum jt_err err = copy_all(source, copy, path, diag);
    (void)sqlite3_close(source); /* it has no statements */
    JT_TRY(err);
    int64_t have = 0;
    JT_TRY(identify(copy, migrations, path, &have, diag));
    return raise_schema(copy, migrations, have, path, diag);
}

enum jt_err jt_sqlitefile_copy(const char *path, bool running,
                               const struct jt_migrations *migrations, sqlite3 **out_db,
                               struct jt_diag *diag)
{
    if (is_absent(path)) {
        return JT_ERR_NOT_FOUND;
    }
    sqlite3 *copy = NULL;
    JT_TRY(connect(":memory:", SQLITE_OPEN_READWRITE, path, &copy, diag));
    enum jt_err err = fill_copy(copy, path, running, migrations, diag);
    if (err != JT_OK) {
        (void)sqlite3_close(copy); /* it has no statements */
        return err;
    }
    *out_db = copy;
    return JT_OK;
}

/* --- the daemon's way in --- */

/* Before anything is touched: is it ours, and of a schema that we know? */
static enum jt_err inspect(const char *path, const struct jt_migrations *migrations,
                           int64_t *out_schema, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(look(path, false, &db, diag));
    enum jt_err err = identify(db, migrations, path, out_schema, diag);
    (void)sqlite3_close(db); /* it has no statements */
    return err;
}

enum jt_err jt_sqlitefile_open(const char *path, const struct jt_migrations *migrations,
                               sqlite3 **out_db, struct jt_diag *diag)
{
    if (is_absent(path)) {
        JT_TRY(create(path, migrations, diag));
    }
    int64_t have = 0;
    JT_TRY(inspect(path, migrations, &have, diag));
    return open_to_write(path, migrations, have, out_db, diag);
}
