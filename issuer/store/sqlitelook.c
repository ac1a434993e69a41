/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlitelook.h"

#include <limits.h>
#include <string.h>

#include "common/base/buf.h"
#include "issuer/store/sqliteconn.h"
#include "issuer/store/sqliteerr.h"

#include "common/base/base.h"

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
    return jt_sqliteconn_open(jt_buf_str(&uri), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, path,
                              out_db, diag);
}

/* A killed daemon left a log. In exclusive mode SQLite keeps the log's index in memory instead of
 * -shm; that needs a writable connection, which is kept from moving the log at its end. */
static enum jt_err look_at_leftovers(const char *path, sqlite3 **out_db, struct jt_diag *diag)
{
    sqlite3 *db = NULL;
    JT_TRY(jt_sqliteconn_open(path, SQLITE_OPEN_READWRITE, path, &db, diag));
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

enum jt_err jt_sqlitelook_open(const char *path, bool running, sqlite3 **out_db,
                               struct jt_diag *diag)
{
    if (jt_sqliteconn_size(path) == 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is empty; restore it from a backup, or remove it to begin anew",
                            path);
    }
    if (running) { /* -wal and -shm are there to share */
        return jt_sqliteconn_open(path, SQLITE_OPEN_READONLY, path, out_db, diag);
    }
    if (jt_sqliteconn_size(jt_sqliteconn_beside(path, "-wal").text) == 0) {
        return look_at_file(path, out_db, diag);
    }
    return look_at_leftovers(path, out_db, diag);
}

enum jt_err jt_sqlitelook_snapshot(const char *path, bool running, sqlite3 **out_db,
                                   int64_t *out_schema, struct jt_diag *diag)
{
    if (jt_sqliteconn_absent(path)) {
        return jt_diag_fail(diag, JT_ERR_NOT_FOUND,
                            "%s: there is no such file; name the database of an issuer that has "
                            "been started once",
                            path);
    }
    sqlite3 *db = NULL;
    JT_TRY(jt_sqlitelook_open(path, running, &db, diag));
    enum jt_err err = jt_sqliteerr_exec(db, "BEGIN", path, diag);
    if (err == JT_OK) { /* the first that is read begins it */
        err = jt_sqliteconn_schema(db, path, out_schema, diag);
    }
    if (err != JT_OK) {
        (void)sqlite3_close(db); /* it has no statements */
        return err;
    }
    *out_db = db;
    return JT_OK;
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
    JT_TRY(jt_sqlitelook_open(path, running, &source, diag));
    enum jt_err err = copy_all(source, copy, path, diag);
    (void)sqlite3_close(source); /* it has no statements */
    JT_TRY(err);
    int64_t have = 0;
    JT_TRY(jt_sqliteconn_identify(copy, migrations, path, &have, diag));
    return jt_sqliteconn_raise(copy, migrations, have, path, diag);
}

enum jt_err jt_sqlitelook_copy(const char *path, bool running,
                               const struct jt_migrations *migrations, sqlite3 **out_db,
                               struct jt_diag *diag)
{
    if (jt_sqliteconn_absent(path)) {
        return JT_ERR_NOT_FOUND;
    }
    sqlite3 *copy = NULL;
    JT_TRY(jt_sqliteconn_open(":memory:", SQLITE_OPEN_READWRITE, path, &copy, diag));
    enum jt_err err = fill_copy(copy, path, running, migrations, diag);
    if (err != JT_OK) {
        (void)sqlite3_close(copy); /* it has no statements */
        return err;
    }
    *out_db = copy;
    return JT_OK;
}
