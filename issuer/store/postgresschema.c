/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/postgresschema.h"

#include "common/base/base.h"

#define MIGRATION_MS (10 * 60 * 1000)

/* An advisory lock: before the first migration there is no table to lock. Its number is ours ("Jetn")
 * and the schema's, so that two issuers' schemas in one database do not meet. */
static const char begin_alone[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
    "SET LOCAL lock_timeout = '5min';"
    "SET LOCAL statement_timeout = 0;"
    "SELECT pg_advisory_xact_lock(1248162926, hashtext(COALESCE(current_schema(), '')))";

static enum jt_err foreign(const struct jt_postgresconn *conn, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: has a table meta of another application; give jetond a database or a "
                        "schema of its own",
                        conn->conf.name);
}

enum jt_err jt_postgresschema_read(struct jt_postgresconn *conn,
                                   const struct jt_migrations *migrations, int64_t *out_schema,
                                   struct jt_diag *diag)
{
    int64_t columns = 0;
    int64_t schema = 0;
    JT_TRY(jt_postgresconn_number(conn,
                                  "SELECT CASE WHEN to_regclass('meta') IS NULL THEN -1 ELSE"
                                  " (SELECT COUNT(*) FROM pg_attribute"
                                  "  WHERE attrelid = to_regclass('meta') AND attname = 'name'"
                                  "  OR attrelid = to_regclass('meta') AND attname = 'value') END",
                                  &columns, diag));
    if (columns < 0) {
        *out_schema = 0;
        return JT_OK;
    }
    if (columns != 2) {
        return foreign(conn, diag);
    }
    enum jt_err err =
        jt_postgresconn_number(conn, "SELECT value FROM meta WHERE name = 'schema'", &schema, diag);
    if (err == JT_ERR_NOT_FOUND || (err == JT_OK && schema < 1)) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is damaged: it has no schema number; restore it from a backup",
                            conn->conf.name);
    }
    JT_TRY(err);
    JT_TRY(jt_migrate_check(migrations, schema, conn->conf.name, diag));
    *out_schema = schema;
    return JT_OK;
}

struct target {
    struct jt_postgresconn *conn;
    struct jt_diag *diag;
};

static enum jt_err exec(void *ctx, const char *sql)
{
    const struct target *t = ctx;
    return jt_postgresconn_exec(t->conn, sql, t->diag);
}

/* In the transaction, with the lock: what others did meanwhile is seen. */
static enum jt_err raise_locked(struct jt_postgresconn *conn,
                                const struct jt_migrations *migrations, struct jt_diag *diag)
{
    struct target t = {conn, diag};
    int64_t have = 0;
    JT_TRY(jt_postgresschema_read(conn, migrations, &have, diag));
    if (have == 0) {
        JT_TRY(exec(&t, "CREATE DOMAIN blob AS BYTEA"));
    } else if (have < jt_migrate_newest(migrations)) {
        JT_TRY(exec(&t, "LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")); /* no change is under way */
    }
    return jt_migrate(migrations, have, conn->conf.name, exec, &t, diag);
}

static enum jt_err begin_and_raise(struct jt_postgresconn *conn,
                                   const struct jt_migrations *migrations, const char *end,
                                   struct jt_diag *diag)
{
    int patience_ms = conn->patience_ms;
    conn->patience_ms = MIGRATION_MS;
    enum jt_err err = jt_postgresconn_exec(conn, begin_alone, diag);
    if (err == JT_OK) {
        err = raise_locked(conn, migrations, diag);
    }
    if (err == JT_OK && end != NULL) {
        err = jt_postgresconn_exec(conn, end, diag);
    }
    if (err != JT_OK && jt_postgresconn_is_up(conn)) {
        JT_IGNORE(jt_postgresconn_exec(conn, "ROLLBACK", NULL)); /* the failure before it is told */
    }
    conn->patience_ms = patience_ms;
    return err;
}

enum jt_err jt_postgresschema_raise(struct jt_postgresconn *conn,
                                    const struct jt_migrations *migrations, struct jt_diag *diag)
{
    int64_t have = 0;
    JT_TRY(jt_postgresschema_read(conn, migrations, &have, diag));
    if (have == jt_migrate_newest(migrations)) {
        return JT_OK;
    }
    return begin_and_raise(conn, migrations, "COMMIT", diag);
}

static enum jt_err check_may_create(struct jt_postgresconn *conn, struct jt_diag *diag)
{
    int64_t may = 0;
    enum jt_err err = jt_postgresconn_number(
        conn, "SELECT has_schema_privilege(current_schema(), 'CREATE')::int", &may, diag);
    if (err == JT_ERR_NOT_FOUND || (err == JT_OK && may == 0)) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: the user may make no tables there; make it the owner of a "
                            "database of its own (createdb -O USER DATABASE)",
                            conn->conf.name);
    }
    return err;
}

enum jt_err jt_postgresschema_look(struct jt_postgresconn *conn,
                                   const struct jt_migrations *migrations, struct jt_diag *diag)
{
    int64_t have = 0;
    JT_TRY(jt_postgresschema_read(conn, migrations, &have, diag));
    if (have == 0) {
        JT_TRY(check_may_create(conn, diag));
        return JT_ERR_NOT_FOUND;
    }
    if (have == jt_migrate_newest(migrations)) {
        return jt_postgresconn_exec(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", diag);
    }
    return begin_and_raise(conn, migrations, NULL, diag);
}
