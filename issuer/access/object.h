/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of the access model as immutable records: resource, role, client. Each is made from
 * one JSON document (what the store keeps, what the admin API takes) and written back to it. A
 * record is one allocation, shared by reference count; its spans point into itself. It checks form,
 * not references between objects (access.h does).
 * Ownership: parse gives a reference.
 * Thread rule: immutable once made, any thread.
 * Sources: RFC 8707 sec. 2 (identifier), RFC 6749 sec. 3.3 (scope), RFC 9068 (claims).
 */
#ifndef JT_ACCESS_OBJECT_H
#define JT_ACCESS_OBJECT_H

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
#define JT_OBJECT_MAX_SECRETS    16
#define JT_OBJECT_MAX_CLAIMS     4096 /* bytes of a resource's extra claims */
#define JT_OBJECT_MAX_LIFETIME_S 86400

/* What every record begins with. `id`: a resource's identifier, a role's name, a client's id. */
struct jt_object {
    enum jt_store_kind kind;
    _Atomic unsigned refs;
    struct jt_span id;
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

struct jt_role {
    struct jt_object object;
    struct jt_grant *grants;
    size_t n_grants;
};

struct jt_client_secret {
    struct jt_span id, name;
    int64_t created_s, expires_s; /* expires_s 0: never */
    uint8_t hash[JT_SHA256_LEN];  /* HMAC under the pepper */
};

struct jt_client {
    struct jt_object object;
    struct jt_span name, default_resource;
    bool enabled, strict;
    struct jt_span *roles;
    size_t n_roles;
    struct jt_grant *grants;
    size_t n_grants;
    struct jt_client_secret *secrets;
    size_t n_secrets;
};

/* Gives the record that the JSON object `doc` describes. JT_ERR_INVALID with a sentence that names
 * the member and the mend (`MEMBER: what; how`): unknown member, wrong type, malformed name, grant,
 * scope or identifier, a repeated element, over a limit. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_object_parse(enum jt_store_kind kind, const json_t *doc,
                                        struct jt_object **out_object, struct jt_diag *diag);

/* Gives the JSON document of `object` (json_decref). With `for_store` it holds the hashes of client
 * secrets; without, it is what the admin API shows. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_object_json(const struct jt_object *object, bool for_store,
                                       json_t **out_doc);

struct jt_object *jt_object_ref(struct jt_object *object);
void jt_object_free(struct jt_object *object); /* drops a reference; NULL is harmless */
JT_AUTOP_DEFINE(object);

/* "resource", "role", "product", "client". */
const char *jt_object_kind_name(enum jt_store_kind kind);

#endif
