/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on their way to the issuer as JSON lines, in an unlinked temporary file: a set of any size
 * needs no memory, is sent with its length known, and can be sent twice (first to look, then to do).
 * It remembers where each line comes from, so that a refusal is told by file and line.
 * Ownership: in place; release. Names of files are borrowed until then.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_SPOOL_H
#define JT_CLI_SPOOL_H

#include "common/json/json.h"
#include "issuer/cli/cli_documents.h"

#define JT_CLI_SPOOL_MAX      ((size_t)1024 * 1024 * 1024) /* bytes; the issuer takes no more */
#define JT_CLI_SPOOL_MAX_LINE ((size_t)1024 * 1024)

struct jt_cli_spool {
    int fd;
    size_t len;            /* of the file, what is pending counted */
    struct jt_buf pending; /* not written yet */
    struct jt_cli_spool_origin *origins;
    size_t n, cap; /* of lines */
    char **files;  /* each name once */
    size_t n_files;
};

/* Makes the file in $TMPDIR, else /tmp. JT_ERR_USAGE with a sentence; JT_ERR_NOMEM. Needs release
 * whatever is returned. */
JT_MUST_USE enum jt_err jt_cli_spool_open(struct jt_cli_spool *out_spool, struct jt_diag *diag);

/* Adds an object as a line. JT_ERR_CONFIG with its place when it is too large, JT_ERR_USAGE when the
 * disk is full, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_spool_put(struct jt_cli_spool *spool,
                                         const struct jt_cli_document *document,
                                         struct jt_diag *diag);

/* Writes what is pending: after it the file is whole. */
JT_MUST_USE enum jt_err jt_cli_spool_finish(struct jt_cli_spool *spool, struct jt_diag *diag);

/* Where the line `number` (from 1) comes from; false when there is no such line. */
bool jt_cli_spool_find(const struct jt_cli_spool *spool, size_t number, const char **out_file,
                       size_t *out_line);

void jt_cli_spool_release(struct jt_cli_spool *spool);

#endif
