/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token by client credentials: discovery, then the token endpoint with client_secret_basic. Who
 * wants it for what is the caller's.
 * Ownership: gives a json_t.
 * Thread rule: one thread.
 * Sources: RFC 8414, RFC 6749 sec. 2.3.1, 4.4, 5.2; RFC 8707.
 */
#ifndef JT_CLI_TOKEN_ASK_H
#define JT_CLI_TOKEN_ASK_H

#include "common/base/diag.h"
#include "common/json/json.h"

struct jt_cli_token_ask {
    const char *issuer, *issuer_name; /* the URL, and what people call it: "--issuer" */
    const char *credentials;          /* a file; NULL: JETON_CLIENT_ID and JETON_CLIENT_SECRET */
    const char *ca_file;              /* PEM; NULL: the system's */
    long timeout_ms;                  /* of a request; 0: as long as usual */
    struct jt_span form;              /* goes after the grant type: "&resource=..." */
};

/* Gives the endpoint's answer and, borrowed from it, its access_token. JT_ERR_USAGE for a URL or
 * credentials that cannot be used, JT_ERR_UNREACHABLE, JT_ERR_REFUSED with the OAuth error,
 * JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_token_ask_send(const struct jt_cli_token_ask *ask,
                                              json_t **out_answer, struct jt_span *out_token,
                                              struct jt_diag *diag);

#endif
