/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "issuer/store/sql.h"
#include "issuer/store/sqliteerr.h"
#include "issuer/store/sqlitefile.h"
#include "issuer/store/sqlitelock.h"
#include "issuer/store/sqlitestmt.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

struct sqlite {
    struct jt_store base;
    char *path;  /* for sentences */
    int lock_fd; /* -1: opened to look at only */
    sqlite3 *db;
    struct jt_sqlitestmt stmts;
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

static enum jt_err sqlite_begin_read(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    return jt_sqliteerr_exec(s->db, "BEGIN", s->path, diag);
}

static void sqlite_rollback(struct jt_store *store)
{
    struct sqlite *s = self(store);
    if (sqlite3_get_autocommit(s->db) == 0) { /* else SQLite did it after a failure */
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* none that was told is hidden */
    }
}

/* Where sealed bytes were replaced or erased, the log may hold the old ones. One that could not be
 * emptied now is tried again after the next commit, at close, at open. */
static void drop_log(struct sqlite *s)
{
    s->base.erase = jt_sqlitefile_checkpoint(s->db, s->path, NULL) != JT_OK;
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
    *out_rows = sqlite3_changes64(s->db);
    return JT_OK;
}

static enum jt_err sqlite_each(struct jt_store *store, const struct jt_sql_call *call,
                               jt_sql_row_fn take, const void *ctx)
{
    return jt_sqlitestmt_each(&self(store)->stmts, call, take, ctx, &store->not_read);
}

/* --- opening and closing --- */

static void sqlite_close(struct jt_store *store)
{
    struct sqlite *s = self(store);
    jt_sqlitestmt_release(&s->stmts);
    if (s->lock_fd >= 0 && s->db != NULL) {
        drop_log(s);
    }
    (void)sqlite3_close(s->db); /* it has no statements any more */
    if (s->lock_fd >= 0) {
        (void)close(s->lock_fd); /* nothing was written */
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
    s->lock_fd = -1;
    enum jt_err err = jt_buf_strdup(jt_span_str(path), &s->path);
    if (err != JT_OK) {
        free(s);
        return err;
    }
    s->base.name = s->path;
    *out_sqlite = s;
    return JT_OK;
}

static enum jt_err open_file(struct sqlite *s, const struct jt_migrations *migrations,
                             struct jt_diag *diag)
{
    JT_TRY(jt_sqlitelock_take(s->path, &s->lock_fd, diag));
    JT_TRY(jt_sqlitefile_open(s->path, migrations, &s->db, diag));
    return jt_sqlitestmt_prepare(&s->stmts, s->db, s->path, diag);
}

static enum jt_err open_copy(struct sqlite *s, const struct jt_migrations *migrations,
                             struct jt_diag *diag)
{
    int fd;
    bool running;
    JT_TRY(jt_sqlitelock_look(s->path, &fd, &running, diag));
    enum jt_err err = jt_sqlitefile_copy(s->path, running, migrations, &s->db, diag);
    if (fd >= 0) {
        (void)close(fd); /* nothing was written */
    }
    JT_TRY(err);
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
    return finish(s, open_copy(s, migrations, diag), out_store);
}
