/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of the access data: objects ordered by name, then id; where the id is the name, by id
 * alone. Of access.c.
 * Ownership: shared by reference count; a table owns a reference to each object.
 * Thread rule: immutable once made, any thread.
 */
#ifndef JT_ACCESS_ACCESS_TABLE_H
#define JT_ACCESS_ACCESS_TABLE_H

#include "issuer/access/object.h"

struct jt_access_table {
    _Atomic unsigned refs;
    bool by_name; /* of clients */
    size_t n;
    size_t from; /* how many bytes all ids begin with */
    uint64_t
        *keys; /* of each item the eight bytes after those: most of a search stays in here. NULL:
                       by name, for which only people ask */
    struct jt_object *items[];
};

/* What one object of a table is found by. */
struct jt_access_key {
    struct jt_span name, id;
};

/* A reference to `object` is taken, NULL: it leaves the table. */
struct jt_access_entry {
    struct jt_access_key key;
    struct jt_object *object;
};

/* The table of a part that an object of `kind` is found in by its id, and a client by its name. */
size_t jt_access_table_of(enum jt_store_kind kind, struct jt_span id);
size_t jt_access_table_named(struct jt_span name);

struct jt_access_key jt_access_table_key(bool by_name, const struct jt_object *object);
int jt_access_table_order(const struct jt_access_key *a, const struct jt_access_key *b);

/* The index of the first item whose key is not below `key`; the number of items when all are.
 * `table` NULL is an empty one, here and below. */
size_t jt_access_table_seek(const struct jt_access_table *table, const struct jt_access_key *key);

/* Gives an empty one with room for `n` items. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_access_table_new(bool by_name, size_t n,
                                            struct jt_access_table **out_table);

/* The bytes of `name` after the first `from`, eight of them, as a number that sorts as they do; past
 * the end are zeros, which no name has. */
uint64_t jt_access_table_bytes(struct jt_span name, size_t from);

/* Makes the keys of a table that is in order. */
void jt_access_table_index(struct jt_access_table *table);

/* Gives `old` with `n` entries, ordered and of different keys. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_access_table_merge(const struct jt_access_table *old, bool by_name,
                                              const struct jt_access_entry *entries, size_t n,
                                              struct jt_access_table **out_table);

struct jt_access_table *jt_access_table_ref(struct jt_access_table *table);
void jt_access_table_free(struct jt_access_table *table);

#endif
