/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that the admin API keeps in collections (resources, roles, products,
 * clients), and the five
 * verbs that are the same for each. What differs is data: struct jt_cli_noun.
 * Ownership: constant data.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_OBJECT_H
#define JT_CLI_OBJECT_H

#include "issuer/cli/cli_options.h"
#include "issuer/cli/cli_show.h"

struct jt_cli_noun {
    const char *name;       /* "resource", for people */
    const char *collection; /* "resources", in paths */
    const char *key;        /* the member that `create` takes as its argument */
    struct jt_cli_shape shape;
};

extern const struct jt_cli_noun jt_cli_object_resource;
extern const struct jt_cli_noun jt_cli_object_role;
extern const struct jt_cli_noun jt_cli_object_product;
extern const struct jt_cli_noun jt_cli_object_client;

/* A list of the API that comes page by page. */
struct jt_cli_pages {
    const struct jt_cli_run *run;
    const char *collection; /* "clients" */
    const char *filter;     /* an encoded query, "" for none */
    uint64_t limit;         /* objects in all; UINT64_MAX: as many as there are */
};

/* Gets every page and prints its items. What jt_cli_admin_call and jt_cli_show_page return. */
JT_MUST_USE enum jt_err jt_cli_object_pages(const struct jt_cli_pages *pages,
                                            struct jt_cli_listing *listing, struct jt_diag *diag);

/* Handlers of the table. */
JT_MUST_USE enum jt_err jt_cli_object_create(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_list(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_show(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_update(const struct jt_cli_run *run, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_object_delete(const struct jt_cli_run *run, struct jt_diag *diag);

#endif
