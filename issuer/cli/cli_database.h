/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which database a command means: the one that a configuration file of jetond names, or one that is
 * named itself. Opening it to look at, and what its refusals mean to
 * the command line.
 * Ownership: fills in place; release.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_DATABASE_H
#define JT_CLI_DATABASE_H

#include "issuer/cli/cli_options.h"
#include "issuer/store/store.h"

struct jt_cli_database {
    struct jt_store_where where;
    char *text; /* what it points into */
};

#define JT_CLI_DATABASE_INIT \
    {                        \
        {NULL, NULL}, NULL   \
    }

void jt_cli_database_release(struct jt_cli_database *database);

/* The one that the option `name` names, or --config, or /etc/jeton/jetond.yaml when neither is given.
 * JT_ERR_USAGE, JT_ERR_CONFIG with a sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_database_of(const struct jt_cli_run *run, const char *name,
                                           struct jt_cli_database *out_database,
                                           struct jt_diag *diag);

/* `text` as the option `name` has it: sqlite:PATH, postgres:CONNINFO, or a URI of PostgreSQL. Errors as
 * above. */
JT_MUST_USE enum jt_err jt_cli_database_parse(const char *name, const char *text,
                                              struct jt_cli_database *out_database,
                                              struct jt_diag *diag);

/* Gives the database that the option `name`, or the configuration, names: opened to look at. Errors as
 * above and of jt_bulk_open. */
JT_MUST_USE enum jt_err jt_cli_database_look(const struct jt_cli_run *run, const char *name,
                                             struct jt_store **out_store, struct jt_diag *diag);

/* The outcome of a command as the command line tells it: what a database refuses is no wrong use of
 * the command, but JT_ERR_REFUSED. `diag` has a sentence after any failure. */
JT_MUST_USE enum jt_err jt_cli_database_finish(enum jt_err err, struct jt_diag *diag);

#endif
