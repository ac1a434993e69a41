/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token says, decoded for people to read: nothing is verified here, and nothing may be
 * decided from it.
 * Ownership: gives two json_t.
 * Thread rule: one thread.
 * Source: RFC 7515 sec. 3.1.
 */
#ifndef JT_CLI_TOKEN_PARTS_H
#define JT_CLI_TOKEN_PARTS_H

#include "common/base/diag.h"
#include "common/json/json.h"

/* Gives header and claims of the compact JWS `token`. JT_ERR_REFUSED with the part that is no
 * base64url or no JSON object; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_token_parts(struct jt_span token, json_t **out_header,
                                           json_t **out_claims, struct jt_diag *diag);

#endif
