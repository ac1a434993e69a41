/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_help.h"

#include "common/base/base.h"

#define WIDTH   80
#define COMMAND 24 /* where what a command does begins */
#define OPTION  30 /* where what an option means begins */

/* How long the next piece of `text` is: a word, or with `pairs` an option and its value. */
static size_t piece(const char *text, bool pairs)
{
    size_t n = strcspn(text, " \n");
    if (pairs && text[0] == '-' && text[n] == ' ' && text[n + 1] != '-') {
        n += 1 + strcspn(text + n + 1, " \n");
    }
    return n;
}

/* The pieces of `text` up to its first line end, from the column `at` on; the lines after the first
 * are indented by `indent`. `more` ends a line that goes on. */
static void put_wrapped(const char *text, size_t at, size_t indent, const char *more, FILE *out)
{
    size_t edge = WIDTH - strlen(more);
    for (const char *before = ""; *text != 0 && *text != '\n'; before = " ") {
        text += *text == ' ';
        size_t n = piece(text, more[0] != 0);
        if (at + strlen(before) + n > edge && before[0] != 0) {
            (void)fprintf(out, "%s\n%*s", more, (int)indent, ""); /* main asks ferror() */
            at = indent;
            before = "";
        }
        (void)fprintf(out, "%s%.*s", before, (int)n, text); /* as above, and so below */
        at += strlen(before) + n;
        text += n;
    }
    (void)fputc('\n', out);
}

/* Each line of `text` as something to type, broken as a shell reads it. */
static void put_examples(const char *text, FILE *out)
{
    while (*text != 0) {
        (void)fputs("  ", out);
        put_wrapped(text, 2, 6, " \\", out);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

/* `left`, and beside it, from the column `edge` on, `right`. */
static void put_row(const char *left, size_t edge, const char *right, FILE *out)
{
    size_t n = 2 + strlen(left);
    (void)fprintf(out, "  %s%*s", left, n < edge ? (int)(edge - n) : 1, "");
    put_wrapped(right, n < edge ? edge : n + 1, edge, "", out);
}

static void put_option(const struct jt_cli_option *option, FILE *out)
{
    char left[64];
    char brief[] = {'-', option->letter, ',', ' ', 0};
    const char *letter = option->letter != 0 ? brief : "";
    const char *space = option->value != NULL ? " " : "";
    (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, option->name, space,
                   option->value != NULL ? option->value : ""); /* cut is harmless */
    put_row(left, OPTION, option->help, out);
}

static void put_options(const char *title, const struct jt_cli_option *options, FILE *out)
{
    if (options != NULL) {
        (void)fprintf(out, "\n%s:\n", title);
    }
    for (; options != NULL && options->name != NULL; options++) {
        put_option(options, out);
    }
}

static void put_command(const struct jt_cli_command *command, FILE *out)
{
    const char *args = command->args == NULL ? "" : command->args;
    (void)fprintf(out, "jeton %s: %s\n", command->path, command->help);
    if (command->more != NULL) {
        put_wrapped(command->more, 0, 0, "", out);
    }
    (void)fputs("\nExamples:\n", out);
    put_examples(command->examples, out);
    (void)fprintf(out, "\nUsage:\n  jeton %s%s%s%s\n", command->path, args[0] != 0 ? " " : "", args,
                  command->options != NULL ? " [options]" : "");
    put_options("Options", command->options, out);
}

/* The first example of each noun, so that the overview shows a little of everything. */
static void put_some_examples(const char *prefix, FILE *out)
{
    struct jt_span noun = JT_SPAN_NONE;
    (void)fputs("Examples:\n", out);
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        struct jt_span rest = jt_span_str(command->path), word;
        if (!jt_cli_table_under(command, prefix) || !jt_span_word(&rest, &word) ||
            (prefix[0] == 0 && jt_span_eq(word, noun))) {
            continue;
        }
        noun = word;
        (void)fputs("  ", out);
        put_wrapped(command->examples, 2, 6, " \\", out);
    }
}

static void put_overview(const char *prefix, FILE *out)
{
    if (prefix[0] == 0) {
        (void)fputs("jeton: looks after an issuer of access tokens through its admin API\n\n", out);
    }
    put_some_examples(prefix, out);
    (void)fputs("\nCommands (jeton COMMAND --help tells more):\n", out);
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        if (jt_cli_table_under(command, prefix)) {
            put_row(command->path, COMMAND, command->help, out);
        }
    }
}

void jt_cli_help_print(const struct jt_cli_run *run, FILE *out)
{
    if (run->command != NULL) {
        put_command(run->command, out);
    } else {
        put_overview(run->words, out);
    }
    put_options("Everywhere", jt_cli_table_globals, out);
    (void)fputs("\nExit status: ", out);
    put_wrapped("0 done, 1 wrong use or a local failure, 2 refused by the server or the token "
                "refused, 3 not found, 5 unreachable, 6 different.",
                13, 0, "", out);
}
