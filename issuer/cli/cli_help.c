/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_help.h"

#include "common/base/base.h"

static const char exit_text[] =
    "Exit status: 0 done, 1 wrong use or a local failure, 2 refused by the server or the token\n"
    "refused, 3 not found, 5 unreachable.\n";

/* `text` line by line, indented. */
static void put_lines(const char *text, FILE *out)
{
    while (*text != 0) {
        size_t n = strcspn(text, "\n");
        (void)fprintf(out, "  %.*s\n", (int)n, text); /* main asks ferror() at the end */
        text += n + (text[n] == '\n');
    }
}

static void put_options(const char *title, const struct jt_cli_option *options, FILE *out)
{
    if (options == NULL) {
        return;
    }
    (void)fprintf(out, "\n%s:\n", title); /* as above, and so below */
    for (; options->name != NULL; options++) {
        char left[64];
        const char *brief = strcmp(options->name, "output") == 0 ? "-o, "
                            : strcmp(options->name, "help") == 0 ? "-h, "
                                                                 : "";
        (void)snprintf(left, sizeof left, "%s--%s%s%s", brief, options->name,
                       options->value != NULL ? " " : "",
                       options->value != NULL ? options->value : ""); /* cut is harmless */
        (void)fprintf(out, "  %-30s %s\n", left, options->help);
    }
}

static void put_command(const struct jt_cli_command *command, FILE *out)
{
    const char *args = command->args == NULL ? "" : command->args;
    (void)fprintf(out, "jeton %s: %s\n\nExamples:\n", command->path, command->help);
    put_lines(command->examples, out);
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
        (void)fprintf(out, "  %.*s\n", (int)strcspn(command->examples, "\n"), command->examples);
    }
}

static void put_overview(const char *prefix, FILE *out)
{
    if (prefix[0] == 0) {
        (void)fputs("jeton: looks after an issuer of access tokens through its admin socket\n\n",
                    out);
    }
    put_some_examples(prefix, out);
    (void)fputs("\nCommands (jeton COMMAND --help tells more):\n", out);
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        if (jt_cli_table_under(command, prefix)) {
            (void)fprintf(out, "  %-22s %s\n", command->path, command->help);
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
    (void)fprintf(out, "\n%s", exit_text);
}
