/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that every database behind store.h runs (sql.def), their parameters and columns,
 * and the numbers that stand for the kinds of object in its tables.
 * Ownership: none (constant data); values borrow.
 * Thread rule: any thread.
 */
#ifndef JT_STORE_SQL_H
#define JT_STORE_SQL_H

#include "issuer/store/store.h"

enum jt_sql {
#define JT_SQL(id, text) JT_SQL_##id,
#include "issuer/store/sql.def"
#undef JT_SQL
    JT_SQL_COUNT_
};

const char *jt_sql_text(enum jt_sql which);

/* A parameter or a column: a number, or bytes as TEXT, as BLOB, or as BLOB that is NULL when empty.
 */
struct jt_sql_value {
    enum jt_sql_type {
        JT_SQL_NUMBER = 'n',
        JT_SQL_TEXT = 't',
        JT_SQL_BYTES = 'b',
        JT_SQL_NULLABLE = 'B',
    } type;
    int64_t number;
    struct jt_span bytes;
};

#define JT_SQL_NUMBER_OF(n)              \
    {                                    \
        JT_SQL_NUMBER, (n), JT_SPAN_NONE \
    }
#define JT_SQL_TEXT_OF(s)   \
    {                       \
        JT_SQL_TEXT, 0, (s) \
    }
#define JT_SQL_BYTES_OF(s)   \
    {                        \
        JT_SQL_BYTES, 0, (s) \
    }
#define JT_SQL_NULLABLE_OF(s)   \
    {                           \
        JT_SQL_NULLABLE, 0, (s) \
    }

/* A statement with its parameters, and the types of the columns that it gives ("" for none), a
 * letter of enum jt_sql_type each. */
struct jt_sql_call {
    enum jt_sql which;
    const struct jt_sql_value *args;
    size_t n;
    const char *columns;
};

#define JT_SQL_MOST_COLUMNS 12

/* Takes a row: as many values as the call has columns, borrowed for the call. */
typedef enum jt_err (*jt_sql_row_fn)(const void *ctx, const struct jt_sql_value *row);

/* JT_ERR_STORE, with the sentence for a value of the database `name` that no jetond has written:
 * another type than the column `column` has, or NULL. */
enum jt_err jt_sql_refuse(const char *name, const char *column, struct jt_diag *diag);

/* The number of `kind` in the tables; their order is the order that jt_store_objects promises. */
int64_t jt_sql_kind_number(enum jt_store_kind kind);

/* The kind of a number from the tables; false when there is none. */
bool jt_sql_find_kind(int64_t number, enum jt_store_kind *out_kind);

#endif
