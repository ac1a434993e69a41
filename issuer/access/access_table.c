/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/access_table.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "issuer/access/access.h"

#include "common/base/base.h"

/* FNV-1a; who chooses ids and names is the operator, so a keyed hash would protect nothing. */
static size_t shard_of(struct jt_span id)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < id.n; i++) {
        hash = (hash ^ id.p[i]) * 16777619u;
    }
    return hash % JT_ACCESS_SHARDS;
}

size_t jt_access_table_of(enum jt_store_kind kind, struct jt_span id)
{
    switch (kind) {
    case JT_STORE_RESOURCE:
        return JT_ACCESS_RESOURCES;
    case JT_STORE_ROLE:
        return JT_ACCESS_ROLES;
    case JT_STORE_PRODUCT:
        return JT_ACCESS_PRODUCTS;
    case JT_STORE_CLIENT:
        break;
    }
    return JT_ACCESS_CLIENTS + shard_of(id);
}

size_t jt_access_table_named(struct jt_span name)
{
    return JT_ACCESS_NAMES + shard_of(name);
}

struct jt_access_key jt_access_table_key(bool by_name, const struct jt_object *object)
{
    return by_name ? (struct jt_access_key){jt_object_name(object), object->id}
                   : (struct jt_access_key){object->id, JT_SPAN_NONE};
}

int jt_access_table_order(const struct jt_access_key *a, const struct jt_access_key *b)
{
    int order = jt_span_cmp(a->name, b->name);
    return order != 0 ? order : jt_span_cmp(a->id, b->id);
}

uint64_t jt_access_table_bytes(struct jt_span name, size_t from)
{
    uint64_t bytes = 0;
    for (size_t i = from; i < from + 8; i++) {
        bytes = bytes << 8 | (i < name.n ? name.p[i] : 0);
    }
    return bytes;
}

/* In order, what the first and the last begin with, all do. */
void jt_access_table_index(struct jt_access_table *table)
{
    if (table->keys == NULL || table->n == 0) {
        return;
    }
    struct jt_span first = table->items[0]->id, last = table->items[table->n - 1]->id;
    size_t from = 0;
    while (from < first.n && from < last.n && first.p[from] == last.p[from]) {
        from++;
    }
    table->from = from;
    for (size_t i = 0; i < table->n; i++) {
        table->keys[i] = jt_access_table_bytes(table->items[i]->id, from);
    }
}

/* Can the keys of `table`, which is not empty, tell where `name` stands? */
static bool shares_start(const struct jt_access_table *table, struct jt_span name)
{
    return table->keys != NULL &&
           jt_span_starts(name, jt_span_of(table->items[0]->id.p, table->from));
}

/* The index of the first key that is not below `bytes`. */
static size_t first_key(const struct jt_access_table *table, uint64_t bytes)
{
    size_t low = 0, high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->keys[middle] < bytes) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t jt_access_table_seek(const struct jt_access_table *table, const struct jt_access_key *key)
{
    size_t low = 0, high = table == NULL ? 0 : table->n;
    if (high > 0 && shares_start(table, key->name)) {
        uint64_t bytes = jt_access_table_bytes(key->name, table->from);
        low = first_key(table, bytes);
        high = bytes == UINT64_MAX ? high : first_key(table, bytes + 1);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct jt_access_key at = jt_access_table_key(table->by_name, table->items[middle]);
        if (jt_access_table_order(&at, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int order_to(const struct jt_access_table *table, size_t index,
                    const struct jt_access_key *key)
{
    struct jt_access_key at = jt_access_table_key(table->by_name, table->items[index]);
    return jt_access_table_order(&at, key);
}

enum jt_err jt_access_table_new(bool by_name, size_t n, struct jt_access_table **out_table)
{
    size_t each = sizeof(struct jt_object *) + (by_name ? 0 : sizeof(uint64_t));
    struct jt_access_table *table = calloc(1, sizeof *table + n * each);
    if (table == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_init(&table->refs, 1);
    table->by_name = by_name;
    table->keys = by_name ? NULL : (uint64_t *)(void *)&table->items[n];
    *out_table = table;
    return JT_OK;
}

enum jt_err jt_access_table_merge(const struct jt_access_table *old, bool by_name,
                                  const struct jt_access_entry *entries, size_t n,
                                  struct jt_access_table **out_table)
{
    size_t n_old = old == NULL ? 0 : old->n, kept = 0, i = 0;
    struct jt_access_table *table = NULL;
    JT_TRY(jt_access_table_new(by_name, n_old + n, &table));
    for (size_t e = 0; e < n; e++) {
        int order = 1;
        while (i < n_old && (order = order_to(old, i, &entries[e].key)) < 0) {
            table->items[kept++] = jt_object_ref(old->items[i++]);
        }
        i += i < n_old && order == 0; /* replaced, or leaving */
        if (entries[e].object != NULL) {
            table->items[kept++] = jt_object_ref(entries[e].object);
        }
    }
    while (i < n_old) {
        table->items[kept++] = jt_object_ref(old->items[i++]);
    }
    table->n = kept;
    jt_access_table_index(table);
    *out_table = table;
    return JT_OK;
}

struct jt_access_table *jt_access_table_ref(struct jt_access_table *table)
{
    if (table != NULL) {
        atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
    }
    return table;
}

void jt_access_table_free(struct jt_access_table *table)
{
    if (table == NULL || atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < table->n; i++) {
        jt_object_free(table->items[i]);
    }
    free(table);
}
