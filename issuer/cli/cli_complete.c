/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_complete.h"

#include <stdio.h>

#include "issuer/cli/cli_candidates.h"
#include "issuer/cli/cli_output.h"

#include "common/base/base.h"

static void take_word(struct jt_cli_line *line, const char *word)
{
    size_t n = strlen(line->words);
    if (n > 0 && n + 1 < sizeof line->words) {
        line->words[n++] = ' ';
    }
    /* what does not fit in is no command's */
    size_t more = strnlen(word, sizeof line->words - 1 - n);
    memcpy(line->words + n, word, more);
    line->words[n + more] = 0;
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        if (strcmp(command->path, line->words) == 0) {
            line->command = command;
        }
    }
}

/* The option that `word` names, up to its = if it has one; NULL when there is none. */
static const struct jt_cli_option *find_option(const struct jt_cli_line *line, const char *word)
{
    const struct jt_cli_option *own = line->command == NULL ? NULL : line->command->options;
    const struct jt_cli_option *lists[] = {jt_cli_table_globals, own};
    for (size_t i = 0; i < JT_COUNT(lists); i++) {
        for (const struct jt_cli_option *o = lists[i]; o != NULL && o->name != NULL; o++) {
            bool letter = o->letter != 0 && word[1] == o->letter && word[2] == 0;
            bool name =
                word[1] == '-' && jt_span_is(jt_span_of(word + 2, strcspn(word + 2, "=")), o->name);
            if (letter || name) {
                return o;
            }
        }
    }
    return NULL;
}

static void keep_value(struct jt_cli_line *line, const struct jt_cli_option *option,
                       const char *value)
{
    if (strcmp(option->name, "socket") == 0) {
        line->socket = value;
    } else if (strcmp(option->name, "context") == 0) {
        line->context = value;
    }
}

/* A word before the last. */
static void take(struct jt_cli_line *line, const char *word)
{
    if (line->option != NULL) {
        keep_value(line, line->option, word);
        line->option = NULL;
        return;
    }
    if (line->ended || word[0] != '-' || word[1] == 0) {
        if (line->command == NULL) {
            take_word(line, word);
        } else if (line->n_args++ < JT_COUNT(line->args)) {
            line->args[line->n_args - 1] = word;
        }
        return;
    }
    const struct jt_cli_option *option = find_option(line, word);
    const char *equals = strchr(word, '=');
    line->ended = strcmp(word, "--") == 0;
    if (option != NULL && option->value != NULL && equals != NULL) {
        keep_value(line, option, equals + 1);
    } else if (option != NULL && option->value != NULL) {
        line->option = option;
    }
}

void jt_cli_complete_read(const char *const *words, size_t n, struct jt_cli_line *out_line)
{
    *out_line = (struct jt_cli_line){.begin = words[n - 1]};
    for (size_t i = 0; i + 1 < n; i++) {
        take(out_line, words[i]);
    }
    const char *last = words[n - 1];
    const char *equals = strchr(last, '=');
    if (out_line->option == NULL && !out_line->ended && strncmp(last, "--", 2) == 0 &&
        equals != NULL) {
        out_line->option = find_option(out_line, last);
        out_line->begin = equals + 1;
    }
}

/* The next words of the commands that begin with those of the line, each once. */
static void offer_words(const struct jt_cli_offer *offer, const struct jt_cli_line *line)
{
    const struct jt_cli_command *command;
    size_t n = strlen(line->words);
    struct jt_span before = JT_SPAN_NONE;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        struct jt_span rest = jt_span_str(command->path), word;
        if (!jt_cli_table_under(command, line->words)) {
            continue;
        }
        rest.p += n;
        rest.n -= n;
        if (jt_span_word(&rest, &word) && !jt_span_eq(word, before)) {
            jt_cli_candidates_offer(offer, word, rest.n == 0 ? command->help : "");
            before = word;
        }
    }
}

static void offer_options(const struct jt_cli_offer *offer, const struct jt_cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        char text[64];
        int n = snprintf(text, sizeof text, "--%s", options->name); /* names are short */
        jt_cli_candidates_offer(offer, jt_span_of(text, (size_t)n), options->help);
    }
}

/* The placeholder of the argument that the last word is; the empty span past the last. */
static struct jt_span argument(const struct jt_cli_line *line)
{
    struct jt_span rest = jt_span_str(line->command->args), word = JT_SPAN_NONE, last;
    size_t n = 0;
    while (jt_span_word(&rest, &last)) {
        word = last;
        if (n++ == line->n_args) {
            return word;
        }
    }
    bool many = word.n > 3 && jt_span_is(jt_span_of(word.p + word.n - 3, 3), "...");
    return many ? word : JT_SPAN_NONE;
}

enum jt_err jt_cli_complete_words(const struct jt_cli_run *run, const char *const *words, size_t n)
{
    struct jt_cli_line line;
    jt_cli_complete_read(words, n, &line);
    const char *last = words[n - 1];
    struct jt_cli_offer offer = {.run = run,
                                 .line = &line,
                                 .before = jt_span_of(last, (size_t)(line.begin - last)),
                                 .begin = jt_span_str(line.begin)};
    if (line.option != NULL) {
        jt_cli_candidates_value(&offer, jt_span_str(line.option->value), line.option->choices);
    } else if (!line.ended && last[0] == '-') {
        offer_options(&offer, line.command == NULL ? NULL : line.command->options);
        offer_options(&offer, jt_cli_table_globals);
    } else if (line.command == NULL) {
        offer_words(&offer, &line);
    } else {
        jt_cli_candidates_value(&offer, argument(&line), NULL);
    }
    return JT_OK;
}
