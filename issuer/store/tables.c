/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/tables.h"

#include "common/base/base.h"

static const char *const names[] = {
#define JT_TABLE(name) [JT_TABLES_##name] = #name,
#define JT_COLUMN(table, name, type, since)
#include "issuer/store/tables.def"
#undef JT_COLUMN
#undef JT_TABLE
};

static const struct jt_tables_column columns[] = {
#define JT_TABLE(name)
#define JT_COLUMN(table, name, type, since) {JT_TABLES_##table, #name, JT_TABLES_##type, since},
#include "issuer/store/tables.def"
#undef JT_COLUMN
#undef JT_TABLE
};

const char *jt_tables_name(enum jt_tables_id table)
{
    return names[table];
}

const struct jt_tables_column *jt_tables_columns(enum jt_tables_id table, size_t *out_n)
{
    size_t first = 0;
    while (columns[first].table != table) {
        first++;
    }
    size_t n = 0;
    while (first + n < JT_COUNT(columns) && columns[first + n].table == table) {
        n++;
    }
    *out_n = n;
    return &columns[first];
}

bool jt_tables_has(enum jt_tables_id table, int64_t schema)
{
    size_t n;
    return jt_tables_columns(table, &n)->since <= schema;
}

enum jt_err jt_tables_select(enum jt_tables_id table, int64_t schema, struct jt_buf *out)
{
    size_t n;
    const struct jt_tables_column *column = jt_tables_columns(table, &n);
    for (size_t i = 0; i < n; i++) {
        JT_TRY(jt_buf_printf(out, "%s%s", i == 0 ? "SELECT " : ", ",
                             column[i].since <= schema ? column[i].name : "NULL"));
    }
    return jt_buf_printf(out, " FROM %s", names[table]);
}

enum jt_err jt_tables_insert(enum jt_tables_id table, int64_t schema, struct jt_buf *out)
{
    size_t n;
    const struct jt_tables_column *column = jt_tables_columns(table, &n);
    JT_TRY(jt_buf_printf(out, "INSERT INTO %s", names[table]));
    for (size_t i = 0; i < n && column[i].since <= schema; i++) {
        JT_TRY(jt_buf_printf(out, "%s%s", i == 0 ? " (" : ", ", column[i].name));
    }
    for (size_t i = 0; i < n && column[i].since <= schema; i++) {
        JT_TRY(jt_buf_printf(out, "%s$%zu", i == 0 ? ") VALUES (" : ", ", i + 1));
    }
    return jt_buf_puts(out, ")");
}

enum jt_err jt_tables_delete(enum jt_tables_id table, struct jt_buf *out)
{
    return jt_buf_printf(out, "DELETE FROM %s", names[table]);
}
