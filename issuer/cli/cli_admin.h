/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the admin API where cli_target.h says it is; docs/admin-api.md is the contract. It turns
 * refusals into sentences; it prints nothing.
 * Ownership: gives a json_t.
 * Thread rule: one thread.
 * Source: RFC 9457 (problem documents).
 */
#ifndef JT_CLI_ADMIN_H
#define JT_CLI_ADMIN_H

#include "common/json/json.h"
#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_options.h"

#define JT_CLI_ADMIN_DEPTH 5

struct jt_cli_admin_request {
    const char *method;
    const char *path[JT_CLI_ADMIN_DEPTH]; /* segments after /admin/v1, not encoded; the rest NULL */
    const char *query;                    /* encoded, without its '?'; NULL: none */
    const json_t *body;                   /* NULL: none */
    const struct jt_cli_http_upload *upload; /* JSON lines, instead of `body`; NULL: none */
};

/* Sends it. Gives the answer's JSON; with `out_answer` NULL no answer but success is asked for. JT_ERR_NOT_FOUND (404),
 * JT_ERR_REFUSED (any other refusal), both with the server's sentence, or one that names path[1]
 * when the server says no more than that it is not there; JT_ERR_UNREACHABLE,
 * also when what answers is not this API; JT_ERR_NOMEM; and what jt_cli_target_open returns. */
JT_MUST_USE enum jt_err jt_cli_admin_call(const struct jt_cli_run *run,
                                          const struct jt_cli_admin_request *request,
                                          json_t **out_answer, struct jt_diag *diag);

/* The array member `name` of an answer, borrowed. JT_ERR_UNREACHABLE when it has none. */
JT_MUST_USE enum jt_err jt_cli_admin_list(const struct jt_cli_run *run, const json_t *answer,
                                          const char *name, json_t **out_list,
                                          struct jt_diag *diag);

/* Appends NAME=VALUE to a query, with the & that it may need. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_admin_query(struct jt_buf *query, const char *name,
                                           const char *value);

#endif
