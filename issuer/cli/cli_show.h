/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on standard output in the form that -o and --field ask for: tables and lines for people,
 * JSON, YAML, names, or one value. A list may come in pages and is printed as it comes.
 * Ownership: a listing is its holder's, released by jt_cli_show_end.
 * Thread rule: one thread. Writing errors are found by main, once, at the end.
 */
#ifndef JT_CLI_SHOW_H
#define JT_CLI_SHOW_H

#include "common/json/json.h"
#include "issuer/cli/cli_options.h"
#include "issuer/cli/cli_output.h"

struct jt_cli_shape {
    const char *name; /* the member that -o name prints; NULL: it has none */
    const struct jt_cli_field *fields;
};

/* Is it for people to read (a table, not --field)? Who has a form of his own for them asks this and
 * calls jt_cli_show_value when it is not. */
bool jt_cli_show_people(const struct jt_cli_run *run);

/* Prints `value` as JSON, YAML, one member of it, or its `name` member (of an array, those of its
 * items). JT_ERR_USAGE when names are asked for and `name` is NULL; JT_ERR_NOT_FOUND when the
 * member of --field is not there; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_show_value(const struct jt_cli_run *run, const char *name,
                                          json_t *value, struct jt_diag *diag);

/* Prints one object, or a whole list, for people too. Errors as above. */
JT_MUST_USE enum jt_err jt_cli_show_object(const struct jt_cli_run *run,
                                           const struct jt_cli_shape *shape, json_t *object,
                                           struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_show_list(const struct jt_cli_run *run,
                                         const struct jt_cli_shape *shape, json_t *items,
                                         struct jt_diag *diag);

struct jt_cli_listing {
    const struct jt_cli_run *run;
    const struct jt_cli_shape *shape;
    struct jt_cli_columns columns;
    size_t n;    /* items so far */
    json_t *all; /* with --field: every item, else NULL */
};

/* Begins a list; prints a page of its items; ends it, also after a failure (`err`, which it returns
 * unless ending fails). Columns are as wide as the first page needs. Errors as above. */
void jt_cli_show_begin(struct jt_cli_listing *listing, const struct jt_cli_run *run,
                       const struct jt_cli_shape *shape);
JT_MUST_USE enum jt_err jt_cli_show_page(struct jt_cli_listing *listing, json_t *items,
                                         struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_show_end(struct jt_cli_listing *listing, enum jt_err err,
                                        struct jt_diag *diag);

#endif
