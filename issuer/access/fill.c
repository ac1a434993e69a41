/* SPDX-License-Identifier: Apache-2.0 */
/* A part of many objects at once: each table is made of its size, filled, and put in order. */
#include <stdatomic.h>
#include <stdlib.h>

#include "issuer/access/access.h"
#include "issuer/access/access_table.h"

#include "common/base/base.h"

/* An item on its way to its place: the bytes of its name that tell most names of a table apart. */
struct keyed {
    uint64_t key;
    struct jt_object *object;
};

static int compare(const void *left, const void *right, bool by_name)
{
    const struct keyed *a = left, *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    struct jt_access_key x = jt_access_table_key(by_name, a->object);
    struct jt_access_key y = jt_access_table_key(by_name, b->object);
    return jt_access_table_order(&x, &y);
}

static int by_id(const void *left, const void *right)
{
    return compare(left, right, false);
}

static int by_name(const void *left, const void *right)
{
    return compare(left, right, true);
}

/* How many bytes all names of the table begin with. */
static size_t common_start(const struct jt_access_table *table)
{
    struct jt_span first = jt_access_table_key(table->by_name, table->items[0]).name;
    size_t n = first.n;
    for (size_t i = 1; i < table->n && n > 0; i++) {
        struct jt_span name = jt_access_table_key(table->by_name, table->items[i]).name;
        n = name.n < n ? name.n : n;
        while (n > 0 && !jt_span_starts(name, jt_span_of(first.p, n))) {
            n--;
        }
    }
    return n;
}

static void sort(struct jt_access_table *table, struct keyed *scratch)
{
    size_t from = table->n == 0 ? 0 : common_start(table);
    for (size_t i = 0; i < table->n; i++) {
        struct jt_span name = jt_access_table_key(table->by_name, table->items[i]).name;
        scratch[i] = (struct keyed){jt_access_table_bytes(name, from), table->items[i]};
    }
    qsort(scratch, table->n, sizeof *scratch, table->by_name ? by_name : by_id);
    for (size_t i = 0; i < table->n; i++) {
        table->items[i] = scratch[i].object;
    }
    jt_access_table_index(table);
}

static enum jt_err make_tables(struct jt_access *access, const size_t counts[JT_ACCESS_TABLES])
{
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        struct jt_access_table *table = NULL;
        if (counts[i] > 0) {
            JT_TRY(jt_access_table_new(i >= JT_ACCESS_NAMES, counts[i], &table));
        }
        access->tables[i] = table;
    }
    return JT_OK;
}

static void put(struct jt_access *access, size_t at, struct jt_object *object)
{
    struct jt_access_table *table = access->tables[at];
    table->items[table->n++] = jt_object_ref(object);
}

static enum jt_err fill(struct jt_access *access, struct jt_object *const *objects, size_t n)
{
    size_t counts[JT_ACCESS_TABLES] = {0}, most = 0;
    for (size_t i = 0; i < n; i++) {
        counts[jt_access_table_of(objects[i]->kind, objects[i]->id)]++;
        if (objects[i]->kind == JT_STORE_CLIENT) {
            counts[jt_access_table_named(jt_object_name(objects[i]))]++;
        }
    }
    JT_TRY(make_tables(access, counts));
    for (size_t i = 0; i < n; i++) {
        put(access, jt_access_table_of(objects[i]->kind, objects[i]->id), objects[i]);
        if (objects[i]->kind == JT_STORE_CLIENT) {
            put(access, jt_access_table_named(jt_object_name(objects[i])), objects[i]);
        }
    }
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        most = counts[i] > most ? counts[i] : most;
    }
    struct keyed *scratch = calloc(most + 1, sizeof *scratch);
    if (scratch == NULL) {
        return JT_ERR_NOMEM;
    }
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        if (access->tables[i] != NULL) {
            sort(access->tables[i], scratch);
        }
    }
    free(scratch);
    return JT_OK;
}

enum jt_err jt_access_fill(struct jt_object *const *objects, size_t n,
                           struct jt_access **out_access)
{
    struct jt_access *access = NULL;
    JT_TRY(jt_access_apply(NULL, NULL, 0, &access));
    enum jt_err err = fill(access, objects, n);
    if (err != JT_OK) {
        jt_access_free(access);
        return err;
    }
    *out_access = access;
    return JT_OK;
}
