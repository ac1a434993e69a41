/* SPDX-License-Identifier: Apache-2.0 */
/* Every route of the admin API. Rows of one path stand together. */
#include "issuer/admin/admin.h"
#include "issuer/admin/admin_keys.h"
#include "issuer/admin/clients.h"
#include "issuer/admin/objects.h"

#include "common/base/base.h"

#define P JT_ADMIN_PREFIX

/* The five things that can be done to each kind. */
#define KIND(of, plural, one, segment)                                                    \
    {.method = "GET",                                                                     \
     .path = P "/" plural,                                                                \
     .run = jt_objects_list,                                                              \
     .scope = plural ":read",                                                             \
     .kind = (of),                                                                        \
     .status = 200,                                                                       \
     .answer = one "_page",                                                               \
     .operation = "list_" plural,                                                         \
     .summary = "The " plural ", page by page"},                                          \
        {.method = "POST",                                                                \
         .path = P "/" plural,                                                            \
         .run = jt_objects_create,                                                        \
         .scope = plural ":write",                                                        \
         .kind = (of),                                                                    \
         .body = one "_new",                                                              \
         .key = true,                                                                     \
         .status = 201,                                                                   \
         .answer = (of) == JT_STORE_CLIENT ? "client_made" : one,                         \
         .operation = "create_" one,                                                      \
         .summary = "Makes a " one},                                                      \
        {.method = "GET",                                                                 \
         .path = P "/" plural "/" segment,                                                \
         .run = jt_objects_get,                                                           \
         .scope = plural ":read",                                                         \
         .kind = (of),                                                                    \
         .status = 200,                                                                   \
         .answer = one,                                                                   \
         .operation = "get_" one,                                                         \
         .summary = "One " one},                                                          \
        {.method = "PATCH",                                                               \
         .path = P "/" plural "/" segment,                                                \
         .run = jt_objects_patch,                                                         \
         .scope = plural ":write",                                                        \
         .kind = (of),                                                                    \
         .body = one "_patch",                                                            \
         .if_match = true,                                                                \
         .status = 200,                                                                   \
         .answer = one,                                                                   \
         .operation = "update_" one,                                                      \
         .summary = "Merges the members given (RFC 7396); null resets one"},              \
    {                                                                                     \
        .method = "DELETE", .path = P "/" plural "/" segment, .run = jt_objects_delete,   \
        .scope = plural ":write", .kind = (of), .if_match = true, .status = 204,          \
        .operation = "delete_" one, .summary = "Deletes a " one " that nothing refers to" \
    }

/* A change below a client. */
#define BELOW(verb, below, fn, what, result, op, told)                                   \
    .method = (verb), .path = P "/clients/{client}" below, .run = (fn), .scope = (what), \
    .kind = JT_STORE_CLIENT, .if_match = true, .status = (result), .operation = (op),    \
    .summary = (told)

const struct jt_admin_route jt_admin_table[] = {
    KIND(JT_STORE_RESOURCE, "resources", "resource", "{identifier}"),
    KIND(JT_STORE_ROLE, "roles", "role", "{role}"),
    KIND(JT_STORE_PRODUCT, "products", "product", "{product}"),
    KIND(JT_STORE_CLIENT, "clients", "client", "{client}"),
    {BELOW("POST", "/secrets", jt_clients_add_secret, "clients:write", 201, "add_secret",
           "Makes a further secret, shown this once"),
     .body = "secret_new", .may_be_empty = true, .key = true, .answer = "secret_made"},
    {BELOW("DELETE", "/secrets/{secret}", jt_clients_revoke_secret, "clients:write", 204,
           "revoke_secret", "Revokes one secret")},
    {BELOW("POST", "/grants", jt_clients_grant, "clients:write", 200, "add_grants",
           "Gives grants directly"),
     .body = "grants", .answer = "client"},
    {BELOW("DELETE", "/grants/{grant}", jt_clients_ungrant, "clients:write", 200, "remove_grant",
           "Takes one direct grant away"),
     .answer = "client"},
    {.method = "GET",
     .path = P "/keys",
     .run = jt_admin_keys_list,
     .scope = "keys:read",
     .status = 200,
     .answer = "keys",
     .operation = "list_keys",
     .summary = "The signing keys, newest first"},
    {.method = "POST",
     .path = P "/keys/rotate",
     .run = jt_admin_keys_rotate,
     .scope = "keys:write",
     .body = "rotate",
     .may_be_empty = true,
     .status = 200,
     .answer = "keys",
     .operation = "rotate_keys",
     .summary = "Lets the next key sign"},
    {.method = "POST",
     .path = P "/keys/{kid}/revoke",
     .run = jt_admin_keys_revoke,
     .scope = "keys:write",
     .body = "revoke",
     .may_be_empty = true,
     .status = 200,
     .answer = "keys",
     .operation = "revoke_key",
     .summary = "Takes a key out of the key set at once"},
};
const size_t jt_admin_n_table = JT_COUNT(jt_admin_table);
