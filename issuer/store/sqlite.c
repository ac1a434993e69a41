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
    bool erase; /* sealed bytes were replaced or erased, and the log may hold the old ones */
};

static struct sqlite *self(struct jt_store *store)
{
    return (struct sqlite *)(void *)store;
}

/* --- rows --- */

/* The one that is called, and with what. */
struct callback {
    jt_store_object_fn object;
    jt_store_key_fn key;
    jt_store_sealed_fn sealed;
    jt_store_each_sealed_fn each_sealed;
    jt_store_use_fn use;
    jt_store_reply_fn reply;
    void *ctx;
};

static enum jt_err none_is_fine(enum jt_err err)
{
    return err == JT_ERR_NOT_FOUND ? JT_OK : err;
}

static enum jt_err each(struct jt_store *store, enum jt_sql which,
                        const struct jt_sqlitestmt_arg *args, size_t n,
                        enum jt_err (*take)(sqlite3_stmt *row, const void *ctx), const void *ctx)
{
    return jt_sqlitestmt_each(&self(store)->stmts, which, args, n, take, ctx, &store->not_read);
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

/* A log that could not be emptied now is tried again after the next commit, at close, at open. */
static void drop_log(struct sqlite *s)
{
    s->erase = jt_sqlitefile_checkpoint(s->db, s->path, NULL) != JT_OK;
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
    if (s->erase || jt_sqlitefile_log_is_large(s->path)) {
        drop_log(s);
    }
    return JT_OK;
}

static enum jt_err take_number(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    *(int64_t *)callback->ctx = sqlite3_column_int64(row, 0);
    return JT_OK;
}

static enum jt_err sqlite_version(struct jt_store *store, int64_t *out_version)
{
    int64_t version = 0;
    const struct callback callback = {.ctx = &version};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_TEXT(JT_SPAN("version"))};
    enum jt_err err = each(store, JT_SQL_META, args, JT_COUNT(args), take_number, &callback);
    if (err != JT_OK) {
        return err == JT_ERR_NOT_FOUND ? JT_ERR_STORE : err; /* every schema writes it */
    }
    *out_version = version;
    return JT_OK;
}

static enum jt_err sqlite_put_version(struct jt_store *store, int64_t version, struct jt_diag *diag)
{
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_TEXT(JT_SPAN("version")),
                                             JT_SQLITESTMT_NUMBER(version)};
    return jt_sqlitestmt_run(&self(store)->stmts, JT_SQL_PUT_META, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_mark(struct jt_store *store, int64_t version, int64_t *out_mark)
{
    const struct callback callback = {.ctx = out_mark};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_NUMBER(version)};
    return each(store, JT_SQL_MARK, args, JT_COUNT(args), take_number, &callback);
}

static enum jt_err sqlite_put_mark(struct jt_store *store, const struct jt_store_commit *commit,
                                   struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg over[] = {JT_SQLITESTMT_NUMBER(commit->over)};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_NUMBER(commit->version),
                                             JT_SQLITESTMT_NUMBER(commit->mark)};
    JT_TRY(jt_sqlitestmt_run(&s->stmts, JT_SQL_DROP_MARKS, over, JT_COUNT(over), diag));
    return jt_sqlitestmt_run(&s->stmts, JT_SQL_PUT_MARK, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_check(struct jt_store *store, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    return jt_sqlitefile_check(s->db, s->path, diag);
}

/* --- objects --- */

static enum jt_err take_object(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    struct jt_store_object object = {.id = jt_sqlitestmt_column(row, 1),
                                     .doc = jt_sqlitestmt_column(row, 2),
                                     .version = sqlite3_column_int64(row, 3)};
    if (!jt_sql_find_kind(sqlite3_column_int64(row, 0), &object.kind)) {
        return JT_ERR_STORE;
    }
    return callback->object(callback->ctx, &object);
}

static enum jt_err sqlite_objects(struct jt_store *store, int64_t since, jt_store_object_fn fn,
                                  void *ctx)
{
    const struct callback callback = {.object = fn, .ctx = ctx};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_NUMBER(since)};
    if (since == 0) {
        return none_is_fine(each(store, JT_SQL_OBJECTS, NULL, 0, take_object, &callback));
    }
    return none_is_fine(
        each(store, JT_SQL_OBJECTS_SINCE, args, JT_COUNT(args), take_object, &callback));
}

static enum jt_err sqlite_put(struct jt_store *store, const struct jt_store_object *object,
                              struct jt_diag *diag)
{
    const struct jt_sqlitestmt_arg args[] = {
        JT_SQLITESTMT_NUMBER(jt_sql_kind_number(object->kind)), JT_SQLITESTMT_BYTES(object->id),
        JT_SQLITESTMT_BYTES(object->doc), JT_SQLITESTMT_NUMBER(object->version)};
    return jt_sqlitestmt_run(&self(store)->stmts, JT_SQL_PUT_OBJECT, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_delete(struct jt_store *store, const struct jt_store_object *object,
                                 struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_NUMBER(object->version),
                                             JT_SQLITESTMT_NUMBER(jt_sql_kind_number(object->kind)),
                                             JT_SQLITESTMT_BYTES(object->id)};
    JT_TRY(jt_sqlitestmt_run(&s->stmts, JT_SQL_DELETE_OBJECT, args, JT_COUNT(args), diag));
    return sqlite3_changes64(s->db) == 0 ? JT_ERR_NOT_FOUND : JT_OK;
}

/* --- keys, sealed secrets, audit --- */

static enum jt_err take_key(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    const struct jt_store_key key = {
        .kid = jt_sqlitestmt_column(row, 0),
        .alg = jt_sqlitestmt_column(row, 1),
        .public_jwk = jt_sqlitestmt_column(row, 2),
        .mac = jt_sqlitestmt_column(row, 3),
        .blob = jt_sqlitestmt_column(row, 4),
        .published_at_s = sqlite3_column_int64(row, 5),
        .sign_from_s = sqlite3_column_int64(row, 6),
        .sign_until_s = sqlite3_column_int64(row, 7),
        .drop_at_s = sqlite3_column_int64(row, 8),
        .dropped_at_s = sqlite3_column_int64(row, 9),
        .revoked_at_s = sqlite3_column_int64(row, 10),
        .longest_s = sqlite3_column_int64(row, 11),
    };
    return callback->key(callback->ctx, &key);
}

static enum jt_err sqlite_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx)
{
    const struct callback callback = {.key = fn, .ctx = ctx};
    return none_is_fine(each(store, JT_SQL_KEYS, NULL, 0, take_key, &callback));
}

static enum jt_err sqlite_put_key(struct jt_store *store, const struct jt_store_key *key,
                                  struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg args[] = {
        JT_SQLITESTMT_TEXT(key->kid),
        JT_SQLITESTMT_TEXT(key->alg),
        JT_SQLITESTMT_TEXT(key->public_jwk),
        JT_SQLITESTMT_BYTES(key->mac),
        JT_SQLITESTMT_NULLABLE(key->blob),
        JT_SQLITESTMT_NUMBER(key->published_at_s),
        JT_SQLITESTMT_NUMBER(key->sign_from_s),
        JT_SQLITESTMT_NUMBER(key->sign_until_s),
        JT_SQLITESTMT_NUMBER(key->drop_at_s),
        JT_SQLITESTMT_NUMBER(key->dropped_at_s),
        JT_SQLITESTMT_NUMBER(key->revoked_at_s),
        JT_SQLITESTMT_NUMBER(key->longest_s),
    };
    s->erase = true;
    return jt_sqlitestmt_run(&s->stmts, JT_SQL_PUT_KEY, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_delete_key(struct jt_store *store, struct jt_span kid,
                                     struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_TEXT(kid)};
    s->erase = true;
    JT_TRY(jt_sqlitestmt_run(&s->stmts, JT_SQL_DELETE_KEY, args, JT_COUNT(args), diag));
    return sqlite3_changes64(s->db) == 0 ? JT_ERR_NOT_FOUND : JT_OK;
}

static enum jt_err take_sealed(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    return callback->sealed(callback->ctx, jt_sqlitestmt_column(row, 0),
                            jt_sqlitestmt_column(row, 1));
}

static enum jt_err sqlite_sealed(struct jt_store *store, const char *name, jt_store_sealed_fn fn,
                                 void *ctx)
{
    const struct callback callback = {.sealed = fn, .ctx = ctx};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_TEXT(jt_span_str(name))};
    return each(store, JT_SQL_SEALED, args, JT_COUNT(args), take_sealed, &callback);
}

static enum jt_err sqlite_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                     struct jt_span blob, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_TEXT(jt_span_str(name)),
                                             JT_SQLITESTMT_BYTES(mac), JT_SQLITESTMT_BYTES(blob)};
    s->erase = true;
    return jt_sqlitestmt_run(&s->stmts, JT_SQL_PUT_SEALED, args, JT_COUNT(args), diag);
}

static enum jt_err take_each_sealed(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    return callback->each_sealed(callback->ctx, (const char *)sqlite3_column_text(row, 0),
                                 jt_sqlitestmt_column(row, 1), jt_sqlitestmt_column(row, 2));
}

static enum jt_err sqlite_each_sealed(struct jt_store *store, jt_store_each_sealed_fn fn, void *ctx)
{
    const struct callback callback = {.each_sealed = fn, .ctx = ctx};
    return none_is_fine(each(store, JT_SQL_EACH_SEALED, NULL, 0, take_each_sealed, &callback));
}

/* --- last uses, replies --- */

static enum jt_err take_use(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    const struct jt_store_use use = {jt_sqlitestmt_column(row, 0), jt_sqlitestmt_column(row, 1),
                                     sqlite3_column_int64(row, 2)};
    return callback->use(callback->ctx, &use);
}

static enum jt_err sqlite_uses(struct jt_store *store, int64_t since_s, jt_store_use_fn fn,
                               void *ctx)
{
    const struct callback callback = {.use = fn, .ctx = ctx};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_NUMBER(since_s)};
    return none_is_fine(each(store, JT_SQL_USES, args, JT_COUNT(args), take_use, &callback));
}

static enum jt_err sqlite_put_use(struct jt_store *store, const struct jt_store_use *use,
                                  struct jt_diag *diag)
{
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_BYTES(use->client),
                                             JT_SQLITESTMT_BYTES(use->secret),
                                             JT_SQLITESTMT_NUMBER(use->used_s)};
    return jt_sqlitestmt_run(&self(store)->stmts, JT_SQL_PUT_USE, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_forget_use(struct jt_store *store, struct jt_span client,
                                     struct jt_span secret, struct jt_diag *diag)
{
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_BYTES(client),
                                             JT_SQLITESTMT_BYTES(secret)};
    return jt_sqlitestmt_run(&self(store)->stmts, JT_SQL_DELETE_USE, args, JT_COUNT(args), diag);
}

static enum jt_err take_reply(sqlite3_stmt *row, const void *ctx)
{
    const struct callback *callback = ctx;
    return callback->reply(callback->ctx, jt_sqlitestmt_column(row, 0),
                           jt_sqlitestmt_column(row, 1));
}

static enum jt_err sqlite_reply(struct jt_store *store, struct jt_span actor, struct jt_span key,
                                int64_t after_s, jt_store_reply_fn fn, void *ctx)
{
    const struct callback callback = {.reply = fn, .ctx = ctx};
    const struct jt_sqlitestmt_arg args[] = {JT_SQLITESTMT_BYTES(actor), JT_SQLITESTMT_BYTES(key),
                                             JT_SQLITESTMT_NUMBER(after_s)};
    return each(store, JT_SQL_REPLY, args, JT_COUNT(args), take_reply, &callback);
}

static enum jt_err sqlite_put_reply(struct jt_store *store, const struct jt_store_reply *reply,
                                    int64_t over_s, struct jt_diag *diag)
{
    struct sqlite *s = self(store);
    const struct jt_sqlitestmt_arg over[] = {JT_SQLITESTMT_NUMBER(over_s)};
    const struct jt_sqlitestmt_arg args[] = {
        JT_SQLITESTMT_BYTES(reply->actor), JT_SQLITESTMT_BYTES(reply->key),
        JT_SQLITESTMT_NUMBER(reply->at_s), JT_SQLITESTMT_BYTES(reply->request),
        JT_SQLITESTMT_BYTES(reply->answer)};
    JT_TRY(jt_sqlitestmt_run(&s->stmts, JT_SQL_DROP_REPLIES, over, JT_COUNT(over), diag));
    return jt_sqlitestmt_run(&s->stmts, JT_SQL_PUT_REPLY, args, JT_COUNT(args), diag);
}

static enum jt_err sqlite_put_line(struct jt_store *store, const struct jt_store_line *line,
                                   struct jt_diag *diag)
{
    const struct jt_sqlitestmt_arg args[] = {
        JT_SQLITESTMT_NUMBER(line->at_s), JT_SQLITESTMT_TEXT(jt_span_str(line->actor)),
        JT_SQLITESTMT_TEXT(jt_span_str(line->action)), JT_SQLITESTMT_BYTES(line->object),
        JT_SQLITESTMT_BYTES(line->detail)};
    return jt_sqlitestmt_run(&self(store)->stmts, JT_SQL_PUT_AUDIT, args, JT_COUNT(args), diag);
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
    .version = sqlite_version,
    .check = sqlite_check,
    .put_version = sqlite_put_version,
    .mark = sqlite_mark,
    .put_mark = sqlite_put_mark,
    .objects = sqlite_objects,
    .put = sqlite_put,
    .delete = sqlite_delete,
    .keys = sqlite_keys,
    .put_key = sqlite_put_key,
    .delete_key = sqlite_delete_key,
    .sealed = sqlite_sealed,
    .put_sealed = sqlite_put_sealed,
    .each_sealed = sqlite_each_sealed,
    .uses = sqlite_uses,
    .put_use = sqlite_put_use,
    .forget_use = sqlite_forget_use,
    .reply = sqlite_reply,
    .put_reply = sqlite_put_reply,
    .put_line = sqlite_put_line,
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
