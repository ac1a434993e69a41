/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/store.h"

#include <stdlib.h>

#include "common/base/random.h"
#include "issuer/store/migrate.h"
#include "issuer/store/postgres.h"
#include "issuer/store/postgreswatch.h"
#include "issuer/store/rows.h"
#include "issuer/store/sqlite.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

/* A callback that called its store again would reset the statement it is called from. */
static enum jt_err start_reading(struct jt_store *store)
{
    if (store->reading) {
        return JT_ERR_ARGUMENT;
    }
    store->reading = true;
    store->not_read.text[0] = 0;
    return JT_OK;
}

static enum jt_err end_reading(struct jt_store *store, enum jt_err err)
{
    store->reading = false;
    return err;
}

static enum jt_err put_mark(struct jt_store *store, int64_t version, struct jt_diag *diag)
{
    uint64_t random;
    JT_TRY(jt_random_fill(&jt_random_system, &random, sizeof random));
    const struct jt_rows_commit commit = {version, (int64_t)(random >> 1),
                                          version - JT_STORE_MARKS};
    JT_TRY(jt_rows_put_mark(store, &commit, diag));
    store->last_mark = commit.mark;
    return JT_OK;
}

/* --- opening --- */

/* A history begins with a mark too: two new stores are not the same. */
static enum jt_err mark_beginning(struct jt_store *store, struct jt_diag *diag)
{
    int64_t mark;
    enum jt_err err = jt_store_mark(store, store->version - 1, &mark);
    if (err != JT_ERR_NOT_FOUND) {
        return err;
    }
    return put_mark(store, store->version - 1, diag);
}

static enum jt_err has_history(struct jt_store *store)
{
    int64_t version, mark;
    JT_TRY(jt_store_version(store, &version));
    return jt_store_mark(store, version, &mark);
}

static enum jt_err begin_history(struct jt_store *store, struct jt_diag *diag)
{
    enum jt_err err = has_history(store);
    if (err != JT_ERR_NOT_FOUND) {
        return err == JT_OK ? JT_OK : jt_diag_fail(diag, err, "%s", store->not_read.text);
    }
    JT_TRY(jt_store_begin(store, diag));
    err = mark_beginning(store, diag); /* looks again: another may have been here */
    if (err != JT_OK) {
        jt_store_rollback(store);
        return err;
    }
    return jt_store_commit(store, diag);
}

static bool is_one(const struct jt_store_where *where)
{
    return (where->sqlite_path == NULL) != (where->postgres == NULL);
}

enum jt_err jt_store_open(const struct jt_store_where *where, const struct jt_clock *clock,
                          struct jt_store **out_store, struct jt_diag *diag)
{
    struct jt_store *store = NULL;
    if (!is_one(where)) {
        return JT_ERR_ARGUMENT;
    }
    JT_TRY(where->postgres == NULL
               ? jt_sqlite_open(where->sqlite_path, &jt_migrate_all, clock, &store, diag)
               : jt_postgres_open(where->postgres, &jt_migrate_all, clock, &store, diag));
    enum jt_err err = begin_history(store, diag);
    if (err != JT_OK) {
        jt_store_close(store);
        return err;
    }
    *out_store = store;
    return JT_OK;
}

enum jt_err jt_store_peek(const struct jt_store_where *where, struct jt_store **out_store,
                          struct jt_diag *diag)
{
    if (!is_one(where)) {
        return JT_ERR_ARGUMENT;
    }
    return where->postgres == NULL
               ? jt_sqlite_peek(where->sqlite_path, &jt_migrate_all, out_store, diag)
               : jt_postgres_peek(where->postgres, &jt_migrate_all, out_store, diag);
}

const char *jt_store_name(const struct jt_store *store)
{
    return store->name;
}

const char *jt_store_why(const struct jt_store *store)
{
    return store->not_read.text[0] != 0 ? store->not_read.text : store->why.text;
}

void jt_store_close(struct jt_store *store)
{
    if (store == NULL) {
        return;
    }
    jt_store_rollback(store);
    store->ops->close(store);
}

/* --- transactions --- */

enum jt_err jt_store_begin(struct jt_store *store, struct jt_diag *diag)
{
    if (store->clock == NULL || store->in_transaction || store->in_snapshot || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    JT_TRY(store->ops->begin(store, diag));
    int64_t version;
    store->not_read.text[0] = 0;
    enum jt_err err = jt_rows_meta(store, "version", &version);
    if (err != JT_OK) {
        store->ops->rollback(store);
        return jt_diag_fail(diag, err, "%s", store->not_read.text);
    }
    store->in_transaction = true;
    store->wrote = false;
    store->failed = JT_OK;
    store->why = (struct jt_diag)JT_DIAG_INIT;
    store->version = version + 1;
    return JT_OK;
}

static enum jt_err raise_version(struct jt_store *store)
{
    JT_TRY(jt_rows_put_version(store, store->version, &store->why));
    return put_mark(store, store->version, &store->why);
}

enum jt_err jt_store_commit(struct jt_store *store, struct jt_diag *diag)
{
    if (!store->in_transaction || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    if (store->failed == JT_OK && store->wrote) {
        store->failed = raise_version(store);
    }
    if (store->failed != JT_OK) {
        jt_store_rollback(store);
        return jt_diag_fail(diag, store->failed, "%s", store->why.text);
    }
    store->in_transaction = false;
    return store->ops->commit(store, diag);
}

void jt_store_rollback(struct jt_store *store)
{
    if (store->in_transaction || store->in_snapshot) {
        store->in_transaction = false;
        store->in_snapshot = false;
        store->ops->rollback(store);
    }
}

enum jt_err jt_store_begin_read(struct jt_store *store, struct jt_diag *diag)
{
    if (store->in_transaction || store->in_snapshot || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    store->why.text[0] = 0;
    JT_TRY(store->ops->begin_read(store, diag));
    store->in_snapshot = true;
    return JT_OK;
}

enum jt_err jt_store_version(struct jt_store *store, int64_t *out_version)
{
    JT_TRY(start_reading(store));
    if (store->in_transaction) {
        *out_version = store->version;
        return end_reading(store, JT_OK);
    }
    return end_reading(store, jt_rows_meta(store, "version", out_version));
}

enum jt_err jt_store_mark(struct jt_store *store, int64_t version, int64_t *out_mark)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_mark(store, version, out_mark));
}

int64_t jt_store_last_mark(const struct jt_store *store)
{
    return store->last_mark;
}

/* --- writes --- */

/* After a failed write the database may have rolled back by itself: nothing more may reach it. */
static enum jt_err may_write(const struct jt_store *store)
{
    if (!store->in_transaction || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    return store->failed;
}

static enum jt_err written(struct jt_store *store, enum jt_err err)
{
    if (err == JT_OK) {
        store->wrote = true;
    } else if (err != JT_ERR_NOT_FOUND) {
        store->failed = err;
    }
    return err;
}

enum jt_err jt_store_put(struct jt_store *store, enum jt_store_kind kind, struct jt_span id,
                         struct jt_span doc)
{
    JT_TRY(may_write(store));
    if (doc.n == 0) {
        return JT_ERR_ARGUMENT;
    }
    const struct jt_store_object object = {kind, id, doc, store->version};
    return written(store, jt_rows_put(store, &object, &store->why));
}

enum jt_err jt_store_delete(struct jt_store *store, enum jt_store_kind kind, struct jt_span id)
{
    JT_TRY(may_write(store));
    const struct jt_store_object object = {kind, id, JT_SPAN_NONE, store->version};
    return written(store, jt_rows_delete(store, &object, &store->why));
}

enum jt_err jt_store_put_key(struct jt_store *store, const struct jt_store_key *key)
{
    JT_TRY(may_write(store));
    return written(store, jt_rows_put_key(store, key, &store->why));
}

enum jt_err jt_store_delete_key(struct jt_store *store, struct jt_span kid)
{
    JT_TRY(may_write(store));
    return written(store, jt_rows_delete_key(store, kid, &store->why));
}

enum jt_err jt_store_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                struct jt_span blob)
{
    JT_TRY(may_write(store));
    return written(store, jt_rows_put_sealed(store, name, mac, blob, &store->why));
}

/* What is of no version must not raise it: other issuers would read all that changed since. */
static enum jt_err noted(struct jt_store *store, enum jt_err err)
{
    if (err != JT_OK) {
        store->failed = err;
    }
    return err;
}

enum jt_err jt_store_put_use(struct jt_store *store, const struct jt_store_use *use)
{
    JT_TRY(may_write(store));
    return noted(store, jt_rows_put_use(store, use, &store->why));
}

enum jt_err jt_store_forget_use(struct jt_store *store, struct jt_span client,
                                struct jt_span secret)
{
    JT_TRY(may_write(store));
    return noted(store, jt_rows_forget_use(store, client, secret, &store->why));
}

enum jt_err jt_store_put_reply(struct jt_store *store, const struct jt_store_reply *reply)
{
    JT_TRY(may_write(store));
    return noted(store,
                 jt_rows_put_reply(store, reply, reply->at_s - JT_STORE_REPLY_S, &store->why));
}

enum jt_err jt_store_audit(struct jt_store *store, const char *actor, const char *action,
                           struct jt_span object, struct jt_span detail)
{
    JT_TRY(may_write(store));
    const struct jt_rows_line line = {jt_clock_wall_s(store->clock), actor, action, object, detail};
    return written(store, jt_rows_put_line(store, &line, &store->why));
}

/* --- reads --- */

enum jt_err jt_store_check(struct jt_store *store, struct jt_diag *diag)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->check(store, diag));
}

enum jt_err jt_store_objects(struct jt_store *store, int64_t since, jt_store_object_fn fn,
                             void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_objects(store, since, fn, ctx));
}

enum jt_err jt_store_each_object(struct jt_store *store, jt_store_object_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_each_object(store, fn, ctx));
}

enum jt_err jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_keys(store, fn, ctx));
}

enum jt_err jt_store_sealed(struct jt_store *store, const char *name, jt_store_sealed_fn fn,
                            void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_sealed(store, name, fn, ctx));
}

enum jt_err jt_store_each_sealed(struct jt_store *store, jt_store_each_sealed_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_each_sealed(store, fn, ctx));
}

enum jt_err jt_store_uses(struct jt_store *store, int64_t since_s, jt_store_use_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, jt_rows_uses(store, since_s, fn, ctx));
}

enum jt_err jt_store_reply(struct jt_store *store, struct jt_span actor, struct jt_span key,
                           int64_t now_s, jt_store_reply_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    const struct jt_rows_asked asked = {actor, key, now_s - JT_STORE_REPLY_S};
    return end_reading(store, jt_rows_reply(store, &asked, fn, ctx));
}

/* --- word of others' commits --- */

struct jt_store_watch {
    struct jt_postgreswatch *postgres; /* NULL: SQLite, which has one daemon */
};

enum jt_err jt_store_watch_new(const struct jt_store_where *where,
                               struct jt_store_watch **out_watch, struct jt_diag *diag)
{
    if (!is_one(where)) {
        return JT_ERR_ARGUMENT;
    }
    struct jt_store_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return JT_ERR_NOMEM;
    }
    if (where->postgres != NULL) {
        enum jt_err err = jt_postgreswatch_new(where->postgres, &watch->postgres, diag);
        if (err != JT_OK) {
            free(watch);
            return err;
        }
    }
    *out_watch = watch;
    return JT_OK;
}

int jt_store_watch_fd(const struct jt_store_watch *watch)
{
    return watch->postgres == NULL ? -1 : jt_postgreswatch_fd(watch->postgres);
}

bool jt_store_watch_take(struct jt_store_watch *watch)
{
    return watch->postgres != NULL && jt_postgreswatch_take(watch->postgres);
}

void jt_store_watch_free(struct jt_store_watch *watch)
{
    if (watch != NULL) {
        jt_postgreswatch_free(watch->postgres);
        free(watch);
    }
}
