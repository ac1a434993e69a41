/* SPDX-License-Identifier: Apache-2.0 */
/* Going through all objects of a kind: as they stand, or in the order of their names, for which the
 * shards of clients are merged. */
#include "issuer/access/access.h"
#include "issuer/access/access_table.h"

#include "common/base/base.h"

static enum jt_err each_of(const struct jt_access_table *table, jt_access_fn fn, void *ctx)
{
    for (size_t i = 0; table != NULL && i < table->n; i++) {
        JT_TRY(fn(ctx, table->items[i]));
    }
    return JT_OK;
}

/* The tables that hold the kind; clients by name when `by_name`. */
static size_t tables_of(enum jt_store_kind kind, bool by_name, size_t *out_first)
{
    static const size_t first[] = {
        [JT_STORE_RESOURCE] = JT_ACCESS_RESOURCES,
        [JT_STORE_ROLE] = JT_ACCESS_ROLES,
        [JT_STORE_PRODUCT] = JT_ACCESS_PRODUCTS,
        [JT_STORE_CLIENT] = JT_ACCESS_CLIENTS,
    };
    *out_first = kind == JT_STORE_CLIENT && by_name ? (size_t)JT_ACCESS_NAMES : first[kind];
    return kind == JT_STORE_CLIENT ? JT_ACCESS_SHARDS : 1;
}

enum jt_err jt_access_each(const struct jt_access *access, enum jt_store_kind kind, jt_access_fn fn,
                           void *ctx)
{
    size_t first, n = tables_of(kind, false, &first);
    for (size_t i = 0; i < n; i++) {
        JT_TRY(each_of(access->tables[first + i], fn, ctx));
    }
    return JT_OK;
}

/* --- by name --- */

/* Where the walk stands in one table. */
struct head {
    const struct jt_access_table *table;
    size_t at;
};

/* Those with items left; a binary heap, the lowest name at the top. */
struct heads {
    struct head items[JT_ACCESS_SHARDS];
    size_t n;
};

static const struct jt_object *item_of(const struct head *head)
{
    return head->table->items[head->at];
}

static bool below(const struct head *a, const struct head *b)
{
    return jt_span_cmp(jt_object_name(item_of(a)), jt_object_name(item_of(b))) < 0;
}

static void sink(struct heads *heads, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heads->n) {
            return;
        }
        if (child + 1 < heads->n && below(&heads->items[child + 1], &heads->items[child])) {
            child++;
        }
        if (!below(&heads->items[child], &heads->items[at])) {
            return;
        }
        struct head swapped = heads->items[at];
        heads->items[at] = heads->items[child];
        heads->items[child] = swapped;
        at = child;
    }
}

/* The first item of `table` above `after`. */
static size_t start_of(const struct jt_access_table *table, struct jt_span after)
{
    size_t at = jt_access_table_seek(table, &(struct jt_access_key){after, JT_SPAN_NONE});
    while (at < table->n && jt_span_eq(jt_object_name(table->items[at]), after)) {
        at++;
    }
    return at;
}

static void begin(struct heads *heads, const struct jt_access *access, enum jt_store_kind kind,
                  struct jt_span after)
{
    size_t first, n = tables_of(kind, true, &first);
    heads->n = 0;
    for (size_t i = 0; i < n; i++) {
        const struct jt_access_table *table = access->tables[first + i];
        size_t at = table == NULL ? 0 : start_of(table, after);
        if (table != NULL && at < table->n) {
            heads->items[heads->n++] = (struct head){table, at};
        }
    }
    for (size_t i = heads->n; i-- > 0;) {
        sink(heads, i);
    }
}

enum jt_err jt_access_walk(const struct jt_access *access, enum jt_store_kind kind,
                           struct jt_span after, jt_access_fn fn, void *ctx)
{
    struct heads heads;
    begin(&heads, access, kind, after);
    while (heads.n > 0) {
        struct head *top = &heads.items[0];
        JT_TRY(fn(ctx, item_of(top)));
        if (++top->at == top->table->n) {
            *top = heads.items[--heads.n];
        }
        sink(&heads, 0);
    }
    return JT_OK;
}
