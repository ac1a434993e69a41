/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to standard output: tables and field lists for people, the API's JSON for programs; and
 * the talk that goes to standard error. It decides nothing.
 * Ownership: none.
 * Thread rule: one thread. Writing errors are found by main, once, at the end.
 */
#ifndef JT_CLI_OUTPUT_H
#define JT_CLI_OUTPUT_H

#include "common/base/macros.h"
#include "issuer/cli/cli_pen.h"

#define JT_CLI_OUTPUT_FIELDS 16 /* of an object, at most */

/* One member of an object as people see it; a row without a member ends the fields. */
struct jt_cli_field {
    const char *member;
    const char *label;
    enum jt_cli_form form;
    bool listed; /* a column of tables; else only when one object is shown */
};

/* A table of the objects in the array `items`, columns aligned. */
void jt_cli_output_table(const struct jt_cli_field *fields, const json_t *items);

/* One object, a line per field; lists with an item per line. */
void jt_cli_output_object(const struct jt_cli_field *fields, const json_t *object);

/* `json` as it is, indented. */
void jt_cli_output_json(const json_t *json);

/* A line of talk, its text escaped. */
void jt_cli_output_talk(const char *format, ...) JT_PRINTF(1, 2);

#endif
