/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "issuer/store/sql.h"
#include "issuer/store/sqlitebulk.h"
#include "issuer/store/sqliteconn.h"
#include "issuer/store/sqliteerr.h"
#include "issuer/store/sqlitefile.h"
#include "issuer/store/sqlitelock.h"
#include "issuer/store/sqlitelook.h"
#include "issuer/store/sqlitestmt.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

struct sqlite {
    struct jt_store base;
    char *path;   /* for sentences */
    int lock_fd;  /* -1: opened to look at only, or not known to others yet */
    int look_fd;  /* keeps daemons off while it is looked at; -1: nothing does */
    bool running; /* looked at while a daemon has it open */
    sqlite3 *db;
    struct jt_sqlitestmt stmts;
    struct jt_sqlitebulk rows;
};

static struct sqlite *self(struct jt_store *store)
{
    return (struct sqlite *)(void *)store;
}

/* --- transactions --- */

static enum jt_err sqlite_begin(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    return jt_sqliteerr_exec(s->db, "BEGIN IMMEDIATE", s->path, diag);
}

/* Where sealed bytes were replaced or erased, the log may hold the old ones. One that could not be
 * emptied now is tried again before each later look, after the next commit, at close, at open. */
static void drop_log(struct sqlite *s)
{
    s->base.erase = jt_sqlitefile_checkpoint(s->db, s->path, NULL) != JT_OK;
}

static enum jt_err sqlite_begin_read(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    if (s->base.erase) {
        drop_log(s); /* the disk failed then: erased bytes do not wait for the next change */
    }
    return jt_sqliteerr_exec(s->db, "BEGIN", s->path, diag);
}

static void sqlite_rollback(struct jt_store *store)
{
    struct sqlite *s = self(store);
    if (sqlite3_get_autocommit(s->db) == 0) { /* else SQLite did it after a failure */
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* none that was told is hidden */
    }
}

static enum jt_err sqlite_commit(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    enum jt_err err = jt_sqliteerr_exec(s->db, "COMMIT", s->path, diag);
    if (err != JT_OK) {
        sqlite_rollback(store);
        drop_log(s); /* it may hold the whole of what was just refused, for a crash to bring back */
        return err;
    }
    if (s->base.erase || jt_sqlitefile_log_is_large(s->path)) {
        drop_log(s);
    }
    return JT_OK;
}

static enum jt_err sqlite_check(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    return jt_sqlitefile_check(s->db, s->path, diag);
}

/* --- statements --- */

static enum jt_err sqlite_run(struct jt_store *store, const struct jt_sql_call *call,
                              int64_t *out_rows, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    JT_TRY(jt_sqlitestmt_run(&s->stmts, call, diag));
    if (out_rows != NULL) {
        *out_rows = sqlite3_changes64(s->db);
    }
    return JT_OK;
}

static enum jt_err sqlite_each(struct jt_store *store, const struct jt_sql_call *call,
                               jt_sql_row_fn take, const void *ctx)
{
    return jt_sqlitestmt_each(&self(store)->stmts, call, take, ctx, &store->not_read);
}

/* --- whole rows --- */

static enum jt_err sqlite_about(struct jt_store *store, struct jt_bulk_about *out_about,
                                struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    (void)diag; /* all of it is known */
    *out_about = (struct jt_bulk_about){
        .kind = "sqlite",
        .schema = s->rows.schema,
        .newest = jt_migrate_newest(&jt_migrate_all),
        .bytes = jt_sqliteconn_size(s->path) +
                 jt_sqliteconn_size(jt_sqliteconn_beside(s->path, "-wal").text),
        .daemons = s->running || s->lock_fd >= 0,
    };
    return JT_OK;
}

static enum jt_err sqlite_each_row(struct jt_store *store, enum jt_tables_id table, jt_bulk_fn fn,
                                   void *ctx, struct jt_diag *diag)
{
    return jt_sqlitebulk_each(&self(store)->rows, table, fn, ctx, diag);
}

static enum jt_err sqlite_put_row(struct jt_store *store, enum jt_tables_id table,
                                  const struct jt_bulk_cell *cells, struct jt_diag *diag)
{
    return jt_sqlitebulk_put(&self(store)->rows, table, cells, diag);
}

static enum jt_err sqlite_drop_rows(struct jt_store *store, enum jt_tables_id table,
                                    struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    JT_AUTO(buf) sql = JT_BUF_INIT(JT_TABLES_SQL_MAX);
    JT_TRY(jt_tables_delete(table, &sql));
    return jt_sqliteerr_exec(s->db, jt_buf_str(&sql), s->path, diag);
}

/* --- opening and closing --- */

static void sqlite_close(struct jt_store *store)
{
    struct sqlite *s = self(store);
    jt_sqlitestmt_release(&s->stmts);
    jt_sqlitebulk_release(&s->rows);
    if (s->lock_fd >= 0 && s->db != NULL) {
        drop_log(s);
    }
    (void)sqlite3_close(s->db); /* it has no statements any more */
    if (s->lock_fd >= 0) {
        (void)close(s->lock_fd); /* nothing was written */
    }
    if (s->look_fd >= 0) {
        (void)close(s->look_fd); /* nothing was written */
    }
    free(s->path);
    free(s);
}

static const struct jt_store_ops ops = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .begin_read = sqlite_begin_read,
    .check = sqlite_check,
    .run = sqlite_run,
    .each = sqlite_each,
    .about = sqlite_about,
    .each_row = sqlite_each_row,
    .put_row = sqlite_put_row,
    .drop_rows = sqlite_drop_rows,
};

static enum jt_err sqlite_new(const char *path, const struct jt_clock *clock,
                              struct sqlite **out_sqlite)
{
    struct sqlite *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return JT_ERR_NOMEM;
    }
    s->base.ops = &ops;
    s->base.clock = clock;
    s->lock_fd = s->look_fd = -1;
    enum jt_err err = jt_buf_strdup(jt_span_str(path), &s->path);
    if (err != JT_OK) {
        free(s);
        return err;
    }
    s->base.name = s->path;
    *out_sqlite = s;
    return JT_OK;
}

/* Whole rows of a database of schema `schema`. */
static void fill_rows(struct sqlite *s, int64_t schema)
{
    s->rows.db = s->db;
    s->rows.name = s->path;
    s->rows.schema = schema;
}

static enum jt_err open_file(struct sqlite *s, const struct jt_migrations *migrations,
                             struct jt_diag *diag)
{
    JT_TRY(jt_sqlitelock_take(s->path, &s->lock_fd, diag));
    JT_TRY(jt_sqlitefile_open(s->path, migrations, &s->db, diag));
    fill_rows(s, jt_migrate_newest(migrations));
    return jt_sqlitestmt_prepare(&s->stmts, s->db, s->path, diag);
}

/* A new file, filled within one transaction. */
static enum jt_err open_new(struct sqlite *s, const struct jt_migrations *migrations,
                            struct jt_diag *diag)
{
    JT_TRY(jt_sqlitefile_fill(s->path, migrations, &s->db, diag));
    fill_rows(s, jt_migrate_newest(migrations));
    return jt_sqlitestmt_prepare_version(&s->stmts, s->db, s->path, diag);
}

static enum jt_err open_snapshot(struct sqlite *s, struct jt_diag *diag)
{
    int64_t schema;
    JT_TRY(jt_sqlitelock_look(s->path, &s->look_fd, &s->running, diag));
    JT_TRY(jt_sqlitelook_snapshot(s->path, s->running, &s->db, &schema, diag));
    fill_rows(s, schema);
    return JT_OK;
}

/* A file that no daemon can open meanwhile, and that has the newest schema, is read as it stands: a
 * copy of a million clients takes longer than all else. Leaves s->db NULL where it is otherwise. */
static enum jt_err peek_at_file(struct sqlite *s, const struct jt_migrations *migrations,
                                struct jt_diag *diag)
{
    int64_t schema = 0;
    if (s->look_fd < 0 || jt_sqliteconn_absent(s->path)) {
        return JT_OK;
    }
    JT_TRY(jt_sqlitelook_open(s->path, false, &s->db, diag));
    JT_TRY(jt_sqliteconn_identify(s->db, migrations, s->path, &schema, diag));
    if (schema != jt_migrate_newest(migrations)) {
        (void)sqlite3_close(s->db); /* it has no statements */
        s->db = NULL;
    }
    return JT_OK;
}

static enum jt_err open_peek(struct sqlite *s, const struct jt_migrations *migrations,
                             struct jt_diag *diag)
{
    bool running;
    JT_TRY(jt_sqlitelock_look(s->path, &s->look_fd, &running, diag));
    JT_TRY(peek_at_file(s, migrations, diag));
    if (s->db == NULL) {
        JT_TRY(jt_sqlitelook_copy(s->path, running, migrations, &s->db, diag));
        if (s->look_fd >= 0) {
            (void)close(s->look_fd); /* nothing was written */
            s->look_fd = -1;
        }
    }
    fill_rows(s, jt_migrate_newest(migrations));
    return jt_sqlitestmt_prepare(&s->stmts, s->db, s->path, diag);
}

static enum jt_err finish(struct sqlite *s, enum jt_err err, struct jt_store **out_store)
{
    if (err != JT_OK) {
        sqlite_close(&s->base);
        return err;
    }
    *out_store = &s->base;
    return JT_OK;
}

enum jt_err jt_sqlite_open(const char *path, const struct jt_migrations *migrations,
                           const struct jt_clock *clock, struct jt_store **out_store,
                           struct jt_diag *diag)
{
    struct sqlite *s = NULL;
    JT_TRY(sqlite_new(path, clock, &s));
    return finish(s, open_file(s, migrations, diag), out_store);
}

enum jt_err jt_sqlite_peek(const char *path, const struct jt_migrations *migrations,
                           struct jt_store **out_store, struct jt_diag *diag)
{
    struct sqlite *s = NULL;
    JT_TRY(sqlite_new(path, NULL, &s));
    return finish(s, open_peek(s, migrations, diag), out_store);
}

enum jt_err jt_sqlite_look(const char *path, struct jt_store **out_store, struct jt_diag *diag)
{
    struct sqlite *s = NULL;
    JT_TRY(sqlite_new(path, NULL, &s));
    return finish(s, open_snapshot(s, diag), out_store);
}

enum jt_err jt_sqlite_fill(const char *path, const struct jt_migrations *migrations,
                           const struct jt_clock *clock, struct jt_store **out_store,
                           struct jt_diag *diag)
{
    struct sqlite *s = NULL;
    JT_TRY(sqlite_new(path, clock, &s));
    return finish(s, open_new(s, migrations, diag), out_store);
}
