/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection string of a PostgreSQL database: what libpq is given, and what is refused before
 * anything is connected: a password in it, and a server beyond this machine of whose TLS nothing is
 * said. It connects nothing.
 * Ownership: in place; release.
 * Thread rule: one thread.
 * Sources: PostgreSQL's "Database Connection Control Functions".
 */
#ifndef JT_STORE_POSTGRESCONF_H
#define JT_STORE_POSTGRESCONF_H

#include "common/base/diag.h"

#include <libpq-fe.h>

struct jt_postgresconf {
    PQconninfoOption *options; /* all that libpq knows; those given have a value */
    char *name;                /* for sentences: database and server, no secret */
};

/* Fills `conf`, which is zero, from `conninfo`. JT_ERR_STORE with a sentence, which never repeats
 * what may be a secret; JT_ERR_NOMEM. Release it also after a failure. */
JT_MUST_USE enum jt_err jt_postgresconf_read(const char *conninfo, struct jt_postgresconf *conf,
                                             struct jt_diag *diag);
void jt_postgresconf_release(struct jt_postgresconf *conf);

#define JT_POSTGRESCONF_MOST 96 /* libpq knows about 45 */

/* The arrays of PQconnectdbParams, borrowed: our defaults, what was given, which goes before, and
 * what must be so. `connect_s` (NULL: what was given, or 5): how long to wait for each server. */
struct jt_postgresconf_params {
    const char *names[JT_POSTGRESCONF_MOST], *values[JT_POSTGRESCONF_MOST];
    size_t n;
};
void jt_postgresconf_params(const struct jt_postgresconf *conf, const char *connect_s,
                            struct jt_postgresconf_params *out_params);

#endif
