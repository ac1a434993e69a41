/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuers that this user has given names to: ${XDG_CONFIG_HOME:-~/.config}/jeton/contexts.yaml,
 * mode 0600. It holds no secret: credentials are the path of a file. A file that others may write,
 * or own, is refused: it says where requests go.
 * Ownership: jt_cli_contexts_load fills in place; release.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_CONTEXTS_H
#define JT_CLI_CONTEXTS_H

#include "common/base/buf.h"
#include "common/conf/conf.h"
#include "common/json/json.h"

#define JT_CLI_CONTEXTS_MAX      100
#define JT_CLI_CONTEXTS_NAME_MAX 64

/* Either `socket`, or `url` (of the admin listener) with `issuer` and `credentials`. */
struct jt_cli_context {
    struct jt_yamldoc_at at;
    char *name, *socket, *url, *issuer, *credentials, *ca_file;
};

struct jt_cli_contexts {
    char *current; /* NULL: none */
    struct jt_conf_sections list;
};

#define JT_CLI_CONTEXTS_INIT \
    {                        \
        NULL,                \
        {                    \
            NULL, 0          \
        }                    \
    }

/* Appends the path of the file. JT_ERR_USAGE when neither XDG_CONFIG_HOME nor HOME is set. */
JT_MUST_USE enum jt_err jt_cli_contexts_path(struct jt_buf *out, struct jt_diag *diag);

/* Reads the file; none there, or no home, is none in it. JT_ERR_CONFIG or JT_ERR_USAGE with a
 * sentence, JT_ERR_NOMEM; after all of them `out_contexts` is empty. */
JT_MUST_USE enum jt_err jt_cli_contexts_load(struct jt_cli_contexts *out_contexts,
                                             struct jt_diag *diag);

/* As above, from the content `text` of the file `name`. */
JT_MUST_USE enum jt_err jt_cli_contexts_parse(struct jt_span text, const char *name,
                                              struct jt_cli_contexts *out_contexts,
                                              struct jt_diag *diag);

void jt_cli_contexts_release(struct jt_cli_contexts *contexts);

/* The one called `name`, borrowed; NULL when there is none. */
const struct jt_cli_context *jt_cli_contexts_find(const struct jt_cli_contexts *contexts,
                                                  const char *name);

/* Gives {"current": name (left out when there is none), "contexts": [{"name", ...}]}. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_contexts_json(const struct jt_cli_contexts *contexts,
                                             json_t **out_json);

/* Gives one of them. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_contexts_one(const struct jt_cli_context *context,
                                            json_t **out_json);

/* Checks such a value as if it were read, and replaces the file by it in one step.
 * JT_ERR_CONFIG, JT_ERR_USAGE, JT_ERR_IO with a sentence; JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_contexts_save(json_t *json, struct jt_diag *diag);

#endif
