/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin listener's endpoints (docs/admin-api.md): one route table; handlers of
 * common/http/server.h whose `app` is the issuer.
 * Ownership: as server.h says.
 * Thread rule: the admin server's threads, which may block on the store.
 * Sources: RFC 9457 (problem documents).
 */
#ifndef JT_ADMIN_ADMIN_H
#define JT_ADMIN_ADMIN_H

#include "common/http/server.h"
#include "issuer/issuer.h"

#include <jansson.h>

extern const struct jt_route jt_admin_routes[];
extern const size_t jt_admin_n_routes;

#define JT_ADMIN_MAX_BODY (1024 * 1024)

/* The server's own refusals as problem documents. */
void jt_admin_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer);

/* --- shared by the handlers --- */

/* The actor that audit lines name: who may open the socket. */
#define JT_ADMIN_ACTOR "admin-socket"

/* Answers `json` (taken) with `status`; NULL is answered as out of memory. */
void jt_admin_answer(struct jt_answer *answer, int status, json_t *json);

/* Answers a problem document for `err`; `member` comes from a sentence that begins `MEMBER: `. */
void jt_admin_refuse(struct jt_answer *answer, enum jt_err err, const struct jt_diag *diag);

/* Parses the request's body as a JSON object; an empty body is `{}` when `may_be_empty`. Answers
 * the refusal itself and returns NULL when it is none. The caller json_decrefs. */
json_t *jt_admin_body(const struct jt_request *request, bool may_be_empty,
                      struct jt_answer *answer);

/* Is each member of `body` one of `names` (NULL-ended)? Answers the refusal itself when not. */
bool jt_admin_only(const json_t *body, const char *const *names, struct jt_answer *answer);

/* The handlers, one file per noun. */
void jt_objects_list_resources(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_list_roles(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_list_clients(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_create_resource(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_create_role(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_create_client(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_get_resource(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_get_role(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_get_client(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_patch_resource(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_patch_role(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_patch_client(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_delete_resource(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_delete_role(void *app, const struct jt_request *, struct jt_answer *);
void jt_objects_delete_client(void *app, const struct jt_request *, struct jt_answer *);
void jt_clients_add_secret(void *app, const struct jt_request *, struct jt_answer *);
void jt_clients_revoke_secret(void *app, const struct jt_request *, struct jt_answer *);
void jt_clients_grant(void *app, const struct jt_request *, struct jt_answer *);
void jt_clients_ungrant(void *app, const struct jt_request *, struct jt_answer *);
void jt_admin_keys_list(void *app, const struct jt_request *, struct jt_answer *);
void jt_admin_keys_rotate(void *app, const struct jt_request *, struct jt_answer *);
void jt_admin_keys_revoke(void *app, const struct jt_request *, struct jt_answer *);
void jt_health_live(void *app, const struct jt_request *, struct jt_answer *);
void jt_health_ready(void *app, const struct jt_request *, struct jt_answer *);

#endif
