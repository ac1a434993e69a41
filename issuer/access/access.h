/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All access data in memory: one immutable part of the root. A change copies the table it touches
 * (of resources, of roles, or one of the client shards) and shares the rest with the part before
 * it.
 * Ownership: shared by reference count; jt_access_apply gives a new part. What find returns is
 * borrowed from the part.
 * Thread rule: immutable once made, any thread.
 */
#ifndef JT_ACCESS_ACCESS_H
#define JT_ACCESS_ACCESS_H

#include "issuer/access/object.h"

#define JT_ACCESS_SHARDS 256

/* Objects of one kind ordered by id. Immutable, shared by reference count. */
struct jt_access_table {
    _Atomic unsigned refs;
    size_t n;
    struct jt_object *items[];
};

struct jt_access {
    _Atomic unsigned refs;
    struct jt_access_table *resources, *roles, *clients[JT_ACCESS_SHARDS];
};

/* One object written (with a reference that stays the caller's) or, with `object` NULL, deleted. */
struct jt_access_change {
    enum jt_store_kind kind;
    struct jt_span id;
    struct jt_object *object;
};

/* Gives `old` (NULL: nothing) with the changes made, later ones winning. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_access_apply(const struct jt_access *old,
                                        const struct jt_access_change *changes, size_t n,
                                        struct jt_access **out_access);

struct jt_access *jt_access_ref(struct jt_access *access);
void jt_access_free(struct jt_access *access); /* drops a reference; NULL is harmless */
JT_AUTOP_DEFINE(access);

/* NULL when there is none. */
const struct jt_object *jt_access_find(const struct jt_access *access, enum jt_store_kind kind,
                                       struct jt_span id);
const struct jt_resource *jt_access_resource(const struct jt_access *access, struct jt_span id);
const struct jt_role *jt_access_role(const struct jt_access *access, struct jt_span name);
const struct jt_client *jt_access_client(const struct jt_access *access, struct jt_span client_id);
/* By its name, for people; looks at every client. */
const struct jt_client *jt_access_client_named(const struct jt_access *access, struct jt_span name);

/* Calls `fn` for every object of `kind`, clients by shard and id; stops when it is not JT_OK. */
typedef enum jt_err (*jt_access_fn)(void *ctx, const struct jt_object *object);
JT_MUST_USE enum jt_err jt_access_each(const struct jt_access *access, enum jt_store_kind kind,
                                       jt_access_fn fn, void *ctx);

/* Does what `object` refers to exist: roles, resources, and their scopes? And is a client's name
 * its own? JT_ERR_INVALID or JT_ERR_EXISTS with a sentence that names the member. */
JT_MUST_USE enum jt_err jt_access_check(const struct jt_access *access,
                                        const struct jt_object *object, struct jt_diag *diag);

/* Would replacing `now` by `then` (NULL: deleting it) leave a grant, a role or a default resource
 * of another object dangling? JT_ERR_CONFLICT with a sentence that names one of those. */
JT_MUST_USE enum jt_err jt_access_check_removal(const struct jt_access *access,
                                                const struct jt_object *now,
                                                const struct jt_object *then, struct jt_diag *diag);

/* Does `resource` define `scope`? */
bool jt_access_defines(const struct jt_resource *resource, struct jt_span scope);

#endif
