/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "issuer/store/postgresbulk.h"
#include "issuer/store/postgrespipe.h"
#include "issuer/store/postgresschema.h"
#include "issuer/store/postgresstmt.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

struct postgres {
    struct jt_store base;
    struct jt_postgresconn conn;
    struct jt_postgresbulk bulk;
    const struct jt_migrations *migrations;
    bool in_transaction; /* what is lost with the connection cannot be had anew */
    bool peeked;         /* in one transaction from beginning to end */
};

static struct postgres *self(struct jt_store *store)
{
    return (struct postgres *)(void *)store;
}

/* --- the connection --- */

static enum jt_err reconnect(struct postgres *s, struct jt_diag *diag)
{
    int64_t have = 0;
    JT_TRY(jt_postgresconn_open(&s->conn, NULL, diag));
    memset(s->bulk.prepared, 0, sizeof s->bulk.prepared); /* with the connection before */
    enum jt_err err = jt_postgresschema_read(&s->conn, s->migrations, &have, diag);
    if (err == JT_OK && have == 0) {
        err = jt_diag_fail(diag, JT_ERR_STORE,
                           "%s: has no tables any more; restore it from a backup, or restart "
                           "jetond to begin anew",
                           s->base.name);
    }
    if (err == JT_OK) {
        err = jt_postgresschema_raise(&s->conn, s->migrations, diag); /* an older backup */
    }
    if (err == JT_OK) {
        err = jt_postgresstmt_prepare(&s->conn, diag);
    }
    if (err != JT_OK) {
        jt_postgresconn_drop(&s->conn);
    }
    return err;
}

/* Does `act`, over a new connection where there is none or it turns out to be lost: outside of a
 * transaction nothing was begun that could be done twice. `act` tells by *out_begun when something
 * was. */
static enum jt_err do_connected(struct postgres *s,
                                enum jt_err (*act)(struct postgres *s, const void *with,
                                                   bool *out_begun, struct jt_diag *diag),
                                const void *with, struct jt_diag *diag)
{
    bool begun = false;
    if (s->in_transaction) {
        return act(s, with, &begun, diag);
    }
    bool was_up = jt_postgresconn_is_up(&s->conn);
    if (was_up) {
        enum jt_err err = act(s, with, &begun, diag);
        if (err == JT_OK || begun || jt_postgresconn_is_up(&s->conn)) {
            return err;
        }
    }
    if (diag != NULL) {
        diag->text[0] = 0;
    }
    JT_TRY(reconnect(s, diag));
    return act(s, with, &begun, diag);
}

/* --- transactions --- */

static void postgres_rollback(struct jt_store *store)
{
    struct postgres *s = self(store);
    if (s->peeked || !s->in_transaction) {
        return;
    }
    s->in_transaction = false;
    JT_IGNORE(jt_postgrespipe_drain(&s->conn, NULL)); /* it is undone in any case */
    if (jt_postgresconn_is_up(&s->conn) &&
        jt_postgresconn_exec(&s->conn, "ROLLBACK", NULL) != JT_OK) {
        jt_postgresconn_drop(&s->conn); /* which rolls back, too */
    }
}

static enum jt_err lock_version(struct postgres *s, struct jt_diag *diag)
{
    int64_t version, schema;
    enum jt_err err = jt_postgresconn_number(
        &s->conn, "SELECT value FROM meta WHERE name = 'version' FOR UPDATE", &version, diag);
    if (err == JT_ERR_NOT_FOUND) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: has lost the number 'version' of its table meta; restore it from "
                            "a backup",
                            s->base.name);
    }
    JT_TRY(err);
    /* a newer jetond may have come: what this one would write is not what that one reads */
    return jt_postgresschema_read(&s->conn, s->migrations, &schema, diag);
}

static enum jt_err act_begin(struct postgres *s, const void *sql, bool *out_begun,
                             struct jt_diag *diag)
{
    *out_begun = false; /* nothing is, until it is there */
    JT_TRY(jt_postgresconn_exec(&s->conn, sql, diag));
    s->in_transaction = true;
    return JT_OK;
}

static enum jt_err act_begin_locked(struct postgres *s, const void *sql, bool *out_begun,
                                    struct jt_diag *diag)
{
    JT_TRY(act_begin(s, sql, out_begun, diag));
    enum jt_err err = lock_version(s, diag);
    if (err != JT_OK) {
        postgres_rollback(&s->base);
    }
    return err;
}

static enum jt_err postgres_begin(struct jt_store *store, struct jt_diag *diag)
{
    return do_connected(self(store), act_begin_locked,
                        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", diag);
}

static enum jt_err postgres_begin_read(struct jt_store *store, struct jt_diag *diag)
{
    struct postgres *s = self(store);
    if (s->peeked) {
        return JT_OK;
    }
    return do_connected(s, act_begin, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", diag);
}

/* Rows that are dead and still there: any transaction that began before may see them. ANALYZE counts
 * them, for it reads such small tables whole. */
static const char count_dead[] = "SELECT COALESCE(pg_stat_get_dead_tuples('keys'::regclass), 0)"
                                 " + COALESCE(pg_stat_get_dead_tuples('sealed'::regclass), 0)";

/* With little patience: what waits for a table that others read keeps others from reading it. What is
 * left is erased after a later commit. (ANALYZE takes off what this session has not reported yet; a
 * server older than 15 cannot be told to take that, and may say that none is left.) */
static void erase(struct postgres *s)
{
    static const char *const steps[] = {"SET lock_timeout = '200ms'",
                                        "VACUUM FULL keys",
                                        "VACUUM FULL sealed",
                                        "ANALYZE keys",
                                        "ANALYZE sealed",
                                        "SET lock_timeout = '5s'"};
    int64_t dead = 0;
    bool failed = false;
    JT_IGNORE(jt_postgresconn_exec(&s->conn, "SELECT pg_stat_force_next_flush()", NULL));
    for (size_t i = 0; i < JT_COUNT(steps); i++) {
        failed = jt_postgresconn_exec(&s->conn, steps[i], NULL) != JT_OK || failed;
    }
    failed = failed || jt_postgresconn_number(&s->conn, count_dead, &dead, NULL) != JT_OK;
    s->base.erase = failed || dead > 0;
}

static enum jt_err unknown_outcome(struct postgres *s, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: the connection was lost while the change was committed: whether it "
                        "is stored is not known; look before you make it again",
                        s->base.name);
}

static enum jt_err send_commit(struct postgres *s, struct jt_diag *diag)
{
    JT_TRY(jt_postgrespipe_drain(&s->conn, diag));
    if (s->conn.pg != NULL && PQtransactionStatus(s->conn.pg) == PQTRANS_INERROR) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: a read of this change failed; nothing of it is stored",
                            s->base.name);
    }
    if (s->base.wrote) {
        JT_TRY(jt_postgresconn_exec(&s->conn, "NOTIFY " JT_POSTGRES_CHANNEL, diag));
    }
    if (!jt_postgresconn_is_up(&s->conn)) {
        return jt_postgresconn_unsent(&s->conn, diag);
    }
    enum jt_err err = jt_postgresconn_exec(&s->conn, "COMMIT", diag);
    if (err != JT_OK && !jt_postgresconn_is_up(&s->conn)) {
        return unknown_outcome(s, diag);
    }
    return err;
}

static enum jt_err postgres_commit(struct jt_store *store, struct jt_diag *diag)
{
    struct postgres *s = self(store);
    enum jt_err err = send_commit(s, diag);
    if (err != JT_OK) {
        postgres_rollback(store);
        return err;
    }
    s->in_transaction = false;
    if (store->erase) {
        erase(s);
    }
    return JT_OK;
}

/* --- statements --- */

static enum jt_err postgres_run(struct jt_store *store, const struct jt_sql_call *call,
                                int64_t *out_rows, struct jt_diag *diag)
{
    struct postgres *s = self(store);
    if (out_rows == NULL) { /* an apply has 200,000 of them */
        return jt_postgrespipe_put(&s->conn, call, diag);
    }
    JT_TRY(jt_postgrespipe_drain(&s->conn, diag));
    return jt_postgresstmt_run(&s->conn, call, out_rows, diag);
}

struct reading {
    const struct jt_sql_call *call;
    struct jt_postgresstmt_taker taker;
};

static enum jt_err act_each(struct postgres *s, const void *with, bool *out_begun,
                            struct jt_diag *diag)
{
    const struct reading *reading = with;
    int64_t rows = 0;
    JT_TRY(jt_postgrespipe_drain(&s->conn, diag));
    enum jt_err err = jt_postgresstmt_each(&s->conn, reading->call, &reading->taker, &rows, diag);
    *out_begun = rows > 0; /* they were handed over */
    return err;
}

static enum jt_err postgres_each(struct jt_store *store, const struct jt_sql_call *call,
                                 jt_sql_row_fn take, const void *ctx)
{
    const struct reading reading = {call, {take, ctx}};
    return do_connected(self(store), act_each, &reading, &store->not_read);
}

/* --- the check --- */

/* Every value, so that a page that cannot be read is met; a NUL is looked for because that takes
 * reading them. */
static const char read_all[] =
    "SELECT (SELECT COUNT(position('\\x00'::bytea IN doc)) FROM objects)"
    " + (SELECT COUNT(position('\\x00'::bytea IN mac || COALESCE(blob, ''))) FROM keys)"
    " + (SELECT COUNT(position('\\x00'::bytea IN mac || blob)) FROM sealed)"
    " + (SELECT COUNT(position('\\x00'::bytea IN object || detail)) FROM audit)"
    " + (SELECT COUNT(position('\\x00'::bytea IN request || answer)) FROM replies)"
    " + (SELECT COUNT(used_s) FROM uses) + (SELECT COUNT(mark) FROM commits)";

static enum jt_err act_check(struct postgres *s, const void *with, bool *out_begun,
                             struct jt_diag *diag)
{
    int64_t schema = 0;
    int64_t number = 0;
    (void)with;
    *out_begun = false; /* it changes nothing */
    JT_TRY(jt_postgrespipe_drain(&s->conn, diag));
    JT_TRY(jt_postgresconn_check_server(&s->conn, diag));
    JT_TRY(jt_postgresschema_read(&s->conn, s->migrations, &schema, diag));
    JT_TRY(jt_postgresconn_number(&s->conn, "SELECT (current_setting('fsync') = 'off')::int",
                                  &number, diag));
    if (number != 0) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: its server runs with fsync=off: a power cut may lose or damage "
                            "all of it; turn fsync on",
                            s->base.name);
    }
    if (s->bulk.schema < jt_migrate_newest(s->migrations)) {
        return JT_OK; /* not all of these tables are there; who copies it reads all there is */
    }
    return jt_postgresconn_number(&s->conn, read_all, &number, diag);
}

static enum jt_err postgres_check(struct jt_store *store, struct jt_diag *diag)
{
    return do_connected(self(store), act_check, NULL, diag);
}

/* --- whole rows --- */

static enum jt_err postgres_about(struct jt_store *store, struct jt_bulk_about *out_about,
                                  struct jt_diag *diag)
{
    JT_TRY(jt_postgrespipe_drain(&self(store)->conn, diag));
    return jt_postgresbulk_about(&self(store)->bulk, out_about, diag);
}

static enum jt_err postgres_each_row(struct jt_store *store, enum jt_tables_id table, jt_bulk_fn fn,
                                     void *ctx, struct jt_diag *diag)
{
    JT_TRY(jt_postgrespipe_drain(&self(store)->conn, diag));
    return jt_postgresbulk_each(&self(store)->bulk, table, fn, ctx, diag);
}

static enum jt_err postgres_put_row(struct jt_store *store, enum jt_tables_id table,
                                    const struct jt_bulk_cell *cells, struct jt_diag *diag)
{
    JT_TRY(jt_postgrespipe_drain(&self(store)->conn, diag));
    return jt_postgresbulk_put(&self(store)->bulk, table, cells, diag);
}

static enum jt_err postgres_drop_rows(struct jt_store *store, enum jt_tables_id table,
                                      struct jt_diag *diag)
{
    JT_TRY(jt_postgrespipe_drain(&self(store)->conn, diag));
    return jt_postgresbulk_drop(&self(store)->bulk, table, diag);
}

/* --- opening and closing --- */

static void postgres_close(struct jt_store *store)
{
    struct postgres *s = self(store);
    jt_postgresconn_release(&s->conn);
    free(s);
}

static const struct jt_store_ops ops = {
    .close = postgres_close,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .begin_read = postgres_begin_read,
    .check = postgres_check,
    .run = postgres_run,
    .each = postgres_each,
    .about = postgres_about,
    .each_row = postgres_each_row,
    .put_row = postgres_put_row,
    .drop_rows = postgres_drop_rows,
};

static enum jt_err open_to_write(struct postgres *s, struct jt_diag *diag)
{
    JT_TRY(jt_postgresconn_open(&s->conn, NULL, diag));
    JT_TRY(jt_postgresschema_raise(&s->conn, s->migrations, diag));
    JT_TRY(jt_postgresstmt_prepare(&s->conn, diag));
    erase(s); /* what one that was killed left to erase */
    return JT_OK;
}

static enum jt_err open_to_look(struct postgres *s, struct jt_diag *diag)
{
    s->peeked = s->in_transaction = true;
    JT_TRY(jt_postgresconn_open(&s->conn, NULL, diag));
    JT_TRY(jt_postgresschema_look(&s->conn, s->migrations, diag));
    return jt_postgresstmt_prepare(&s->conn, diag);
}

/* A snapshot as long as it takes; of what schema ever. */
static enum jt_err open_snapshot(struct postgres *s, struct jt_diag *diag)
{
    static const struct jt_migration any[] = {{INT64_MAX, ""}};
    static const struct jt_migrations any_schema = {any, JT_COUNT(any)};
    s->peeked = s->in_transaction = true;
    JT_TRY(jt_postgresconn_open(&s->conn, NULL, diag));
    JT_TRY(jt_postgresconn_exec(&s->conn,
                                "SET statement_timeout = 0;"
                                "SET idle_in_transaction_session_timeout = 0;"
                                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                diag));
    return jt_postgresschema_read(&s->conn, &any_schema, &s->bulk.schema, diag);
}

static enum jt_err postgres_new(const char *conninfo, const struct jt_migrations *migrations,
                                const struct jt_clock *clock, struct postgres **out_postgres,
                                struct jt_diag *diag)
{
    struct postgres *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return JT_ERR_NOMEM;
    }
    s->base.ops = &ops;
    s->base.clock = clock;
    s->migrations = migrations;
    enum jt_err err = jt_postgresconn_init(&s->conn, conninfo, diag);
    if (err != JT_OK) {
        postgres_close(&s->base);
        return err;
    }
    s->base.name = s->conn.conf.name;
    s->bulk.conn = &s->conn;
    s->bulk.schema = jt_migrate_newest(migrations);
    *out_postgres = s;
    return JT_OK;
}

static enum jt_err finish(struct postgres *s, enum jt_err err, struct jt_store **out_store)
{
    if (err != JT_OK) {
        postgres_close(&s->base);
        return err;
    }
    *out_store = &s->base;
    return JT_OK;
}

enum jt_err jt_postgres_open(const char *conninfo, const struct jt_migrations *migrations,
                             const struct jt_clock *clock, struct jt_store **out_store,
                             struct jt_diag *diag)
{
    struct postgres *s = NULL;
    JT_TRY(postgres_new(conninfo, migrations, clock, &s, diag));
    return finish(s, open_to_write(s, diag), out_store);
}

enum jt_err jt_postgres_peek(const char *conninfo, const struct jt_migrations *migrations,
                             struct jt_store **out_store, struct jt_diag *diag)
{
    struct postgres *s = NULL;
    JT_TRY(postgres_new(conninfo, migrations, NULL, &s, diag));
    return finish(s, open_to_look(s, diag), out_store);
}

enum jt_err jt_postgres_look(const char *conninfo, struct jt_store **out_store,
                             struct jt_diag *diag)
{
    struct postgres *s = NULL;
    JT_TRY(postgres_new(conninfo, &jt_migrate_all, NULL, &s, diag));
    return finish(s, open_snapshot(s, diag), out_store);
}
