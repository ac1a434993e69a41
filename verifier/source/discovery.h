/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an issuer to the URL of its key set: where its metadata may stand, and what the document
 * must say. It does not fetch.
 * Ownership: as each call says.
 * Thread rule: any thread.
 * Sources: OpenID Connect Discovery 1.0 sec. 4, RFC 8414 sec. 3.
 */
#ifndef JT_VERIFIER_DISCOVERY_H
#define JT_VERIFIER_DISCOVERY_H

#include "common/base/buf.h"
#include "common/base/diag.h"

#define JT_DISCOVERY_PLACES 2

/* Appends place `at` (below JT_DISCOVERY_PLACES) where the metadata of `issuer` may stand: first
 * <issuer>/.well-known/openid-configuration, then the path insertion of RFC 8414. JT_ERR_URL,
 * JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_discovery_place(struct jt_span issuer, size_t at, struct jt_buf *out);

/* Gives (free() it) the jwks_uri of the metadata `text`. JT_ERR_DISCOVERY with a sentence: not a
 * JSON object, `issuer` in it is not exactly `issuer`, no jwks_uri, or one that is not https (http
 * on loopback is accepted if the issuer is http on loopback too). JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_discovery_read(struct jt_span issuer, struct jt_span text,
                                          struct jt_diag *diag, char **out_uri);

#endif
