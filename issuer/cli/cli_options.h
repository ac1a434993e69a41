/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of this process, parsed once over the command table into struct jt_cli_run. It does
 * not check values: what a value means is its reader's to say.
 * Ownership: a run borrows from argv.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_OPTIONS_H
#define JT_CLI_OPTIONS_H

#include "issuer/cli/cli_table.h"

#define JT_CLI_OPTIONS_MAX 1024 /* options, and as many arguments */

enum jt_cli_format { JT_CLI_AS_TABLE, JT_CLI_AS_JSON, JT_CLI_AS_YAML, JT_CLI_AS_NAME };

struct jt_cli_given {
    const struct jt_cli_option *option;
    const char *value; /* NULL for a flag */
};

struct jt_cli_run {
    const struct jt_cli_command *command; /* NULL when the words name none yet */
    char words[64];                       /* the command's words so far */
    struct jt_cli_given given[JT_CLI_OPTIONS_MAX];
    size_t n_given;
    const char *args[JT_CLI_OPTIONS_MAX];
    size_t n_args;
    const char *socket;  /* of --socket; NULL: not given; and so on */
    const char *context; /* of --context */
    const char *field;   /* of --field */
    enum jt_cli_format format;
    bool no_color, help, version;
    struct jt_cli_target *target; /* cli_target.h: what is asked, once it is known */
};

/* Parses argv: words up to a command, options anywhere (`--opt VALUE`, `--opt=VALUE`, -o, -h), `--`
 * ends them. With --help or --version the rest may be incomplete. JT_ERR_USAGE with a sentence: an
 * unknown word or option (with the nearest name), a value missing, an option given twice or in
 * contradiction to another, too few or too many arguments, an empty one. */
JT_MUST_USE enum jt_err jt_cli_options_parse(int argc, char *const argv[],
                                             struct jt_cli_run *out_run, struct jt_diag *diag);

/* The value of the option `name`, NULL when not given. */
const char *jt_cli_options_text(const struct jt_cli_run *run, const char *name);

/* The same for an option without which the command makes no sense. JT_ERR_USAGE when not given. */
JT_MUST_USE enum jt_err jt_cli_options_need(const struct jt_cli_run *run, const char *name,
                                            const char **out_value, struct jt_diag *diag);

/* Was the option `name` given? */
bool jt_cli_options_has(const struct jt_cli_run *run, const char *name);

/* The next value of the repeatable option `name` from `*at` on (start with 0); NULL at the end. */
const char *jt_cli_options_next(const struct jt_cli_run *run, const char *name, size_t *at);

#endif
