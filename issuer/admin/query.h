/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request says beside its body, strictly: the parameters of its query against those that its
 * route takes, and the headers If-Match, If-None-Match and Idempotency-Key.
 * Ownership: the form is the caller's to release (jt_form_release), the call's spans point into it.
 * Thread rule: any thread.
 * Sources: RFC 9110 sec. 8.8.3, 13.1.1, 13.1.2; draft-ietf-httpapi-idempotency-key-header.
 */
#ifndef JT_ADMIN_QUERY_H
#define JT_ADMIN_QUERY_H

#include "common/http/form.h"
#include "issuer/admin/admin.h"

/* Fills call->params. JT_ERR_REQUEST; JT_ERR_INVALID with a sentence that names the parameter: unknown,
 * repeated, missing, or not of its type. On failure nothing needs release. */
JT_MUST_USE enum jt_err jt_query_params(struct jt_admin_call *call, struct jt_form *out_form);

/* Fills call->how.if_version and call->how.key from the headers. JT_ERR_INVALID when one is malformed,
 * stands twice, or the route does not take it. */
JT_MUST_USE enum jt_err jt_query_headers(struct jt_admin_call *call);

/* Does If-None-Match name `version`? */
bool jt_query_none_match(const struct jt_request *request, int64_t version);

/* Writes the entity tag of `version`. */
#define JT_QUERY_ETAG_MAX 24
void jt_query_etag(int64_t version, char out[JT_QUERY_ETAG_MAX]);

#endif
