/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/store.h"

#include "issuer/store/migrate.h"
#include "issuer/store/sqlite.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

enum jt_err jt_store_open_sqlite(const char *path, const struct jt_clock *clock,
                                 struct jt_store **out_store, struct jt_diag *diag)
{
    return jt_sqlite_open(path, &jt_migrate_all, clock, out_store, diag);
}

enum jt_err jt_store_peek_sqlite(const char *path, struct jt_store **out_store,
                                 struct jt_diag *diag)
{
    return jt_sqlite_peek(path, &jt_migrate_all, out_store, diag);
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
    if (store->clock == NULL || store->in_transaction || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    JT_TRY(store->ops->begin(store, diag));
    int64_t version;
    enum jt_err err = store->ops->version(store, &version);
    if (err != JT_OK) {
        store->ops->rollback(store);
        return err;
    }
    store->in_transaction = true;
    store->wrote = false;
    store->failed = JT_OK;
    store->why = (struct jt_diag)JT_DIAG_INIT;
    store->version = version + 1;
    return JT_OK;
}

enum jt_err jt_store_commit(struct jt_store *store, struct jt_diag *diag)
{
    if (!store->in_transaction || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    if (store->failed == JT_OK && store->wrote) {
        store->failed = store->ops->put_version(store, store->version, &store->why);
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
    if (store->in_transaction) {
        store->in_transaction = false;
        store->ops->rollback(store);
    }
}

enum jt_err jt_store_version(struct jt_store *store, int64_t *out_version)
{
    if (store->reading) {
        return JT_ERR_ARGUMENT;
    }
    if (store->in_transaction) {
        *out_version = store->version;
        return JT_OK;
    }
    return store->ops->version(store, out_version);
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
    return written(store, store->ops->put(store, &object, &store->why));
}

enum jt_err jt_store_delete(struct jt_store *store, enum jt_store_kind kind, struct jt_span id)
{
    JT_TRY(may_write(store));
    const struct jt_store_object object = {kind, id, JT_SPAN_NONE, store->version};
    return written(store, store->ops->delete (store, &object, &store->why));
}

enum jt_err jt_store_put_key(struct jt_store *store, const struct jt_store_key *key)
{
    JT_TRY(may_write(store));
    return written(store, store->ops->put_key(store, key, &store->why));
}

enum jt_err jt_store_delete_key(struct jt_store *store, struct jt_span kid)
{
    JT_TRY(may_write(store));
    return written(store, store->ops->delete_key(store, kid, &store->why));
}

enum jt_err jt_store_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                                struct jt_span blob)
{
    JT_TRY(may_write(store));
    return written(store, store->ops->put_sealed(store, name, mac, blob, &store->why));
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
    return noted(store, store->ops->put_use(store, use, &store->why));
}

enum jt_err jt_store_forget_use(struct jt_store *store, struct jt_span client,
                                struct jt_span secret)
{
    JT_TRY(may_write(store));
    return noted(store, store->ops->forget_use(store, client, secret, &store->why));
}

enum jt_err jt_store_put_reply(struct jt_store *store, const struct jt_store_reply *reply)
{
    JT_TRY(may_write(store));
    return noted(store,
                 store->ops->put_reply(store, reply, reply->at_s - JT_STORE_REPLY_S, &store->why));
}

enum jt_err jt_store_audit(struct jt_store *store, const char *actor, const char *action,
                           struct jt_span object, struct jt_span detail)
{
    JT_TRY(may_write(store));
    const struct jt_store_line line = {jt_clock_wall_s(store->clock), actor, action, object,
                                       detail};
    return written(store, store->ops->put_line(store, &line, &store->why));
}

/* --- reads --- */

/* A callback that called its store again would reset the statement it is called from. */
static enum jt_err start_reading(struct jt_store *store)
{
    if (store->reading) {
        return JT_ERR_ARGUMENT;
    }
    store->reading = true;
    return JT_OK;
}

static enum jt_err end_reading(struct jt_store *store, enum jt_err err)
{
    store->reading = false;
    return err;
}

enum jt_err jt_store_check(struct jt_store *store, struct jt_diag *diag)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->check(store, diag));
}

enum jt_err jt_store_objects(struct jt_store *store, int64_t since, jt_store_object_fn fn,
                             void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->objects(store, since, fn, ctx));
}

enum jt_err jt_store_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->keys(store, fn, ctx));
}

enum jt_err jt_store_sealed(struct jt_store *store, const char *name, jt_store_sealed_fn fn,
                            void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->sealed(store, name, fn, ctx));
}

enum jt_err jt_store_uses(struct jt_store *store, jt_store_use_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store, store->ops->uses(store, fn, ctx));
}

enum jt_err jt_store_reply(struct jt_store *store, struct jt_span actor, struct jt_span key,
                           int64_t now_s, jt_store_reply_fn fn, void *ctx)
{
    JT_TRY(start_reading(store));
    return end_reading(store,
                       store->ops->reply(store, actor, key, now_s - JT_STORE_REPLY_S, fn, ctx));
}
