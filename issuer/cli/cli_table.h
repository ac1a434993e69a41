/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command table: one row per command with its arguments, options, handler and help (rows in
 * cli_table_NOUN.c). Dispatch, the option parser, request bodies and --help are read from it; nothing else knows a command's
 * name. It does not parse and does not run.
 * Ownership: constant data.
 * Thread rule: any thread.
 */
#ifndef JT_CLI_TABLE_H
#define JT_CLI_TABLE_H

#include "common/base/diag.h"
#include "common/base/span.h"

struct jt_cli_noun; /* cli_object.h */
struct jt_cli_run;  /* cli_options.h */

/* What becomes of an option's value. Where nothing else is said it is given at most once. */
enum jt_cli_type {
    JT_CLI_TEXT,    /* a string */
    JT_CLI_LIST,    /* repeatable: an array of strings, in order */
    JT_CLI_SECONDS, /* 90, 90s, 15m, 24h, 30d, 2w: a number of seconds */
    JT_CLI_JSON,    /* the text of one JSON object */
    JT_CLI_TRUE,    /* a flag: true */
    JT_CLI_FALSE,   /* a flag: false */
    JT_CLI_LABEL,   /* repeatable: NAME=VALUE, an object of strings */
    JT_CLI_RESET,   /* repeatable: names an option of the command whose member becomes null */
};

struct jt_cli_option {
    const char *name;  /* without its dashes; NULL ends a list */
    const char *value; /* what stands for the value in the help; NULL: a flag */
    enum jt_cli_type type;
    const char *member;  /* of the request body; NULL: the handler reads the option itself */
    const char *help;    /* one line */
    const char *choices; /* words of which the value is one; NULL: free */
    char letter;         /* "-o" beside "--output"; 0: none */
};

struct jt_cli_command {
    const char *path;                    /* its words: "client secret add"; NULL ends a list */
    const char *args;                    /* "CLIENT GRANT...": "..." many, "[]" optional; or NULL */
    const struct jt_cli_option *options; /* of its own, beside the global ones */
    const struct jt_cli_noun *noun;      /* of the object that generic handlers work on, or NULL */
    enum jt_err (*run)(const struct jt_cli_run *run, struct jt_diag *diag);
    bool any_args;        /* an argument may be empty: they are words of a command line */
    const char *help;     /* one line */
    const char *more;     /* sentences that go on from there, or NULL */
    const char *examples; /* lines, without the indent */
};

/* Command number `index` in the order of the help; NULL past the last. */
const struct jt_cli_command *jt_cli_table_at(size_t index);

/* --socket, --output and so on: accepted at any place, by every command. */
extern const struct jt_cli_option jt_cli_table_globals[];

/* Does the path of `command` begin with the words `prefix` ("" begins all)? */
bool jt_cli_table_under(const struct jt_cli_command *command, const char *prefix);

/* The option called `name` in a list, NULL if none. */
const struct jt_cli_option *jt_cli_table_option(const struct jt_cli_option *options,
                                                struct jt_span name);

/* The least and the most arguments that `args` of a row asks for (NULL: none); SIZE_MAX for "...". */
void jt_cli_table_arity(const char *args, size_t *out_least, size_t *out_most);

#endif
