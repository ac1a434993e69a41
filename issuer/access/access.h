/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All access data in memory: one immutable part of the root. A change copies the tables it touches
 * (of resources, of roles, of products, or some of the client shards) and shares the rest with the
 * part before it.
 * Ownership: shared by reference count; jt_access_apply gives a new part. What find returns is
 * borrowed from the part.
 * Thread rule: immutable once made, any thread.
 */
#ifndef JT_ACCESS_ACCESS_H
#define JT_ACCESS_ACCESS_H

#include "issuer/access/object.h"

#define JT_ACCESS_SHARDS 256

struct jt_access_table; /* access_table.h */

/* Clients stand twice: in the shard of their id, and in that of their name. */
enum {
    JT_ACCESS_RESOURCES,
    JT_ACCESS_ROLES,
    JT_ACCESS_PRODUCTS,
    JT_ACCESS_CLIENTS,
    JT_ACCESS_NAMES = JT_ACCESS_CLIENTS + JT_ACCESS_SHARDS,
    JT_ACCESS_TABLES = JT_ACCESS_NAMES + JT_ACCESS_SHARDS
};

struct jt_access {
    _Atomic unsigned refs;
    struct jt_access_table *tables[JT_ACCESS_TABLES]; /* NULL: empty */
};

/* One object written (with a reference that stays the caller's) or, with `object` NULL, deleted. */
struct jt_access_change {
    enum jt_store_kind kind;
    struct jt_span id;
    struct jt_object *object;
};

/* Gives `old` (NULL: nothing) with the changes made, at most one of each object. The secrets of a
 * client that is replaced keep their last use. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_access_apply(const struct jt_access *old,
                                        const struct jt_access_change *changes, size_t n,
                                        struct jt_access **out_access);

/* Gives a part with `objects` alone, no two of one kind and id: the same as jt_access_apply over
 * nothing, in a fraction of the time and memory where there are many. A reference to each is taken.
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_access_fill(struct jt_object *const *objects, size_t n,
                                       struct jt_access **out_access);

struct jt_access *jt_access_ref(struct jt_access *access);
void jt_access_free(struct jt_access *access); /* drops a reference; NULL is harmless */
JT_AUTOP_DEFINE(access);

/* NULL when there is none. */
const struct jt_object *jt_access_find(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span id);
const struct jt_resource *jt_access_resource(const struct jt_access *access, struct jt_span id);
const struct jt_grant_set *jt_access_role(const struct jt_access *access, struct jt_span name);
const struct jt_grant_set *jt_access_product(const struct jt_access *access, struct jt_span name);
const struct jt_client *jt_access_client(const struct jt_access *access, struct jt_span client_id);
/* By its name, for people. */
const struct jt_client *jt_access_client_named(const struct jt_access *access, struct jt_span name);

/* Do several clients have this name? Only in a part that jt_access_check has yet to refuse. */
bool jt_access_name_repeats(const struct jt_access *access, struct jt_span name);

/* Calls `fn` for every object of `kind`, clients by shard and id; stops when it is not JT_OK. */
typedef enum jt_err (*jt_access_fn)(void *ctx, const struct jt_object *object);
JT_MUST_USE enum jt_err jt_access_each(const struct jt_access *access, enum jt_store_kind kind,
                                       jt_access_fn fn, void *ctx);

/* Calls `fn` for every object of `kind` whose name (jt_object_name) is above `after`, in the order
 * of names; stops when it is not JT_OK, and returns that. For pages: what was last seen is where to
 * go on, whatever changed meanwhile. */
JT_MUST_USE enum jt_err jt_access_walk(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span after, jt_access_fn fn, void *ctx);

/* Does what `object` refers to exist: roles, products, resources, and their scopes? And is a
 * client's name its own? `object` may be in `access` already. JT_ERR_INVALID or JT_ERR_EXISTS with
 * a sentence that names the member. */
JT_MUST_USE enum jt_err jt_access_check(const struct jt_access *access,
                                        const struct jt_object *object, struct jt_diag *diag);

/* Does `then` (NULL: it is deleted) lack what others may refer to in `now`: the object, or a scope?
 */
bool jt_access_loses(const struct jt_object *now, const struct jt_object *then);

/* Does any object refer to what is not there (any more)? JT_ERR_CONFLICT with a sentence that names
 * the object and what it uses. Looks at all of them. */
JT_MUST_USE enum jt_err jt_access_check_all(const struct jt_access *access, struct jt_diag *diag);

/* Does `resource` define `scope`? */
bool jt_access_defines(const struct jt_resource *resource, struct jt_span scope);

#endif
