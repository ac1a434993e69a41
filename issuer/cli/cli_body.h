/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request body of the admin API, made from the options that were given: each option fills the
 * member its row names, in the form its type asks.
 * Ownership: gives a json_t.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_BODY_H
#define JT_CLI_BODY_H

#include "common/json/json.h"
#include "issuer/cli/cli_options.h"

/* Gives the object; it is empty when no option with a member was given. JT_ERR_USAGE with a
 * sentence when a value is not of its option's type or not UTF-8; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_body_make(const struct jt_cli_run *run, json_t **out_body,
                                         struct jt_diag *diag);

/* Sets the string member `name` of `body` to `text`, or appends `text` to the array member `name`;
 * `what` names the text to people. JT_ERR_USAGE when it is not UTF-8; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_body_text(json_t *body, const char *name, const char *what,
                                         const char *text, struct jt_diag *diag);
JT_MUST_USE enum jt_err jt_cli_body_append(json_t *body, const char *name, const char *what,
                                           const char *text, struct jt_diag *diag);

#endif
