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
#include "issuer/cli/cli_options.h"
#include "issuer/cli/cli_pen.h"

#define JT_CLI_OUTPUT_FIELDS 16 /* of an object, at most */

/* One member of an object as people see it; a row without a member ends the fields. */
struct jt_cli_field {
    const char *member;
    const char *label;
    enum jt_cli_form form;
    bool listed; /* a column of tables; else only when one object is shown */
};

/* How wide the columns of a table are. */
struct jt_cli_columns {
    size_t width[JT_CLI_OUTPUT_FIELDS];
};

/* The ink for standard output: coloured on a terminal that can, unless --no-color or a NO_COLOR
 * that is not empty says no. */
enum jt_cli_ink jt_cli_output_ink(const struct jt_cli_run *run);

/* The titles of a table, its columns as wide as they and `items` need; then rows of it, aligned as
 * far as they fit. */
void jt_cli_output_titles(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *items,
                          struct jt_cli_columns *out_columns);
void jt_cli_output_rows(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *items,
                        const struct jt_cli_columns *columns);

/* One object, a line per field; lists with an item per line. */
void jt_cli_output_object(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *object);

/* `json` as it is, indented. */
void jt_cli_output_json(const json_t *json);

/* `json` on one line. */
void jt_cli_output_json_line(const json_t *json);

/* Gives `json` indented as a string (free() it), without a line end after it; NULL when memory is out. */
char *jt_cli_output_json_text(const json_t *json);

/* A line of talk, its text escaped. */
void jt_cli_output_talk(const char *format, ...) JT_PRINTF(1, 2);

#endif
