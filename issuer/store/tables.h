/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the schema with their columns (tables.def) and the statements over whole rows that
 * are made of them, the same for every database. It runs nothing.
 * Ownership: none (constant data); texts go into buffers of the caller's.
 * Thread rule: any thread.
 */
#ifndef JT_STORE_TABLES_H
#define JT_STORE_TABLES_H

#include "common/base/buf.h"

enum jt_tables_id {
#define JT_TABLE(name) JT_TABLES_##name,
#define JT_COLUMN(table, name, type, since)
#include "issuer/store/tables.def"
#undef JT_COLUMN
#undef JT_TABLE
    JT_TABLES_COUNT_
};

enum jt_tables_type { JT_TABLES_NULL, JT_TABLES_NUMBER, JT_TABLES_TEXT, JT_TABLES_BYTES };

struct jt_tables_column {
    enum jt_tables_id table;
    const char *name;
    enum jt_tables_type type; /* of what is not NULL */
    int64_t since;            /* the schema that brought it */
};

#define JT_TABLES_COLUMNS_MAX 16 /* of a table */
#define JT_TABLES_SQL_MAX     1024

const char *jt_tables_name(enum jt_tables_id table);

/* The columns of `table`, `out_n` of them, in the order of their values in a row. */
const struct jt_tables_column *jt_tables_columns(enum jt_tables_id table, size_t *out_n);

/* Has a database of schema `schema` the table? */
bool jt_tables_has(enum jt_tables_id table, int64_t schema);

/* Appends the statement that reads the rows of a database of schema `schema`: NULL stands for what it
 * does not have. JT_ERR_LIMIT, JT_ERR_NOMEM; so below. */
JT_MUST_USE enum jt_err jt_tables_select(enum jt_tables_id table, int64_t schema,
                                         struct jt_buf *out);

/* Appends the statement that adds a row, with parameters $1, $2, ... for the columns that schema
 * `schema` has: the first ones of a table, since a migration adds at the end. */
JT_MUST_USE enum jt_err jt_tables_insert(enum jt_tables_id table, int64_t schema,
                                         struct jt_buf *out);

/* Appends the statement that empties the table. */
JT_MUST_USE enum jt_err jt_tables_delete(enum jt_tables_id table, struct jt_buf *out);

#endif
