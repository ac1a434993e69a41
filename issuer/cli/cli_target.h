/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the admin API is that this run asks: a UNIX socket, or a URL with a token of the issuer's
 * own that is fetched once, kept in memory and wiped. The first of these that is given decides:
 * --socket, --context, JETON_SOCKET, JETON_CONTEXT, the current context, /run/jeton/admin.sock.
 * Ownership: the target is main's; what it holds is released with it.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_TARGET_H
#define JT_CLI_TARGET_H

#include "common/base/secret.h"
#include "issuer/cli/cli_contexts.h"
#include "issuer/cli/cli_options.h"

struct jt_cli_target {
    bool found, open;
    const char *socket;                   /* NULL: `context` has a url */
    const struct jt_cli_context *context; /* NULL: none was used */
    struct jt_cli_contexts contexts;      /* that the above may point into */
    long timeout_ms;                      /* of a request; 0: as long as usual */
    struct jt_secret bearer;              /* NUL-ended; empty with a socket */
};

/* Finds which it is; no request is made. JT_ERR_NOT_FOUND for a context that is not there,
 * JT_ERR_CONFIG or JT_ERR_USAGE for a file of contexts that cannot be used, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_target_find(const struct jt_cli_run *run, struct jt_diag *diag);

/* Finds it and, for a url, gets the token, at the first call. JT_ERR_REFUSED, JT_ERR_UNREACHABLE
 * and what jt_cli_target_find returns. */
JT_MUST_USE enum jt_err jt_cli_target_open(const struct jt_cli_run *run, struct jt_diag *diag);

void jt_cli_target_release(struct jt_cli_target *target);

#endif
