/* SPDX-License-Identifier: Apache-2.0 */
/* Every route of the admin API. Rows of one path stand together. */
#include "issuer/admin/about.h"
#include "issuer/admin/admin_apply.h"
#include "issuer/admin/admin_kek.h"
#include "issuer/admin/admin_keys.h"
#include "issuer/admin/asking.h"
#include "issuer/admin/clients.h"
#include "issuer/admin/objects.h"
#include "issuer/admin/openapi.h"
#include "issuer/admin/page.h"
#include "issuer/apply.h"

#include "common/base/base.h"

#define P JT_ADMIN_PREFIX

/* The five things that can be done to each kind. */
#define KIND(of, plural, one, segment, filters, made)                                     \
    {.method = "GET",                                                                     \
     .path = P "/" plural,                                                                \
     .run = jt_objects_list,                                                              \
     .scope = plural ":read",                                                             \
     .kind = (of),                                                                        \
     .params = (filters),                                                                 \
     .status = 200,                                                                       \
     .answer = one "_page",                                                               \
     .operation = "list_" plural,                                                         \
     .summary = "The " plural ", page by page, in the order of their names"},             \
        {.method = "POST",                                                                \
         .path = P "/" plural,                                                            \
         .run = jt_objects_create,                                                        \
         .scope = plural ":write",                                                        \
         .kind = (of),                                                                    \
         .body = one "_new",                                                              \
         .key = true,                                                                     \
         .etag = true,                                                                    \
         .status = 201,                                                                   \
         .answer = (made),                                                                \
         .operation = "create_" one,                                                      \
         .summary = "Makes a " one},                                                      \
        {.method = "GET",                                                                 \
         .path = P "/" plural "/" segment,                                                \
         .run = jt_objects_get,                                                           \
         .scope = plural ":read",                                                         \
         .kind = (of),                                                                    \
         .etag = true,                                                                    \
         .status = 200,                                                                   \
         .answer = (one),                                                                 \
         .operation = "get_" one,                                                         \
         .summary = "One " one},                                                          \
        {.method = "PATCH",                                                               \
         .path = P "/" plural "/" segment,                                                \
         .run = jt_objects_patch,                                                         \
         .scope = plural ":write",                                                        \
         .kind = (of),                                                                    \
         .body = one "_patch",                                                            \
         .if_match = true,                                                                \
         .etag = true,                                                                    \
         .status = 200,                                                                   \
         .answer = (one),                                                                 \
         .operation = "update_" one,                                                      \
         .summary = "Merges the members given (RFC 7396); null resets one"},              \
    {                                                                                     \
        .method = "DELETE", .path = P "/" plural "/" segment, .run = jt_objects_delete,   \
        .scope = plural ":write", .kind = (of), .if_match = true, .status = 204,          \
        .operation = "delete_" one, .summary = "Deletes a " one " that nothing refers to" \
    }

/* A change below a client. */
#define BELOW(verb, below, fn, what, op, told)                                           \
    .method = (verb), .path = P "/clients/{client}" below, .run = (fn), .scope = (what), \
    .kind = JT_STORE_CLIENT, .if_match = true, .operation = (op), .summary = (told)

/* The client after it. */
#define CLIENT .etag = true, .status = 200, .answer = "client"

#define WRITE   "clients:write"
#define APPROVE "clients:approve"

const struct jt_admin_route jt_admin_table[] = {
    {.method = "GET",
     .path = P,
     .run = jt_about_get,
     .scope = "",
     .status = 200,
     .answer = "about",
     .operation = "get_about",
     .summary = "Which issuer this is, and the scopes of its admin API"},
    {.method = "GET",
     .path = P "/openapi.json",
     .run = jt_openapi_get,
     .scope = "",
     .status = 200,
     .answer = "document",
     .operation = "get_openapi",
     .summary = "This document"},
    KIND(JT_STORE_RESOURCE, "resources", "resource", "{identifier}", jt_page_object_params,
         "resource"),
    KIND(JT_STORE_ROLE, "roles", "role", "{role}", jt_page_object_params, "role"),
    KIND(JT_STORE_PRODUCT, "products", "product", "{product}", jt_page_object_params, "product"),
    KIND(JT_STORE_CLIENT, "clients", "client", "{client}", jt_page_client_params, "client_made"),
    {BELOW("POST", "/secrets", jt_clients_add_secret, WRITE, "add_secret",
           "Makes a further secret, shown this once"),
     .body = "secret_new", .may_be_empty = true, .key = true, .etag = true, .status = 201,
     .answer = "secret_made"},
    {BELOW("DELETE", "/secrets/{secret}", jt_clients_revoke_secret, WRITE, "revoke_secret",
           "Revokes one secret"),
     .status = 204},
    {BELOW("POST", "/grants", jt_clients_grant, WRITE, "add_grants", "Gives grants directly"),
     .body = "grants", CLIENT},
    {BELOW("DELETE", "/grants/{grant}", jt_clients_ungrant, WRITE, "remove_grant",
           "Takes one direct grant away"),
     CLIENT},
    {BELOW("POST", "/roles", jt_clients_assign, WRITE, "add_roles", "Gives roles"), .body = "roles",
     CLIENT},
    {BELOW("DELETE", "/roles/{role}", jt_clients_unassign, WRITE, "remove_role",
           "Takes one role away"),
     CLIENT},
    {BELOW("POST", "/subscriptions", jt_clients_subscribe, WRITE, "subscribe",
           "Subscribes to a product: approved or pending, as its approval says"),
     .body = "subscription", CLIENT},
    {BELOW("DELETE", "/subscriptions/{product}", jt_clients_unsubscribe, WRITE, "unsubscribe",
           "Ends a subscription, whatever its status"),
     CLIENT},
    {BELOW("POST", "/subscriptions/{product}/approve", jt_clients_approve, APPROVE,
           "approve_subscription", "Approves a subscription"),
     CLIENT},
    {BELOW("POST", "/subscriptions/{product}/revoke", jt_clients_revoke, APPROVE,
           "revoke_subscription", "Revokes a subscription: it stays, and grants nothing"),
     CLIENT},
    {.method = "GET",
     .path = P "/keys",
     .run = jt_admin_keys_list,
     .waits = true,
     .scope = "keys:read",
     .status = 200,
     .answer = "keys",
     .operation = "list_keys",
     .summary = "The signing keys, newest first, and when the next ones sign"},
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
    {.method = "GET",
     .path = P "/kek",
     .run = jt_admin_kek_look,
     .waits = true,
     .scope = "keys:read",
     .status = 200,
     .answer = "kek",
     .operation = "get_kek",
     .summary = "The key-encryption keys, the rows under each, and what to do next"},
    {.method = "POST",
     .path = P "/kek/rotate",
     .run = jt_admin_kek_rotate,
     .scope = "keys:write",
     .status = 200,
     .answer = "kek",
     .operation = "rotate_kek",
     .summary = "Seals every row under the next key-encryption key"},
    {.method = "POST",
     .path = P "/keys/revoke-all",
     .run = jt_admin_keys_revoke_all,
     .scope = "keys:write",
     .body = "nothing",
     .may_be_empty = true,
     .status = 200,
     .answer = "keys",
     .operation = "revoke_all_keys",
     .summary = "Replaces every key of every algorithm at once, in an emergency"},
    {.method = "POST",
     .path = P "/keys/algorithms",
     .run = jt_admin_keys_add,
     .scope = "keys:write",
     .body = "algorithm",
     .status = 200,
     .answer = "keys",
     .operation = "add_algorithm",
     .summary = "Publishes the first key of a further algorithm"},
    {.method = "DELETE",
     .path = P "/keys/algorithms/{alg}",
     .run = jt_admin_keys_retire,
     .scope = "keys:write",
     .status = 200,
     .answer = "keys",
     .operation = "retire_algorithm",
     .summary = "Lets the keys of an algorithm sign no more"},
    {.method = "GET",
     .path = P "/keys/reach",
     .run = jt_admin_keys_reach,
     .scope = "keys:read",
     .status = 200,
     .answer = "reach",
     .operation = "get_reach",
     .summary = "How far the newest key set has come: an estimate by this issuer's own answers"},
    {.method = "POST",
     .path = P "/explain",
     .run = jt_asking_explain,
     .scope = "clients:read",
     .body = "explain_ask",
     .status = 200,
     .answer = "explanation",
     .operation = "explain",
     .summary = "What a token request would get, and why"},
    {.method = "GET",
     .path = P "/who-can",
     .run = jt_asking_who_can,
     .scope = "clients:read",
     .params = jt_asking_who_can_params,
     .status = 200,
     .answer = "who_can_page",
     .operation = "who_can",
     .summary = "The clients that would get a scope, or any token, and by what right"},
    {.method = "GET",
     .path = P "/doctor",
     .run = jt_asking_doctor,
     .waits = true,
     .scope = "keys:read",
     .status = 200,
     .answer = "checks",
     .operation = "doctor",
     .summary = "What is in order and what is not"},
    {.method = "POST",
     .path = P "/apply",
     .run = jt_admin_apply_run,
     .scope = "resources:write roles:write products:write clients:write clients:approve",
     .look_scope = "resources:read roles:read products:read clients:read",
     .params = jt_admin_apply_params,
     .stream = &jt_admin_apply_stream,
     .max_body = JT_APPLY_MAX_BYTES,
     .body_type = "application/jsonl",
     .status = 200,
     .answer = "apply_report",
     .operation = "apply",
     .summary = "Makes the access model what the lines of the body say, in one change"},
};
const size_t jt_admin_n_table = JT_COUNT(jt_admin_table);
