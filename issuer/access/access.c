/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/access.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/base.h"

/* FNV-1a; who chooses client ids is the issuer itself, so a keyed hash would protect nothing. */
static size_t shard_of(struct jt_span id)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < id.n; i++) {
        hash = (hash ^ id.p[i]) * 16777619u;
    }
    return hash % JT_ACCESS_SHARDS;
}

/* --- tables --- */

static void table_free(struct jt_access_table *table)
{
    if (table == NULL || atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < table->n; i++) {
        jt_object_free(table->items[i]);
    }
    free(table);
}

static struct jt_access_table *table_ref(struct jt_access_table *table)
{
    if (table != NULL) {
        atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
    }
    return table;
}

/* The index of the first item whose id is not below `id`. */
static size_t table_seek(const struct jt_access_table *table, struct jt_span id)
{
    size_t low = 0, high = table == NULL ? 0 : table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (jt_span_cmp(table->items[middle]->id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct jt_object *table_find(const struct jt_access_table *table, struct jt_span id)
{
    size_t at = table_seek(table, id);
    if (table == NULL || at == table->n || !jt_span_eq(table->items[at]->id, id)) {
        return NULL;
    }
    return table->items[at];
}

static int change_order(const void *a, const void *b)
{
    const struct jt_access_change *const *x = a, *const *y = b;
    int order = jt_span_cmp((*x)->id, (*y)->id);
    return order != 0 ? order : (*x < *y ? -1 : 1); /* one array: later stands higher */
}

/* Merges `old` with `n` changes ordered by id (of equal ids the last counts). */
static enum jt_err table_merge(const struct jt_access_table *old,
                               const struct jt_access_change *const *changes, size_t n,
                               struct jt_access_table **out_table)
{
    size_t n_old = old == NULL ? 0 : old->n, kept = 0, i = 0, c = 0;
    struct jt_access_table *table =
        calloc(1, sizeof *table + (n_old + n) * sizeof(struct jt_object *));
    if (table == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_init(&table->refs, 1);
    while (i < n_old || c < n) {
        int order = i == n_old ? 1 : c == n ? -1 : jt_span_cmp(old->items[i]->id, changes[c]->id);
        if (order < 0) {
            table->items[kept++] = jt_object_ref(old->items[i++]);
            continue;
        }
        i += order == 0;
        while (c + 1 < n && jt_span_eq(changes[c]->id, changes[c + 1]->id)) {
            c++;
        }
        if (changes[c]->object != NULL) {
            table->items[kept++] = jt_object_ref(changes[c]->object);
        }
        c++;
    }
    table->n = kept;
    *out_table = table;
    return JT_OK;
}

/* --- the part --- */

static struct jt_access_table **table_slot(struct jt_access *access, enum jt_store_kind kind,
                                           struct jt_span id)
{
    switch (kind) {
    case JT_STORE_RESOURCE:
        return &access->resources;
    case JT_STORE_ROLE:
        return &access->roles;
    case JT_STORE_CLIENT:
        return &access->clients[shard_of(id)];
    case JT_STORE_PRODUCT:
        break;
    }
    return NULL;
}

/* Replaces the table that `group` belongs to, all of one table and ordered by id. */
static enum jt_err apply_group(struct jt_access *access,
                               const struct jt_access_change *const *group, size_t n)
{
    struct jt_access_table **slot = table_slot(access, group[0]->kind, group[0]->id);
    struct jt_access_table *table = NULL;
    if (slot == NULL) {
        return JT_ERR_ARGUMENT; /* no kind that is kept here; parsing has let none through */
    }
    JT_TRY(table_merge(*slot, group, n, &table));
    table_free(*slot);
    *slot = table;
    return JT_OK;
}

/* Orders the changes by the table they belong to, by counting, and applies each table's at once: a
 * table is copied once however many of its objects change. */
static enum jt_err apply_all(struct jt_access *access, const struct jt_access_change *changes,
                             size_t n)
{
    enum { N_TABLES = 2 + JT_ACCESS_SHARDS };
    size_t starts[N_TABLES + 1] = {0};
    const struct jt_access_change **grouped = calloc(n, sizeof *grouped);
    if (grouped == NULL) {
        return JT_ERR_NOMEM;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            size_t table = changes[i].kind == JT_STORE_RESOURCE ? 0
                           : changes[i].kind == JT_STORE_ROLE   ? 1
                                                                : 2 + shard_of(changes[i].id);
            if (pass == 0) {
                starts[table + 1]++;
            } else {
                grouped[starts[table]++] = &changes[i];
            }
        }
        for (size_t t = 0; pass == 0 && t < N_TABLES; t++) {
            starts[t + 1] += starts[t];
        }
    }
    enum jt_err err = JT_OK;
    for (size_t t = 0, from = 0; err == JT_OK && t < N_TABLES; from = starts[t++]) {
        if (starts[t] > from) {
            qsort(grouped + from, starts[t] - from, sizeof *grouped, change_order);
            err = apply_group(access, grouped + from, starts[t] - from);
        }
    }
    free(grouped);
    return err;
}

enum jt_err jt_access_apply(const struct jt_access *old, const struct jt_access_change *changes,
                            size_t n, struct jt_access **out_access)
{
    struct jt_access *access = calloc(1, sizeof *access);
    if (access == NULL) {
        return JT_ERR_NOMEM;
    }
    atomic_init(&access->refs, 1);
    if (old != NULL) {
        access->resources = table_ref(old->resources);
        access->roles = table_ref(old->roles);
        for (size_t i = 0; i < JT_ACCESS_SHARDS; i++) {
            access->clients[i] = table_ref(old->clients[i]);
        }
    }
    enum jt_err err = n == 0 ? JT_OK : apply_all(access, changes, n);
    if (err != JT_OK) {
        jt_access_free(access);
        return err;
    }
    *out_access = access;
    return JT_OK;
}

struct jt_access *jt_access_ref(struct jt_access *access)
{
    atomic_fetch_add_explicit(&access->refs, 1, memory_order_relaxed);
    return access;
}

void jt_access_free(struct jt_access *access)
{
    if (access == NULL || atomic_fetch_sub_explicit(&access->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    table_free(access->resources);
    table_free(access->roles);
    for (size_t i = 0; i < JT_ACCESS_SHARDS; i++) {
        table_free(access->clients[i]);
    }
    free(access);
}

/* --- looking up --- */

const struct jt_object *jt_access_find(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span id)
{
    switch (kind) {
    case JT_STORE_RESOURCE:
        return table_find(access->resources, id);
    case JT_STORE_ROLE:
        return table_find(access->roles, id);
    case JT_STORE_CLIENT:
        return table_find(access->clients[shard_of(id)], id);
    case JT_STORE_PRODUCT:
        break;
    }
    return NULL;
}

const struct jt_resource *jt_access_resource(const struct jt_access *access, struct jt_span id)
{
    return (const struct jt_resource *)jt_access_find(access, JT_STORE_RESOURCE, id);
}

const struct jt_role *jt_access_role(const struct jt_access *access, struct jt_span name)
{
    return (const struct jt_role *)jt_access_find(access, JT_STORE_ROLE, name);
}

const struct jt_client *jt_access_client(const struct jt_access *access, struct jt_span client_id)
{
    return (const struct jt_client *)jt_access_find(access, JT_STORE_CLIENT, client_id);
}

const struct jt_client *jt_access_client_named(const struct jt_access *access, struct jt_span name)
{
    for (size_t shard = 0; shard < JT_ACCESS_SHARDS; shard++) {
        const struct jt_access_table *table = access->clients[shard];
        for (size_t i = 0; table != NULL && i < table->n; i++) {
            const struct jt_client *client = (const struct jt_client *)table->items[i];
            if (jt_span_eq(client->name, name)) {
                return client;
            }
        }
    }
    return NULL;
}

static enum jt_err each_of(const struct jt_access_table *table, jt_access_fn fn, void *ctx)
{
    for (size_t i = 0; table != NULL && i < table->n; i++) {
        JT_TRY(fn(ctx, table->items[i]));
    }
    return JT_OK;
}

enum jt_err jt_access_each(const struct jt_access *access, enum jt_store_kind kind, jt_access_fn fn,
                           void *ctx)
{
    if (kind == JT_STORE_RESOURCE) {
        return each_of(access->resources, fn, ctx);
    }
    if (kind == JT_STORE_ROLE) {
        return each_of(access->roles, fn, ctx);
    }
    for (size_t shard = 0; kind == JT_STORE_CLIENT && shard < JT_ACCESS_SHARDS; shard++) {
        JT_TRY(each_of(access->clients[shard], fn, ctx));
    }
    return JT_OK;
}

bool jt_access_defines(const struct jt_resource *resource, struct jt_span scope)
{
    for (size_t i = 0; i < resource->n_scopes; i++) {
        if (jt_span_eq(resource->scopes[i], scope)) {
            return true;
        }
    }
    return false;
}
