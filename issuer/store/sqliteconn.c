/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqliteconn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "issuer/store/sqliteerr.h"

#include "common/base/base.h"

#define WAIT_MS 5000

/* --- names --- */

struct jt_sqliteconn_name jt_sqliteconn_beside(const char *path, const char *suffix)
{
    struct jt_sqliteconn_name name;
    (void)snprintf(name.text, sizeof name.text, "%s%s", path, suffix);
    return name;
}

int64_t jt_sqliteconn_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : 0;
}

bool jt_sqliteconn_absent(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 && errno == ENOENT;
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

enum jt_err jt_sqliteconn_open(const char *name, int flags, const char *path, sqlite3 **out_db,
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

enum jt_err jt_sqliteconn_schema(sqlite3 *db, const char *path, int64_t *out_schema,
                                 struct jt_diag *diag)
{
    int64_t application = 0;
    JT_TRY(number(db, "PRAGMA application_id", path, 0, &application, diag));
    if (application != JT_SQLITECONN_APPLICATION) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is a database of another application; name another file", path);
    }
    JT_TRY(number(db, "SELECT value FROM meta WHERE name = 'schema'", path, 0, out_schema, diag));
    if (*out_schema < 1) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is damaged: it has no schema number; restore it from a backup",
                            path);
    }
    return JT_OK;
}

enum jt_err jt_sqliteconn_identify(sqlite3 *db, const struct jt_migrations *migrations,
                                   const char *path, int64_t *out_schema, struct jt_diag *diag)
{
    JT_TRY(jt_sqliteconn_schema(db, path, out_schema, diag));
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
                         JT_SQLITECONN_APPLICATION, (int)jt_migrate_newest(migrations)));
    JT_TRY(exec(t, jt_buf_str(&mark)));
    return exec(t, "COMMIT");
}

enum jt_err jt_sqliteconn_raise(sqlite3 *db, const struct jt_migrations *migrations, int64_t have,
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
