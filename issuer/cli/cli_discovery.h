/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two discovery documents of an issuer: where they are, and are they its own?
 * Ownership: gives a json_t.
 * Thread rule: one thread.
 * Sources: RFC 8414 sec. 3; OpenID Connect Discovery 1.0 sec. 4.
 */
#ifndef JT_CLI_DISCOVERY_H
#define JT_CLI_DISCOVERY_H

#include "common/json/json.h"
#include "issuer/cli/cli_http.h"

enum jt_cli_discovery { JT_CLI_DISCOVERY_OAUTH, JT_CLI_DISCOVERY_OPENID };

struct jt_cli_discovery_ask {
    const char *issuer, *issuer_name; /* the URL, and what people call it: "--issuer" */
    enum jt_cli_discovery which;
    const char *ca_file; /* PEM; NULL: the system's */
    long timeout_ms;     /* 0: as cli_http.h says */
};

/* Fetches the document, which must be a JSON object whose issuer is the one asked for. `out_date_s`
 * is what its Date header says, 0 when nothing. JT_ERR_USAGE for a URL that cannot be used,
 * JT_ERR_UNREACHABLE with a sentence, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_discovery_get(const struct jt_cli_discovery_ask *ask,
                                             json_t **out_document, int64_t *out_date_s,
                                             struct jt_diag *diag);

#endif
