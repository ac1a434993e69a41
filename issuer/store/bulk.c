/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/bulk.h"

#include <inttypes.h>

#include "common/base/digest.h"
#include "issuer/store/migrate.h"
#include "issuer/store/postgres.h"
#include "issuer/store/sqlite.h"
#include "issuer/store/store_ops.h"

#include "common/base/base.h"

#define ROW_MAX ((size_t)64 * 1024 * 1024) /* bytes of a row that is summed */

enum jt_err jt_bulk_open(const struct jt_store_where *where, struct jt_store **out_store,
                         struct jt_diag *diag)
{
    if ((where->sqlite_path == NULL) == (where->postgres == NULL)) {
        return JT_ERR_ARGUMENT;
    }
    return where->postgres == NULL ? jt_sqlite_look(where->sqlite_path, out_store, diag)
                                   : jt_postgres_look(where->postgres, out_store, diag);
}

enum jt_err jt_bulk_about(struct jt_store *store, struct jt_bulk_about *out_about,
                          struct jt_diag *diag)
{
    if (store->reading) {
        return JT_ERR_ARGUMENT;
    }
    return store->ops->about(store, out_about, diag);
}

enum jt_err jt_bulk_each(struct jt_store *store, enum jt_tables_id table, jt_bulk_fn fn, void *ctx,
                         struct jt_diag *diag)
{
    if (store->reading) {
        return JT_ERR_ARGUMENT; /* a callback that called its store again */
    }
    struct jt_bulk_about about;
    JT_TRY(store->ops->about(store, &about, diag));
    JT_TRY(jt_migrate_check(&jt_migrate_all, about.schema, store->name, diag));
    store->reading = true;
    enum jt_err err = store->ops->each_row(store, table, fn, ctx, diag);
    store->reading = false;
    return err;
}

enum jt_err jt_bulk_put(struct jt_store *store, enum jt_tables_id table,
                        const struct jt_bulk_cell *cells, struct jt_diag *diag)
{
    if (!store->in_transaction || store->reading) {
        return JT_ERR_ARGUMENT;
    }
    if (store->failed == JT_OK) { /* else nothing more may reach the database */
        store->failed = store->ops->put_row(store, table, cells, &store->why);
    }
    return store->failed == JT_OK ? JT_OK
                                  : jt_diag_fail(diag, store->failed, "%s", store->why.text);
}

/* --- an empty one --- */

static enum jt_err take_any(void *ctx, const struct jt_bulk_cell *cells)
{
    (void)ctx;
    (void)cells;
    return JT_ERR_EXISTS;
}

/* What opening a database for the first time writes: the schema's number, the first mark. */
static bool is_own(enum jt_tables_id table)
{
    return table == JT_TABLES_meta || table == JT_TABLES_commits;
}

static enum jt_err check_empty(struct jt_store *store, enum jt_tables_id table,
                               struct jt_diag *diag)
{
    enum jt_err err = jt_bulk_each(store, table, take_any, NULL, diag);
    if (err == JT_ERR_EXISTS) {
        return jt_diag_fail(diag, err,
                            "%s: is not empty (it has rows in %s); name a new database, for "
                            "nothing is merged",
                            jt_store_name(store), jt_tables_name(table));
    }
    return err;
}

enum jt_err jt_bulk_check_empty(struct jt_store *store, struct jt_diag *diag)
{
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        if (!is_own(table)) {
            JT_TRY(check_empty(store, table, diag));
        }
    }
    return JT_OK;
}

enum jt_err jt_bulk_clear(struct jt_store *store, struct jt_diag *diag)
{
    if (!store->in_transaction) {
        return JT_ERR_ARGUMENT;
    }
    JT_TRY(jt_bulk_check_empty(store, diag));
    struct jt_bulk_about about;
    JT_TRY(store->ops->about(store, &about, diag));
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        if (is_own(table) && jt_tables_has(table, about.schema) && store->failed == JT_OK) {
            store->failed = store->ops->drop_rows(store, table, &store->why);
        }
    }
    return store->failed == JT_OK ? JT_OK
                                  : jt_diag_fail(diag, store->failed, "%s", store->why.text);
}

/* --- sums --- */

static enum jt_err put_cell(struct jt_buf *out, const struct jt_bulk_cell *cell)
{
    switch (cell->type) {
    case JT_TABLES_NULL:
        return jt_buf_puts(out, "-,");
    case JT_TABLES_NUMBER:
        return jt_buf_printf(out, "%" PRId64 ",", cell->number);
    case JT_TABLES_TEXT:
    case JT_TABLES_BYTES:
        break;
    }
    JT_TRY(jt_buf_printf(out, "%c%zu:", cell->type == JT_TABLES_TEXT ? 't' : 'b', cell->bytes.n));
    return jt_buf_put(out, cell->bytes);
}

/* sum + digest modulo 2^256, most significant byte first. */
static void add_digest(uint8_t sum[JT_SHA256_LEN], const uint8_t digest[JT_SHA256_LEN])
{
    unsigned carry = 0;
    for (size_t i = JT_SHA256_LEN; i-- > 0;) {
        carry += (unsigned)sum[i] + digest[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

enum jt_err jt_bulk_sum_add(struct jt_bulk_sum *sum, enum jt_tables_id table,
                            const struct jt_bulk_cell *cells)
{
    JT_AUTO(buf) text = JT_BUF_INIT(ROW_MAX);
    uint8_t digest[JT_SHA256_LEN];
    size_t n;
    (void)jt_tables_columns(table, &n); /* for their number */
    JT_TRY(jt_buf_printf(&text, "%s,", jt_tables_name(table)));
    for (size_t i = 0; i < n; i++) {
        JT_TRY(put_cell(&text, &cells[i]));
    }
    JT_TRY(jt_digest_sha256(jt_buf_span(&text), digest));
    add_digest(sum->digest, digest);
    sum->n[table]++;
    return JT_OK;
}

struct summing {
    struct jt_bulk_sum *sum;
    enum jt_tables_id table;
};

static enum jt_err take_row(void *ctx, const struct jt_bulk_cell *cells)
{
    const struct summing *summing = ctx;
    return jt_bulk_sum_add(summing->sum, summing->table, cells);
}

enum jt_err jt_bulk_sum(struct jt_store *store, struct jt_bulk_sum *out_sum, struct jt_diag *diag)
{
    struct jt_bulk_sum sum = {0};
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        struct summing summing = {&sum, table};
        JT_TRY(jt_bulk_each(store, table, take_row, &summing, diag));
    }
    *out_sum = sum;
    return JT_OK;
}
