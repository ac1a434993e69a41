/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/access/access.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "issuer/access/access_table.h"

#include "common/base/base.h"

/* --- changes --- */

/* An entry of one table. */
struct placed {
    size_t table;
    struct jt_access_entry entry;
};

static int place_order(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->table != y->table) {
        return x->table < y->table ? -1 : 1;
    }
    return jt_access_table_order(&x->entry.key, &y->entry.key);
}

static void place(struct placed *placed, size_t *n, size_t table, struct jt_access_key key,
                  struct jt_object *object)
{
    placed[(*n)++] = (struct placed){table, {key, object}};
}

static void keep_uses(const struct jt_client *old, const struct jt_client *client)
{
    struct jt_client_secret *secrets = jt_object_secrets(client);
    for (size_t i = 0; i < client->n_secrets; i++) {
        struct jt_span id = jt_object_text(&client->object, secrets[i].id);
        const struct jt_client_secret *secret = jt_object_secret(old, id);
        if (secret != NULL) {
            atomic_store_explicit(&secrets[i].used_s,
                                  atomic_load_explicit(&secret->used_s, memory_order_relaxed),
                                  memory_order_relaxed);
        }
    }
}

/* A client's entries: by id, and by name, where the name that it had before may have to go. */
static void place_client(const struct jt_access *old, const struct jt_access_change *change,
                         struct placed *placed, size_t *n)
{
    const struct jt_client *was = old == NULL ? NULL : jt_access_client(old, change->id);
    const struct jt_client *is = (const struct jt_client *)change->object;
    if (was != NULL && (is == NULL || !jt_span_eq(was->name, is->name))) {
        place(placed, n, jt_access_table_named(was->name), jt_access_table_key(true, &was->object),
              NULL);
    }
    if (is != NULL) {
        place(placed, n, jt_access_table_named(is->name), jt_access_table_key(true, &is->object),
              change->object);
    }
    if (was != NULL && is != NULL) {
        keep_uses(was, is);
    }
}

/* Replaces the table that `n` ordered entries belong to. */
static enum jt_err merge(struct jt_access *access, const struct placed *placed, size_t n,
                         struct jt_access_entry *entries)
{
    struct jt_access_table **slot = &access->tables[placed[0].table], *table = NULL;
    for (size_t i = 0; i < n; i++) {
        entries[i] = placed[i].entry;
    }
    JT_TRY(jt_access_table_merge(*slot, placed[0].table >= JT_ACCESS_NAMES, entries, n, &table));
    jt_access_table_free(*slot);
    *slot = table;
    return JT_OK;
}

/* Every table is copied once, however many of its objects change. */
static enum jt_err apply_all(struct jt_access *access, const struct jt_access *old,
                             const struct jt_access_change *changes, size_t n_changes)
{
    size_t n = 0, from = 0;
    struct placed *placed = calloc(n_changes * 3, sizeof *placed);
    struct jt_access_entry *entries = calloc(n_changes * 3, sizeof *entries);
    enum jt_err err = placed == NULL || entries == NULL ? JT_ERR_NOMEM : JT_OK;
    for (size_t i = 0; err == JT_OK && i < n_changes; i++) {
        place(placed, &n, jt_access_table_of(changes[i].kind, changes[i].id),
              (struct jt_access_key){changes[i].id, JT_SPAN_NONE}, changes[i].object);
        if (changes[i].kind == JT_STORE_CLIENT) {
            place_client(old, &changes[i], placed, &n);
        }
    }
    if (err == JT_OK) {
        qsort(placed, n, sizeof *placed, place_order);
    }
    for (size_t to = 0; err == JT_OK && from < n; from = to) {
        while (to < n && placed[to].table == placed[from].table) {
            to++;
        }
        err = merge(access, placed + from, to - from, entries);
    }
    free(placed);
    free(entries);
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
    for (size_t i = 0; old != NULL && i < JT_ACCESS_TABLES; i++) {
        access->tables[i] = jt_access_table_ref(old->tables[i]);
    }
    enum jt_err err = n == 0 ? JT_OK : apply_all(access, old, changes, n);
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
    for (size_t i = 0; i < JT_ACCESS_TABLES; i++) {
        jt_access_table_free(access->tables[i]);
    }
    free(access);
}

/* --- looking up --- */

const struct jt_object *jt_access_find(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span id)
{
    const struct jt_access_table *table = access->tables[jt_access_table_of(kind, id)];
    size_t at = jt_access_table_seek(table, &(struct jt_access_key){id, JT_SPAN_NONE});
    if (table == NULL || at == table->n || !jt_span_eq(table->items[at]->id, id)) {
        return NULL;
    }
    return table->items[at];
}

const struct jt_resource *jt_access_resource(const struct jt_access *access, struct jt_span id)
{
    return (const struct jt_resource *)jt_access_find(access, JT_STORE_RESOURCE, id);
}

const struct jt_grant_set *jt_access_role(const struct jt_access *access, struct jt_span name)
{
    return (const struct jt_grant_set *)jt_access_find(access, JT_STORE_ROLE, name);
}

const struct jt_grant_set *jt_access_product(const struct jt_access *access, struct jt_span name)
{
    return (const struct jt_grant_set *)jt_access_find(access, JT_STORE_PRODUCT, name);
}

const struct jt_client *jt_access_client(const struct jt_access *access, struct jt_span client_id)
{
    return (const struct jt_client *)jt_access_find(access, JT_STORE_CLIENT, client_id);
}

const struct jt_client *jt_access_client_named(const struct jt_access *access, struct jt_span name)
{
    const struct jt_access_table *table = access->tables[jt_access_table_named(name)];
    size_t at = jt_access_table_seek(table, &(struct jt_access_key){name, JT_SPAN_NONE});
    if (table == NULL || at == table->n || !jt_span_eq(jt_object_name(table->items[at]), name)) {
        return NULL;
    }
    return (const struct jt_client *)table->items[at];
}

bool jt_access_name_repeats(const struct jt_access *access, struct jt_span name)
{
    const struct jt_access_table *table = access->tables[jt_access_table_named(name)];
    size_t at = jt_access_table_seek(table, &(struct jt_access_key){name, JT_SPAN_NONE}) + 1;
    return table != NULL && at < table->n && jt_span_eq(jt_object_name(table->items[at]), name);
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
