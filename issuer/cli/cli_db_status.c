/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_db_status.h"

#include "issuer/cli/cli_database.h"
#include "issuer/cli/cli_show.h"
#include "issuer/store/bulk.h"
#include "issuer/store/sql.h"

#include "common/base/base.h"

static const struct jt_cli_field fields[] = {
    {"database", "database", JT_CLI_FORM_PLAIN, true},
    {"kind", "kind", JT_CLI_FORM_PLAIN, true},
    {"daemons", "daemons", JT_CLI_FORM_PLAIN, true},
    {"bytes", "bytes", JT_CLI_FORM_PLAIN, true},
    {"schema", "schema", JT_CLI_FORM_PLAIN, true},
    {"schema_newest", "newest schema", JT_CLI_FORM_PLAIN, true},
    {"version", "version", JT_CLI_FORM_PLAIN, true},
    {"objects", "objects", JT_CLI_FORM_LABELS, true},
    {"deleted", "deleted", JT_CLI_FORM_PLAIN, true},
    {"keys", "keys", JT_CLI_FORM_LABELS, true},
    {"sealed", "sealed", JT_CLI_FORM_PLAIN, true},
    {0}};
static const struct jt_cli_shape shape = {NULL, fields};

static const char *const kinds[] = {
    [JT_STORE_RESOURCE] = "resource",
    [JT_STORE_ROLE] = "role",
    [JT_STORE_PRODUCT] = "product",
    [JT_STORE_CLIENT] = "client",
};

enum state { NEXT, ACTIVE, RETIRING, DROPPED, REVOKED };
static const char *const states[] = {[NEXT] = "next",
                                     [ACTIVE] = "active",
                                     [RETIRING] = "retiring",
                                     [DROPPED] = "dropped",
                                     [REVOKED] = "revoked"};

struct counts {
    int64_t version;
    int64_t objects[JT_COUNT(kinds)], deleted;
    int64_t keys[JT_COUNT(states)];
    int64_t sealed; /* rows with something sealed in them */
};

/* --- counting --- */

/* A column of a row by its name, which the table has. */
static const struct jt_bulk_cell *cell(enum jt_tables_id table, const struct jt_bulk_cell *cells,
                                       const char *name)
{
    size_t n, i = 0;
    const struct jt_tables_column *columns = jt_tables_columns(table, &n);
    while (strcmp(columns[i].name, name) != 0) {
        i++;
    }
    return &cells[i];
}

static enum jt_err take_meta(void *ctx, const struct jt_bulk_cell *cells)
{
    struct counts *counts = ctx;
    if (jt_span_is(cell(JT_TABLES_meta, cells, "name")->bytes, "version")) {
        counts->version = cell(JT_TABLES_meta, cells, "value")->number;
    }
    return JT_OK;
}

static enum jt_err take_object(void *ctx, const struct jt_bulk_cell *cells)
{
    struct counts *counts = ctx;
    enum jt_store_kind kind;
    if (cell(JT_TABLES_objects, cells, "doc")->type == JT_TABLES_NULL) {
        counts->deleted++;
    } else if (jt_sql_find_kind(cell(JT_TABLES_objects, cells, "kind")->number, &kind)) {
        counts->objects[kind]++;
    }
    return JT_OK;
}

static bool is_set(const struct jt_bulk_cell *cells, const char *name)
{
    return cell(JT_TABLES_keys, cells, name)->number != 0;
}

/* docs/architecture.md, "The key schedule". */
static enum state state_of(const struct jt_bulk_cell *cells)
{
    if (is_set(cells, "revoked_at_s")) {
        return REVOKED;
    }
    if (is_set(cells, "dropped_at_s")) {
        return DROPPED;
    }
    if (is_set(cells, "sign_until_s")) {
        return RETIRING;
    }
    return is_set(cells, "sign_from_s") ? ACTIVE : NEXT;
}

static enum jt_err take_key(void *ctx, const struct jt_bulk_cell *cells)
{
    struct counts *counts = ctx;
    counts->keys[state_of(cells)]++;
    counts->sealed += cell(JT_TABLES_keys, cells, "blob")->bytes.n > 0;
    return JT_OK;
}

static enum jt_err take_sealed(void *ctx, const struct jt_bulk_cell *cells)
{
    struct counts *counts = ctx;
    (void)cells;
    counts->sealed++;
    return JT_OK;
}

static enum jt_err count(struct jt_store *store, struct counts *counts, struct jt_diag *diag)
{
    JT_TRY(jt_bulk_each(store, JT_TABLES_meta, take_meta, counts, diag));
    JT_TRY(jt_bulk_each(store, JT_TABLES_objects, take_object, counts, diag));
    JT_TRY(jt_bulk_each(store, JT_TABLES_keys, take_key, counts, diag));
    return jt_bulk_each(store, JT_TABLES_sealed, take_sealed, counts, diag);
}

/* --- telling --- */

static json_t *numbers(const char *const *names, const int64_t *values, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++) {
        if (json_object_set_new(object, names[i], json_integer(values[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static enum jt_err add_counts(json_t *status, const struct counts *counts)
{
    json_t *objects = numbers(kinds, counts->objects, JT_COUNT(kinds));
    json_t *keys = numbers(states, counts->keys, JT_COUNT(states));
    JT_JSON_AUTO json_t *more = json_pack(
        "{s:I, s:o, s:I, s:o, s:I}", "version", (json_int_t)counts->version, "objects", objects,
        "deleted", (json_int_t)counts->deleted, "keys", keys, "sealed", (json_int_t)counts->sealed);
    return more != NULL && json_object_update(status, more) == 0 ? JT_OK : JT_ERR_NOMEM;
}

/* Of a newer schema no more is known than that. */
static enum jt_err show(const struct jt_cli_run *run, struct jt_store *store, struct jt_diag *diag)
{
    struct jt_bulk_about about;
    struct counts counts = {0};
    JT_TRY(jt_bulk_about(store, &about, diag));
    JT_JSON_AUTO json_t *status = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I}", "database", jt_store_name(store), "kind", about.kind,
        "daemons", (json_int_t)about.daemons, "bytes", (json_int_t)about.bytes, "schema",
        (json_int_t)about.schema, "schema_newest", (json_int_t)about.newest);
    JT_TRY(status == NULL ? JT_ERR_NOMEM : JT_OK);
    if (about.schema <= about.newest) {
        JT_TRY(count(store, &counts, diag));
        JT_TRY(add_counts(status, &counts));
    }
    return jt_cli_show_object(run, &shape, status, diag);
}

enum jt_err jt_cli_db_status(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_store *store = NULL;
    enum jt_err err = jt_cli_database_look(run, "database", &store, diag);
    err = err == JT_OK ? show(run, store, diag) : err;
    jt_store_close(store);
    return jt_cli_database_finish(err, diag);
}
