/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/rows.h"

#include "common/base/buf.h"

#include "common/base/base.h"

/* The one that is called, and with what. */
struct callback {
    struct jt_store *store;
    jt_store_object_fn object;
    jt_store_key_fn key;
    jt_store_sealed_fn sealed;
    jt_store_each_sealed_fn each_sealed;
    jt_store_use_fn use;
    jt_store_reply_fn reply;
    void *ctx;
};

#define CALL(id, list, types)                              \
    {                                                      \
        JT_SQL_##id, (list), JT_COUNT(list), ("" types "") \
    }
#define CALL_PLAIN(id, types)               \
    {                                       \
        JT_SQL_##id, NULL, 0, ("" types "") \
    }

static enum jt_err each(struct jt_store *store, const struct jt_sql_call *call, jt_sql_row_fn take,
                        const struct callback *callback)
{
    return store->ops->each(store, call, take, callback);
}

/* The same, where a table may be empty. */
static enum jt_err any(struct jt_store *store, const struct jt_sql_call *call, jt_sql_row_fn take,
                       const struct callback *callback)
{
    enum jt_err err = each(store, call, take, callback);
    return err == JT_ERR_NOT_FOUND ? JT_OK : err;
}

static enum jt_err run(struct jt_store *store, const struct jt_sql_call *call, struct jt_diag *diag)
{
    return store->ops->run(store, call, NULL, diag);
}

/* The same for one that must meet a row. */
static enum jt_err run_one(struct jt_store *store, const struct jt_sql_call *call,
                           struct jt_diag *diag)
{
    int64_t rows;
    JT_TRY(store->ops->run(store, call, &rows, diag));
    return rows == 0 ? JT_ERR_NOT_FOUND : JT_OK;
}

/* --- versions --- */

static enum jt_err take_number(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    *(int64_t *)callback->ctx = row[0].number;
    return JT_OK;
}

enum jt_err jt_rows_meta(struct jt_store *store, const char *name, int64_t *out_value)
{
    const struct jt_sql_value args[] = {JT_SQL_TEXT_OF(jt_span_str(name))};
    const struct jt_sql_call call = CALL(META, args, "n");
    int64_t value;
    const struct callback callback = {.ctx = &value};
    enum jt_err err = each(store, &call, take_number, &callback);
    if (err == JT_ERR_NOT_FOUND) {
        return jt_diag_fail(&store->not_read, JT_ERR_STORE,
                            "%s: has lost the number '%s' of its table meta; restore it from a "
                            "backup",
                            store->name, name);
    }
    JT_TRY(err);
    if (value < 0 || value == INT64_MAX) { /* the next one is reckoned from it */
        return jt_diag_fail(&store->not_read, JT_ERR_STORE,
                            "%s: the number '%s' of its table meta is none that jetond wrote; "
                            "restore it from a backup",
                            store->name, name);
    }
    *out_value = value;
    return JT_OK;
}

enum jt_err jt_rows_put_version(struct jt_store *store, int64_t version, struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_TEXT_OF(JT_SPAN("version")),
                                        JT_SQL_NUMBER_OF(version)};
    const struct jt_sql_call call = CALL(PUT_META, args, "");
    return run(store, &call, diag);
}

enum jt_err jt_rows_mark(struct jt_store *store, int64_t version, int64_t *out_mark)
{
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(version)};
    const struct jt_sql_call call = CALL(MARK, args, "n");
    int64_t mark = 0;
    const struct callback callback = {.ctx = &mark};
    JT_TRY(each(store, &call, take_number, &callback));
    *out_mark = mark;
    return JT_OK;
}

enum jt_err jt_rows_put_mark(struct jt_store *store, const struct jt_rows_commit *commit,
                             struct jt_diag *diag)
{
    const struct jt_sql_value over[] = {JT_SQL_NUMBER_OF(commit->over)};
    const struct jt_sql_call drop = CALL(DROP_MARKS, over, "");
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(commit->version),
                                        JT_SQL_NUMBER_OF(commit->mark)};
    const struct jt_sql_call call = CALL(PUT_MARK, args, "");
    JT_TRY(run(store, &drop, diag));
    return run(store, &call, diag);
}

/* --- objects --- */

static enum jt_err take_object(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    struct jt_store_object object = {
        .id = row[1].bytes, .doc = row[2].bytes, .version = row[3].number};
    if (!jt_sql_find_kind(row[0].number, &object.kind)) {
        return jt_sql_refuse(callback->store->name, "kind", &callback->store->not_read);
    }
    return callback->object(callback->ctx, &object);
}

enum jt_err jt_rows_objects(struct jt_store *store, int64_t since, jt_store_object_fn fn, void *ctx)
{
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(since)};
    const struct jt_sql_call changed = CALL(OBJECTS_SINCE, args, "nbBn");
    const struct jt_sql_call live = CALL_PLAIN(OBJECTS, "nbbn");
    const struct callback callback = {.store = store, .object = fn, .ctx = ctx};
    return any(store, since == 0 ? &live : &changed, take_object, &callback);
}

enum jt_err jt_rows_each_object(struct jt_store *store, jt_store_object_fn fn, void *ctx)
{
    const struct jt_sql_call call = CALL_PLAIN(EACH_OBJECT, "nbbn");
    const struct callback callback = {.store = store, .object = fn, .ctx = ctx};
    return any(store, &call, take_object, &callback);
}

enum jt_err jt_rows_put(struct jt_store *store, const struct jt_store_object *object,
                        struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(jt_sql_kind_number(object->kind)),
                                        JT_SQL_BYTES_OF(object->id), JT_SQL_BYTES_OF(object->doc),
                                        JT_SQL_NUMBER_OF(object->version)};
    const struct jt_sql_call call = CALL(PUT_OBJECT, args, "");
    return run(store, &call, diag);
}

enum jt_err jt_rows_delete(struct jt_store *store, const struct jt_store_object *object,
                           struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(object->version),
                                        JT_SQL_NUMBER_OF(jt_sql_kind_number(object->kind)),
                                        JT_SQL_BYTES_OF(object->id)};
    const struct jt_sql_call call = CALL(DELETE_OBJECT, args, "");
    return run_one(store, &call, diag);
}

/* --- keys, sealed secrets --- */

static enum jt_err take_key(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    const struct jt_store_key key = {
        .kid = row[0].bytes,
        .alg = row[1].bytes,
        .public_jwk = row[2].bytes,
        .mac = row[3].bytes,
        .blob = row[4].bytes,
        .published_at_s = row[5].number,
        .sign_from_s = row[6].number,
        .sign_until_s = row[7].number,
        .drop_at_s = row[8].number,
        .dropped_at_s = row[9].number,
        .revoked_at_s = row[10].number,
        .longest_s = row[11].number,
    };
    return callback->key(callback->ctx, &key);
}

enum jt_err jt_rows_keys(struct jt_store *store, jt_store_key_fn fn, void *ctx)
{
    const struct jt_sql_call call = CALL_PLAIN(KEYS, "tttbBnnnnnnn");
    const struct callback callback = {.key = fn, .ctx = ctx};
    return any(store, &call, take_key, &callback);
}

enum jt_err jt_rows_put_key(struct jt_store *store, const struct jt_store_key *key,
                            struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {
        JT_SQL_TEXT_OF(key->kid),
        JT_SQL_TEXT_OF(key->alg),
        JT_SQL_TEXT_OF(key->public_jwk),
        JT_SQL_BYTES_OF(key->mac),
        JT_SQL_NULLABLE_OF(key->blob),
        JT_SQL_NUMBER_OF(key->published_at_s),
        JT_SQL_NUMBER_OF(key->sign_from_s),
        JT_SQL_NUMBER_OF(key->sign_until_s),
        JT_SQL_NUMBER_OF(key->drop_at_s),
        JT_SQL_NUMBER_OF(key->dropped_at_s),
        JT_SQL_NUMBER_OF(key->revoked_at_s),
        JT_SQL_NUMBER_OF(key->longest_s),
    };
    const struct jt_sql_call call = CALL(PUT_KEY, args, "");
    store->erase = true;
    return run(store, &call, diag);
}

enum jt_err jt_rows_delete_key(struct jt_store *store, struct jt_span kid, struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_TEXT_OF(kid)};
    const struct jt_sql_call call = CALL(DELETE_KEY, args, "");
    store->erase = true;
    return run_one(store, &call, diag);
}

static enum jt_err take_sealed(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    return callback->sealed(callback->ctx, row[0].bytes, row[1].bytes);
}

enum jt_err jt_rows_sealed(struct jt_store *store, const char *name, jt_store_sealed_fn fn,
                           void *ctx)
{
    const struct jt_sql_value args[] = {JT_SQL_TEXT_OF(jt_span_str(name))};
    const struct jt_sql_call call = CALL(SEALED, args, "bb");
    const struct callback callback = {.sealed = fn, .ctx = ctx};
    return each(store, &call, take_sealed, &callback);
}

static enum jt_err take_each_sealed(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    JT_AUTO(buf) name = JT_BUF_INIT(1024);
    JT_TRY(jt_buf_put(&name, row[0].bytes));
    return callback->each_sealed(callback->ctx, jt_buf_str(&name), row[1].bytes, row[2].bytes);
}

enum jt_err jt_rows_each_sealed(struct jt_store *store, jt_store_each_sealed_fn fn, void *ctx)
{
    const struct jt_sql_call call = CALL_PLAIN(EACH_SEALED, "tbb");
    const struct callback callback = {.each_sealed = fn, .ctx = ctx};
    return any(store, &call, take_each_sealed, &callback);
}

enum jt_err jt_rows_put_sealed(struct jt_store *store, const char *name, struct jt_span mac,
                               struct jt_span blob, struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_TEXT_OF(jt_span_str(name)), JT_SQL_BYTES_OF(mac),
                                        JT_SQL_BYTES_OF(blob)};
    const struct jt_sql_call call = CALL(PUT_SEALED, args, "");
    store->erase = true;
    return run(store, &call, diag);
}

/* --- last uses, replies, audit --- */

static enum jt_err take_use(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    const struct jt_store_use use = {row[0].bytes, row[1].bytes, row[2].number};
    return callback->use(callback->ctx, &use);
}

enum jt_err jt_rows_uses(struct jt_store *store, int64_t since_s, jt_store_use_fn fn, void *ctx)
{
    const struct jt_sql_value args[] = {JT_SQL_NUMBER_OF(since_s)};
    const struct jt_sql_call call = CALL(USES, args, "bbn");
    const struct callback callback = {.use = fn, .ctx = ctx};
    return any(store, &call, take_use, &callback);
}

enum jt_err jt_rows_put_use(struct jt_store *store, const struct jt_store_use *use,
                            struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_BYTES_OF(use->client), JT_SQL_BYTES_OF(use->secret),
                                        JT_SQL_NUMBER_OF(use->used_s)};
    const struct jt_sql_call call = CALL(PUT_USE, args, "");
    return run(store, &call, diag);
}

enum jt_err jt_rows_forget_use(struct jt_store *store, struct jt_span client, struct jt_span secret,
                               struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {JT_SQL_BYTES_OF(client), JT_SQL_BYTES_OF(secret)};
    const struct jt_sql_call call = CALL(DELETE_USE, args, "");
    return run(store, &call, diag);
}

static enum jt_err take_reply(const void *ctx, const struct jt_sql_value *row)
{
    const struct callback *callback = ctx;
    return callback->reply(callback->ctx, row[0].bytes, row[1].bytes);
}

enum jt_err jt_rows_reply(struct jt_store *store, const struct jt_rows_asked *asked,
                          jt_store_reply_fn fn, void *ctx)
{
    const struct jt_sql_value args[] = {JT_SQL_BYTES_OF(asked->actor), JT_SQL_BYTES_OF(asked->key),
                                        JT_SQL_NUMBER_OF(asked->after_s)};
    const struct jt_sql_call call = CALL(REPLY, args, "bb");
    const struct callback callback = {.reply = fn, .ctx = ctx};
    return each(store, &call, take_reply, &callback);
}

enum jt_err jt_rows_put_reply(struct jt_store *store, const struct jt_store_reply *reply,
                              int64_t over_s, struct jt_diag *diag)
{
    const struct jt_sql_value over[] = {JT_SQL_NUMBER_OF(over_s)};
    const struct jt_sql_call drop = CALL(DROP_REPLIES, over, "");
    const struct jt_sql_value args[] = {
        JT_SQL_BYTES_OF(reply->actor), JT_SQL_BYTES_OF(reply->key), JT_SQL_NUMBER_OF(reply->at_s),
        JT_SQL_BYTES_OF(reply->request), JT_SQL_BYTES_OF(reply->answer)};
    const struct jt_sql_call call = CALL(PUT_REPLY, args, "");
    JT_TRY(run(store, &drop, diag));
    return run(store, &call, diag);
}

enum jt_err jt_rows_put_line(struct jt_store *store, const struct jt_rows_line *line,
                             struct jt_diag *diag)
{
    const struct jt_sql_value args[] = {
        JT_SQL_NUMBER_OF(line->at_s), JT_SQL_TEXT_OF(jt_span_str(line->actor)),
        JT_SQL_TEXT_OF(jt_span_str(line->action)), JT_SQL_BYTES_OF(line->object),
        JT_SQL_BYTES_OF(line->detail)};
    const struct jt_sql_call call = CALL(PUT_AUDIT, args, "");
    return run(store, &call, diag);
}
