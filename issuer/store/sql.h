/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements that every database behind store.h runs (sql.def), and the numbers that stand for
 * the kinds of object in its tables.
 * Ownership: none (constant data).
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

/* The number of `kind` in the tables; their order is the order that jt_store_objects promises. */
int64_t jt_sql_kind_number(enum jt_store_kind kind);

/* The kind of a number from the tables; false when there is none. */
bool jt_sql_find_kind(int64_t number, enum jt_store_kind *out_kind);

#endif
