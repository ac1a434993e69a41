/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of whole rows share: a database with odd values in every column of every table, and
 * all rows of a database as lines that can be compared.
 */
#ifndef JT_TESTS_UNIT_BULK_UNIT_H
#define JT_TESTS_UNIT_BULK_UNIT_H

#include "issuer/store/bulk.h"
#include "issuer/store/copy.h"
#include "issuer/store/migrate.h"
#include "tests/unit/store_unit.h"

#define DUMP_MAX ((size_t)64 * 1024 * 1024)

/* --- filling --- */

/* Text that is UTF-8 without NUL, as PostgreSQL wants it, and different for every row. */
static inline struct jt_span odd_text(size_t row, size_t column)
{
    static char text[JT_TABLES_COLUMNS_MAX][64];
    (void)snprintf(text[column], sizeof text[column], "%zu'\\x\xC3\xA9\x01\xF0\x9F\x94\x91\t\"%zu",
                   row, column);
    return jt_span_str(text[column]);
}

/* Every byte stands in some of them; the first two make them different for every row. */
static inline struct jt_span odd_bytes(size_t row, size_t column)
{
    static uint8_t bytes[JT_TABLES_COLUMNS_MAX][600];
    for (size_t i = 0; i < sizeof bytes[column]; i++) {
        bytes[column][i] = (uint8_t)(row * 7 + column * 31 + i);
    }
    bytes[column][0] = (uint8_t)(row / 256);
    bytes[column][1] = (uint8_t)row;
    return jt_span_of(bytes[column], 2 + row * 37 % 590);
}

static inline int64_t odd_number(size_t row, size_t column)
{
    static const int64_t edges[] = {INT64_MIN, INT64_MAX, 0, -1, INT64_C(1) << 53};
    return row < JT_COUNT(edges) ? edges[row] : (int64_t)(row * 1000 + column);
}

/* The columns that may be NULL are NULL in every third row. */
static inline void odd_row(enum jt_tables_id table, size_t row, struct jt_bulk_cell *cells)
{
    size_t n;
    const struct jt_tables_column *column = jt_tables_columns(table, &n);
    for (size_t i = 0; i < n; i++) {
        cells[i] = (struct jt_bulk_cell){.type = column[i].type};
        bool nullable = strcmp(column[i].name, "doc") == 0 ||
                        (table == JT_TABLES_keys && strcmp(column[i].name, "blob") == 0);
        if (nullable && row % 3 == 0) {
            cells[i].type = JT_TABLES_NULL;
        } else if (column[i].type == JT_TABLES_NUMBER) {
            cells[i].number = odd_number(row, i);
        } else {
            cells[i].bytes =
                column[i].type == JT_TABLES_TEXT ? odd_text(row, i) : odd_bytes(row, i);
        }
    }
}

/* `n` rows in every table but meta, whose version is raised as changes do. */
static inline void fill_all(struct jt_store *store, size_t n)
{
    struct jt_bulk_cell cells[JT_TABLES_COLUMNS_MAX];
    struct jt_diag diag = JT_DIAG_INIT;
    begin(store);
    put(store, JT_STORE_ROLE, "r", "{}");
    commit(store);
    begin(store);
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        for (size_t row = 0; row < n && table != JT_TABLES_meta; row++) {
            if (table == JT_TABLES_commits && row == 2) {
                continue; /* 0: the mark of the beginning is there */
            }
            odd_row(table, row, cells);
            assert_ok(jt_bulk_put(store, table, cells, &diag));
        }
    }
    commit(store);
}

/* --- dumping --- */

struct dump {
    struct jt_buf text;
    size_t columns;
};

static inline enum jt_err dump_row(void *ctx, const struct jt_bulk_cell *cells)
{
    struct dump *dump = ctx;
    for (size_t i = 0; i < dump->columns; i++) {
        assert_ok(jt_buf_printf(&dump->text, " %d:%lld:", (int)cells[i].type,
                                (long long)cells[i].number));
        for (size_t k = 0; k < cells[i].bytes.n; k++) {
            assert_ok(jt_buf_printf(&dump->text, "%02x", cells[i].bytes.p[k]));
        }
    }
    return jt_buf_putc(&dump->text, '\n');
}

static inline int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends the rows of one table, sorted: no database promises an order. */
static inline void dump_table(struct jt_store *store, enum jt_tables_id table, struct jt_buf *out)
{
    struct dump dump = {.text = JT_BUF_INIT(DUMP_MAX)};
    struct jt_diag diag = JT_DIAG_INIT;
    size_t n = 0;
    (void)jt_tables_columns(table, &dump.columns); /* for their number */
    assert_ok(jt_bulk_each(store, table, dump_row, &dump, &diag));
    for (size_t i = 0; i < dump.text.len; i++) {
        n += dump.text.p[i] == '\n';
    }
    char **lines = calloc(n + 1, sizeof *lines);
    assert_non_null(lines);
    char *rest = (char *)dump.text.p;
    for (size_t i = 0; i < n; i++) {
        lines[i] = strsep(&rest, "\n");
    }
    qsort(lines, n, sizeof *lines, compare_lines);
    assert_ok(jt_buf_printf(out, "%s %zu\n", jt_tables_name(table), n));
    for (size_t i = 0; i < n; i++) {
        assert_ok(jt_buf_printf(out, "%s\n", lines[i]));
    }
    free(lines);
    jt_buf_release(&dump.text);
}

static inline void dump_all(const struct jt_store_where *where, struct jt_buf *out)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_bulk_open(where, &store, &diag));
    for (enum jt_tables_id table = 0; table < JT_TABLES_COUNT_; table++) {
        dump_table(store, table, out);
    }
    jt_store_close(store);
}

/* Every row of both, byte by byte. */
static inline void assert_same_rows(const struct jt_store_where *a, const struct jt_store_where *b)
{
    JT_AUTO(buf) first = JT_BUF_INIT(DUMP_MAX);
    JT_AUTO(buf) second = JT_BUF_INIT(DUMP_MAX);
    dump_all(a, &first);
    dump_all(b, &second);
    assert_true(first.len > 1000);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.p, second.p, first.len);
}

/* --- opening --- */

static inline struct jt_store *look(const struct jt_store_where *where)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    enum jt_err err = jt_bulk_open(where, &store, &diag);
    if (err != JT_OK) {
        print_error("%s\n", diag.text);
    }
    assert_ok(err);
    return store;
}

/* Opening to look at is refused with a sentence that holds `word`. */
static inline void assert_not_looked(const char *name, enum jt_err wanted, const char *word)
{
    struct jt_store *store = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_bulk_open(at(name), &store, &diag), wanted);
    assert_null(store);
    assert_non_null(strstr(diag.text, word));
}

#endif
