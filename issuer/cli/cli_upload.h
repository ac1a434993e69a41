/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of -f on their way through POST /admin/v1/apply: read, sent with a progress bar on a
 * terminal, and what the issuer says of them, told by file and line.
 * Ownership: gives a json_t. Thread rule: one thread.
 */
#ifndef JT_CLI_UPLOAD_H
#define JT_CLI_UPLOAD_H

#include "issuer/cli/cli_spool.h"

struct jt_cli_upload {
    bool dry_run;
    const char *prune; /* NAME=VALUE; NULL: none */
    bool prune_all;
};

/* Reads all files of `run` into `out_spool`. As jt_cli_documents_each and jt_cli_spool_put. */
JT_MUST_USE enum jt_err jt_cli_upload_read(const struct jt_cli_run *run,
                                           struct jt_cli_spool *out_spool, struct jt_diag *diag);

/* Sends the spool and gives the issuer's report. As jt_cli_admin_call; a refusal that is about a
 * line begins with FILE:LINE instead. */
JT_MUST_USE enum jt_err jt_cli_upload_send(const struct jt_cli_run *run,
                                           const struct jt_cli_spool *spool,
                                           const struct jt_cli_upload *how, json_t **out_report,
                                           struct jt_diag *diag);

#endif
