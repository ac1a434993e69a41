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
#include "issuer/store/newfile.h"
#include "issuer/store/sqliteconn.h"
#include "issuer/store/sqliteerr.h"
#include "issuer/store/sqlitelook.h"

#include "common/base/base.h"

#define LARGE_LOG ((int64_t)16 * 1024 * 1024) /* an ordinary one stays near 4 */

static enum jt_err fail_errno(const char *path, struct jt_diag *diag, const char *what)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: cannot be %s: %s; give the user that runs jetond write access to its "
                        "folder",
                        path, what, strerror(errno));
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
    return jt_sqliteconn_size(jt_sqliteconn_beside(path, "-wal").text) > LARGE_LOG;
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
    JT_TRY(jt_sqliteconn_raise(db, migrations, have, path, diag));
    return jt_sqlitefile_checkpoint(db, path, diag); /* also what a killed process left to erase */
}

static enum jt_err open_to_write(const char *path, const struct jt_migrations *migrations,
                                 int64_t have, sqlite3 **out_db, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(jt_sqliteconn_open(path, SQLITE_OPEN_READWRITE, path, &db, diag));
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
        if (unlink(jt_sqliteconn_beside(path, suffixes[i]).text) != 0 && errno != ENOENT) {
            return fail_errno(path, diag, "removed");
        }
    }
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) != 0 || close(fd) != 0) {
        return fail_errno(path, diag, "made");
    }
    return JT_OK;
}

/* Under another name first: a file called `path` is whole, always, and an empty one is a disaster
 * that must not pass for a new database. */
static enum jt_err create(const char *path, const struct jt_migrations *migrations,
                          struct jt_diag *diag)
{
    if (jt_sqliteconn_size(jt_sqliteconn_beside(path, "-wal").text) > 0) {
        return jt_diag_fail(
            diag, JT_ERR_STORE,
            "%s: is gone, but its -wal is there; restore it from a backup, or remove "
            "the -wal to begin anew",
            path);
    }
    struct jt_sqliteconn_name unfinished = jt_sqliteconn_beside(path, ".new");
    JT_TRY(make_empty(unfinished.text, diag));
    sqlite3 *db = NULL;
    JT_TRY(open_to_write(unfinished.text, migrations, 0, &db, diag));
    (void)sqlite3_close(db); /* checkpointed before; it has no statements */
    if (rename(unfinished.text, path) != 0) {
        return fail_errno(path, diag, "made");
    }
    return jt_newfile_sync(path, diag);
}

/* The file is thrown away as a whole when anything fails, so nothing is kept to undo writes with. */
enum jt_err jt_sqlitefile_fill(const char *path, const struct jt_migrations *migrations,
                               sqlite3 **out_db, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(jt_sqliteconn_open(path, SQLITE_OPEN_READWRITE, path, &db, diag));
    enum jt_err err = jt_sqliteerr_exec(db,
                                        "PRAGMA locking_mode = EXCLUSIVE;"
                                        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF",
                                        path, diag);
    err = err == JT_OK ? jt_sqliteconn_raise(db, migrations, 0, path, diag) : err;
    if (err != JT_OK) {
        (void)sqlite3_close(db); /* it has no statements */
        return err;
    }
    *out_db = db;
    return JT_OK;
}

/* --- the daemon's way in --- */

/* Before anything is touched: is it ours, and of a schema that we know? */
static enum jt_err inspect(const char *path, const struct jt_migrations *migrations,
                           int64_t *out_schema, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(jt_sqlitelook_open(path, false, &db, diag));
    enum jt_err err = jt_sqliteconn_identify(db, migrations, path, out_schema, diag);
    (void)sqlite3_close(db); /* it has no statements */
    return err;
}

enum jt_err jt_sqlitefile_open(const char *path, const struct jt_migrations *migrations,
                               sqlite3 **out_db, struct jt_diag *diag)
{
    if (jt_sqliteconn_absent(path)) {
        JT_TRY(create(path, migrations, diag));
    }
    int64_t have = 0;
    JT_TRY(inspect(path, migrations, &have, diag));
    return open_to_write(path, migrations, have, out_db, diag);
}
