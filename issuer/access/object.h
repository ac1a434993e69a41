/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of the access model as immutable records: resource, role, product, client. Each is
 * made from one JSON document (what the store keeps, what the admin API takes) and written back to
 * it, by one table of members a kind (member.h). A record is one allocation, shared by reference
 * count; its spans point into itself, and what a client has is found by places in it, because there
 * may be a million of them. It checks form, not references between objects (access.h does).
 * Ownership: parse gives a reference.
 * Thread rule: immutable once made, any thread; but for the last use of secrets, which is atomic.
 * Sources: RFC 8707 sec. 2 (identifier), RFC 6749 sec. 3.3 (scope), RFC 9068 (claims).
 */
#ifndef JT_ACCESS_OBJECT_H
#define JT_ACCESS_OBJECT_H

#include "common/base/buf.h"
#include "common/base/diag.h"
#include "common/base/digest.h"
#include "common/jose/alg.h"
#include "issuer/access/names.h"
#include "issuer/store/store.h"

#include <jansson.h>

#define JT_OBJECT_MAX_DOC        (1024 * 1024)
#define JT_OBJECT_MAX_SCOPES     128 /* of one resource */
#define JT_OBJECT_MAX_GRANTS     4096
#define JT_OBJECT_MAX_ROLES      64
#define JT_OBJECT_MAX_PRODUCTS   64 /* that one client subscribes to */
#define JT_OBJECT_MAX_SECRETS    16
#define JT_OBJECT_MAX_CLAIMS     4096 /* bytes of a resource's extra claims */
#define JT_OBJECT_MAX_LIFETIME_S 86400
#define JT_OBJECT_MAX_LABELS     32
#define JT_OBJECT_MAX_LABEL_NAME 64  /* characters of a label's name */
#define JT_OBJECT_MAX_TEXT       256 /* bytes of a label's value, and of an owner */

struct jt_label {
    struct jt_span name, value;
};

/* A text of a record, by its place there: jt_object_text. */
struct jt_text {
    uint32_t at : 22, n : 10;
};
#define JT_TEXT_MAX_AT ((size_t)1 << 22)
#define JT_TEXT_MAX_N  ((size_t)1 << 10)

/* What every record begins with. `id`: a resource's identifier, a role's or product's name, a
 * client's id. `version`: of the store when this record was written, 0 before; its entity tag. */
struct jt_object {
    enum jt_store_kind kind;
    _Atomic unsigned refs;
    struct jt_span id;
    int64_t version;
    uint32_t bytes;       /* of memory, all of it */
    struct jt_text owner; /* empty: none */
    uint32_t labels;      /* the place of the first: jt_object_label_at */
    uint32_t n_labels;
};

struct jt_resource {
    struct jt_object object;
    struct jt_span *scopes;
    size_t n_scopes;
    int64_t lifetime_s;
    enum jt_alg alg;
    struct jt_span typ;
    struct jt_span claims; /* extra members as JSON text without braces; empty when none */
    bool shared;           /* may stand beside others in one token's aud */
};

/* A role, or a product. */
struct jt_grant_set {
    struct jt_object object;
    struct jt_grant *grants;
    size_t n_grants;
    bool manual; /* of a product: a subscription waits for approval */
};

enum jt_subscription_status {
    JT_SUBSCRIPTION_ASKED, /* not said: the product's approval decides */
    JT_SUBSCRIPTION_PENDING,
    JT_SUBSCRIPTION_APPROVED,
    JT_SUBSCRIPTION_REVOKED,
    JT_SUBSCRIPTION_COUNT_
};

struct jt_subscription {
    struct jt_text product;
    enum jt_subscription_status status;
};

struct jt_client_secret {
    struct jt_text id, name;
    int64_t created_s, expires_s; /* expires_s 0: never */
    _Atomic int64_t used_s;       /* when it last authenticated, to the minute; 0: not known to */
    uint8_t hash[JT_SHA256_LEN];  /* HMAC under the pepper */
};

struct jt_client {
    struct jt_object object;
    struct jt_span name;
    struct jt_text default_resource;
    uint32_t roles, subscriptions, grants, secrets; /* places of the first; by jt_object_role ... */
    uint16_t n_grants;
    uint8_t n_roles, n_subscriptions, n_secrets;
    bool enabled, strict;
};

/* Gives the record that the JSON object `doc` describes. JT_ERR_INVALID with a sentence that names
 * the member and the mend (`MEMBER: what; how`): unknown member, wrong type, malformed name, grant,
 * scope or identifier, a repeated element, over a limit. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_object_parse(enum jt_store_kind kind, const json_t *doc,
                                        struct jt_object **out_object, struct jt_diag *diag);

/* Gives the JSON document of `object` (json_decref). With `for_store` it holds the hashes of client
 * secrets; without, their last use: it is what the admin API shows. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_object_json(const struct jt_object *object, bool for_store,
                                       json_t **out_doc);

struct jt_object *jt_object_ref(struct jt_object *object);
void jt_object_free(struct jt_object *object); /* drops a reference; NULL is harmless */
JT_AUTOP_DEFINE(object);

/* "resource", "role", "product", "client"; and back, false for any other word. */
const char *jt_object_kind_name(enum jt_store_kind kind);
bool jt_object_find_kind(struct jt_span name, enum jt_store_kind *out_kind);

/* The member that names an object of `kind`: "identifier", "name", "client_id". */
const char *jt_object_id_member(enum jt_store_kind kind);

/* What people call it: a client's name, else the id. */
struct jt_span jt_object_name(const struct jt_object *object);

/* "pending", "approved", "revoked"; "" for JT_SUBSCRIPTION_ASKED. */
const char *jt_object_status_name(enum jt_subscription_status status);

/* A text of the record `object`, which any kind begins with. */
static inline struct jt_span jt_object_text(const struct jt_object *object, struct jt_text text)
{
    return text.n == 0 ? JT_SPAN_NONE : jt_span_of((const uint8_t *)object + text.at, text.n);
}

/* What stands at `place` of it. The last uses of secrets change for as long as a record lives, and
 * the statuses of subscriptions until it is published. */
static inline void *jt_object_place(const struct jt_object *object, uint32_t place)
{
    return (uint8_t *)(uintptr_t)object + place; /* no record is read-only memory */
}

/* The label of index `i`, below n_labels; so for the members of a client. */
struct jt_label jt_object_label_at(const struct jt_object *object, size_t i);
struct jt_span jt_object_role(const struct jt_client *client, size_t i);
struct jt_grant jt_object_grant(const struct jt_client *client, size_t i);

static inline struct jt_subscription *jt_object_subscriptions(const struct jt_client *client)
{
    return jt_object_place(&client->object, client->subscriptions);
}

static inline struct jt_client_secret *jt_object_secrets(const struct jt_client *client)
{
    return jt_object_place(&client->object, client->secrets);
}

/* The value of the label `name`; p NULL when it has none. */
struct jt_span jt_object_label(const struct jt_object *object, struct jt_span name);

/* Does it have the label `wanted`, NAME=VALUE, or NAME with whatever value? */
bool jt_object_has_label(const struct jt_object *object, struct jt_span wanted);

/* The secret of this id, and the subscription to this product; NULL when the client has none. */
struct jt_client_secret *jt_object_secret(const struct jt_client *client, struct jt_span id);
const struct jt_subscription *jt_object_subscription(const struct jt_client *client,
                                                     struct jt_span product);

/* Appends the JSON Schema (2020-12) of an object of `kind`, from the table of its members.
 * JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_object_schema(enum jt_store_kind kind, struct jt_buf *out);

#endif
