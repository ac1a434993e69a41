/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An apply's report for people: a line per change, `+` for what is made, `~` for what is changed,
 * `-` for what is deleted; in full, with the members and the elements that come and go.
 * Ownership: none. Thread rule: one thread.
 */
#ifndef JT_CLI_CHANGES_H
#define JT_CLI_CHANGES_H

#include "common/json/json.h"
#include "issuer/cli/cli_options.h"

/* Counts of a report; JT_ERR_UNREACHABLE when it is none. */
struct jt_cli_changes {
    int64_t created, updated, deleted, unchanged, more;
    json_t *list; /* borrowed from the report */
};

JT_MUST_USE enum jt_err jt_cli_changes_read(const struct jt_cli_run *run, const json_t *report,
                                            struct jt_cli_changes *out, struct jt_diag *diag);

/* Prints the changes to standard output. */
void jt_cli_changes_print(const struct jt_cli_run *run, const struct jt_cli_changes *changes,
                          bool in_full);

/* "1 created, 2 updated, 0 deleted, 3 unchanged", or with other words: "1 to create, ...". */
#define JT_CLI_CHANGES_SUMMARY 128
void jt_cli_changes_summary(const struct jt_cli_changes *changes, bool done,
                            char out[JT_CLI_CHANGES_SUMMARY]);

#endif
