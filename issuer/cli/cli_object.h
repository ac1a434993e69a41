/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that the admin API keeps in collections (resources, roles, clients), and the five
 * verbs that are the same for each. What differs is data: struct jt_cli_noun.
 * Ownership: constant data.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_OBJECT_H
#define JT_CLI_OBJECT_H

#include "issuer/cli/cli_options.h"
#include "issuer/cli/cli_output.h"

struct jt_cli_noun {
    const char *name;       /* "resource", for people */
    const char *collection; /* "resources", in paths */
    const char *key;        /* the member that `create` takes as its argument */
    const struct jt_cli_field *fields;
};

extern const struct jt_cli_noun jt_cli_object_resource;
extern const struct jt_cli_noun jt_cli_object_role;
extern const struct jt_cli_noun jt_cli_object_client;

/* Handlers of the table. */
JT_MUST_USE enum jt_err jt_cli_object_create(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_list(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_show(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_update(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_delete(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
