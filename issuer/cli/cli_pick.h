/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value out of a JSON value, by a dotted path: members by name, items of arrays by number
 * ("secrets.0.id"). A member whose own name has dots is found too: the longest name that is there
 * wins ("labels.cost.center").
 * Ownership: borrows.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_PICK_H
#define JT_CLI_PICK_H

#include "common/base/diag.h"
#include "common/json/json.h"

/* The value at `path`, borrowed; NULL when there is none. */
json_t *jt_cli_pick_find(const char *path, json_t *value);

/* Prints the value at `path`: a string without quotes, anything else as compact JSON.
 * JT_ERR_NOT_FOUND when there is none, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_pick_print(const char *path, json_t *value, struct jt_diag *diag);

#endif
