/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI document of the admin API, made from the table of routes, from the tables of the
 * objects' members (issuer/access/member.h), and from the schemas of the other bodies (schemas.c). It
 * says nothing of one issuer: all of one version have the same.
 * Ownership: make gives a json_t.
 * Thread rule: any thread.
 * Sources: OpenAPI 3.1.1; JSON Schema 2020-12.
 */
#ifndef JT_ADMIN_OPENAPI_H
#define JT_ADMIN_OPENAPI_H

#include "issuer/admin/admin.h"

/* A schema beside those of the objects; `text` is JSON. */
struct jt_openapi_schema {
    const char *name, *text;
};
extern const struct jt_openapi_schema jt_openapi_schemas[];
extern const size_t jt_openapi_n_schemas;

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_openapi_make(json_t **out_document);

/* GET /admin/v1/openapi.json. */
enum jt_err jt_openapi_get(struct jt_admin_call *call, struct jt_admin_reply *reply);

#endif
