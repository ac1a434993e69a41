/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that the files of -f declare, one by one, each with its place. A file is read as JSON
 * (one document after another, so also JSON lines; a list's elements are objects of their own) when
 * its name ends in .json or .jsonl, as YAML when in .yaml or .yml (in either case); anything else, and standard
 * input, as JSON when an object with a quoted name stands first, else as YAML. Of a folder, the
 * files with one of those endings, in the order of their bytes; a folder in it is passed over, which
 * is told. It does not know what an object means.
 * Ownership: what a callback is given is borrowed for the call.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_DOCUMENTS_H
#define JT_CLI_DOCUMENTS_H

#include "common/conf/yamljson.h"
#include "issuer/cli/cli_options.h"

#define JT_CLI_DOCUMENTS_MAX_FILE ((size_t)1024 * 1024 * 1024)
#define JT_CLI_DOCUMENTS_MAX_NAME 4096

struct jt_cli_document {
    const json_t *object;
    const char *file; /* as people know it */
    struct jt_yamldoc_at at;
    const struct jt_yamljson *yaml; /* knows where its members are; NULL: nobody does */
};

struct jt_cli_documents {
    enum jt_err (*take)(void *ctx, const struct jt_cli_document *document, struct jt_diag *diag);
    /* Told of a file that cannot be read on, by the sentence; the next file follows. NULL: that is
     * the end. */
    void (*fault)(void *ctx, const struct jt_diag *diag);
    void *ctx;
    bool
        *empty_list; /* becomes true when an input is "[]": no objects, and meant so; may be NULL */
};

/* Calls `take` with every object of every -f of `run`, in that order. JT_ERR_CONFIG with a sentence
 * that begins FILE:LINE:COLUMN, JT_ERR_USAGE for what cannot be read, JT_ERR_NOMEM, or what `take`
 * returns. */
JT_MUST_USE enum jt_err jt_cli_documents_each(const struct jt_cli_run *run,
                                              const struct jt_cli_documents *documents,
                                              struct jt_diag *diag);

/* Where the member is that `sentence` (`MEMBER: what; mend`) is about; else the object. */
struct jt_yamldoc_at jt_cli_documents_at(const struct jt_cli_document *document,
                                         const char *sentence);

#endif
