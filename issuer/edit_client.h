/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only clients have: ids and secrets made by the issuer. Used by edit.c; the check of a
 * request's members also by the admin API.
 * Thread rule: with the issuer's write lock, the check by any thread.
 */
#ifndef JT_ISSUER_EDIT_CLIENT_H
#define JT_ISSUER_EDIT_CLIENT_H

#include "issuer/issuer.h"

struct jt_edit_secret {
    struct jt_span name;   /* borrowed; empty: made from its number */
    int64_t lifetime_s;    /* 0: never expires */
    struct jt_secret text; /* made: to be shown once */
    json_t *row;           /* its view */
};

/* Gives an id for a new client, as a JSON string. JT_ERR_RANDOM, JT_ERR_NOMEM. Any thread. */
JT_MUST_USE enum jt_err jt_edit_client_make_id(const struct jt_issuer *issuer, json_t **out_id);

/* Is what a request says of a secret (NULL or null: nothing) a name and a lifetime? JT_ERR_INVALID
 * with a sentence that begins with the member's name. */
JT_MUST_USE enum jt_err jt_edit_client_check_secret(const json_t *name, const char *name_member,
                                                    const json_t *lifetime,
                                                    const char *lifetime_member,
                                                    struct jt_diag *diag);

/* Gives the document of a new client with one secret, from the admin API's `input`. */
JT_MUST_USE enum jt_err jt_edit_client_new(struct jt_issuer *issuer, const json_t *input,
                                           struct jt_edit_secret *secret, json_t **out_doc,
                                           struct jt_diag *diag);

/* Gives `old` with one more secret. */
JT_MUST_USE enum jt_err jt_edit_client_add_secret(struct jt_issuer *issuer, const json_t *old,
                                                  struct jt_edit_secret *secret, json_t **out_doc,
                                                  struct jt_diag *diag);

/* Puts client_secret into `view`. */
JT_MUST_USE enum jt_err jt_edit_client_show(json_t *view, const struct jt_edit_secret *secret);

void jt_edit_client_release(struct jt_edit_secret *secret);

#endif
