/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_options.h"

#include <stdio.h>

#include "common/jose/b64url.h"
#include "common/jose/jwk.h"
#include "issuer/cli/cli_nearest.h"

#include "common/base/base.h"

/* Where the parser stands in argv. */
struct parser {
    int argc;
    char *const *argv;
    int at;
    bool ended; /* a -- was seen */
};

/* The word of `path` that follows the words `prefix`. */
static struct jt_span next_word(const char *path, const char *prefix)
{
    struct jt_span rest = jt_span_str(path + strlen(prefix));
    struct jt_span word = JT_SPAN_NONE;
    (void)jt_span_word(&rest, &word); /* a row under `prefix` that is no command has a next word */
    return word;
}

static enum jt_err unknown_word(const struct jt_cli_run *run, const char *word,
                                struct jt_diag *diag)
{
    struct jt_cli_nearest search = jt_cli_nearest_start(jt_span_str(word));
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        if (jt_cli_table_under(command, run->words)) {
            jt_cli_nearest_offer(&search, next_word(command->path, run->words));
        }
    }
    const char *space = run->words[0] != 0 ? " " : "";
    if (search.name.n == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "no command '%s%s%s'; see jeton %s%s--help",
                            run->words, space, word, run->words, space);
    }
    return jt_diag_fail(diag, JT_ERR_USAGE, "no command '%s%s%s'; did you mean '%s%s%.*s'?",
                        run->words, space, word, run->words, space, (int)search.name.n,
                        (const char *)search.name.p);
}

/* One more word of the command. */
static enum jt_err take_word(struct jt_cli_run *run, const char *word, struct jt_diag *diag)
{
    if (run->words[0] == 0 && strcmp(word, "help") == 0) {
        run->help = true;
        return JT_OK;
    }
    char words[sizeof run->words];
    int n =
        snprintf(words, sizeof words, "%s%s%s", run->words, run->words[0] != 0 ? " " : "", word);
    if (n < 0 || (size_t)n >= sizeof words || word[0] == 0) {
        return unknown_word(run, word, diag);
    }
    bool known = false;
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        known = known || jt_cli_table_under(command, words);
        if (strcmp(command->path, words) == 0) {
            run->command = command;
        }
    }
    if (!known) {
        return unknown_word(run, word, diag);
    }
    memcpy(run->words, words, (size_t)n + 1);
    return JT_OK;
}

static enum jt_err take_arg(struct jt_cli_run *run, const char *arg, struct jt_diag *diag)
{
    if (arg[0] == 0 && !run->command->any_args) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "an argument is empty; see jeton %s --help",
                            run->command->path);
    }
    if (run->n_args == JT_COUNT(run->args)) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "more than %zu arguments; use several calls",
                            run->n_args);
    }
    run->args[run->n_args++] = arg;
    return JT_OK;
}

static void offer_options(struct jt_cli_nearest *search, const struct jt_cli_option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        jt_cli_nearest_offer(search, jt_span_str(options->name));
    }
}

/* The sentence never repeats a value: it may be a secret that does not belong there. */
static enum jt_err unknown_option(const struct jt_cli_run *run, struct jt_span name,
                                  struct jt_diag *diag)
{
    if (run->command == NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "option --%.*s before the command; name the command first", (int)name.n,
                            (const char *)name.p);
    }
    struct jt_cli_nearest search = jt_cli_nearest_start(name);
    offer_options(&search, run->command->options);
    offer_options(&search, jt_cli_table_globals);
    if (search.name.n == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "%s has no option %s%.*s; see jeton %s --help",
                            run->words, name.n == 1 ? "-" : "--", (int)name.n, (const char *)name.p,
                            run->words);
    }
    return jt_diag_fail(diag, JT_ERR_USAGE, "%s has no option --%.*s; did you mean --%.*s?",
                        run->words, (int)name.n, (const char *)name.p, (int)search.name.n,
                        (const char *)search.name.p);
}

static enum jt_err not_a_choice(const struct jt_cli_option *option, struct jt_diag *diag)
{
    char words[128];
    size_t n = 0;
    for (const char *c = option->choices; *c != 0 && n + 3 < sizeof words; c++) {
        if (*c == ' ') {
            words[n++] = ',';
        }
        words[n++] = *c;
    }
    words[n] = 0;
    return jt_diag_fail(diag, JT_ERR_USAGE, "--%s takes one of: %s", option->name, words);
}

/* Which of the option's choices `value` is, from 0; false when it is none. */
static bool find_choice(const struct jt_cli_option *option, const char *value, size_t *out_index)
{
    struct jt_span rest = jt_span_str(option->choices), word;
    for (*out_index = 0; jt_span_word(&rest, &word); ++*out_index) {
        if (jt_span_is(word, value)) {
            return true;
        }
    }
    return false;
}

static enum jt_err take_global(struct jt_cli_run *run, const struct jt_cli_option *option,
                               const char *value, struct jt_diag *diag)
{
    const struct {
        const char *name;
        const char **text;
        bool *flag;
    } places[] = {
        {"socket", &run->socket, NULL}, {"context", &run->context, NULL},
        {"field", &run->field, NULL},   {"no-color", NULL, &run->no_color},
        {"help", NULL, &run->help},     {"version", NULL, &run->version},
    };
    for (size_t i = 0; i < JT_COUNT(places); i++) {
        if (strcmp(option->name, places[i].name) == 0) {
            if (places[i].flag != NULL) {
                *places[i].flag = true;
            } else {
                *places[i].text = value;
            }
            return JT_OK;
        }
    }
    size_t format = 0; /* --output, in the order of enum jt_cli_format */
    if (!find_choice(option, value, &format)) {
        return not_a_choice(option, diag);
    }
    run->format = (enum jt_cli_format)format;
    return JT_OK;
}

static bool repeatable(const struct jt_cli_option *option)
{
    return option->type == JT_CLI_LIST || option->type == JT_CLI_RESET ||
           option->type == JT_CLI_LABEL;
}

/* Refuses an option given twice, and two options for one member. */
static enum jt_err check_once(const struct jt_cli_run *run, const struct jt_cli_option *option,
                              struct jt_diag *diag)
{
    for (size_t i = 0; i < run->n_given; i++) {
        const struct jt_cli_option *other = run->given[i].option;
        if (other == option && !repeatable(option)) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "--%s is given twice; give it once",
                                option->name);
        }
        if (other != option && option->member != NULL && other->member != NULL &&
            strcmp(other->member, option->member) == 0) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "--%s and --%s contradict; give one of them",
                                other->name, option->name);
        }
    }
    return JT_OK;
}

static enum jt_err keep_option(struct jt_cli_run *run, const struct jt_cli_option *option,
                               const char *value, struct jt_diag *diag)
{
    size_t choice = 0;
    JT_TRY(check_once(run, option, diag));
    if (option->choices != NULL && !find_choice(option, value, &choice)) {
        return not_a_choice(option, diag);
    }
    if (run->n_given == JT_COUNT(run->given)) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "more than %zu options; use several calls",
                            run->n_given);
    }
    run->given[run->n_given++] = (struct jt_cli_given){option, value};
    return JT_OK;
}

/* The name of the option of `options` with this letter; the empty span when there is none. */
static struct jt_span by_letter(const struct jt_cli_option *options, char letter)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->letter == letter) {
            return jt_span_str(options->name);
        }
    }
    return JT_SPAN_NONE;
}

/* "--name", "--name=value", "-o", "-h" to the option's name and, after =, its value. */
static struct jt_span split_option(const struct jt_cli_run *run, const char *text,
                                   const char **out_value)
{
    *out_value = NULL;
    if (text[1] != '-') {
        struct jt_span name = JT_SPAN_NONE;
        if (text[2] == 0) {
            name = by_letter(jt_cli_table_globals, text[1]);
        }
        if (name.n == 0 && text[2] == 0 && run->command != NULL) {
            name = by_letter(run->command->options, text[1]);
        }
        return name.n > 0 ? name : jt_span_str(text + 1);
    }
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        return jt_span_str(text + 2);
    }
    *out_value = equals + 1;
    return jt_span_of(text + 2, (size_t)(equals - text - 2));
}

static enum jt_err take_option(struct parser *p, struct jt_cli_run *run, struct jt_diag *diag)
{
    const char *value;
    struct jt_span name = split_option(run, p->argv[p->at], &value);
    const struct jt_cli_option *global = jt_cli_table_option(jt_cli_table_globals, name);
    const struct jt_cli_option *option = global;
    if (option == NULL && run->command != NULL) {
        option = jt_cli_table_option(run->command->options, name);
    }
    if (option == NULL) {
        return unknown_option(run, name, diag);
    }
    if (option->value == NULL && value != NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--%s takes no value", option->name);
    }
    if (option->value != NULL && value == NULL) {
        if (p->at + 1 >= p->argc) {
            return jt_diag_fail(diag, JT_ERR_USAGE, "--%s needs a value: --%s %s", option->name,
                                option->name, option->value);
        }
        value = p->argv[++p->at];
    }
    return global != NULL ? take_global(run, option, value, diag)
                          : keep_option(run, option, value, diag);
}

static bool is_thumbprint(struct jt_span text)
{
    uint8_t bytes[JT_B64URL_DECODED(JT_JWK_THUMBPRINT_LEN)];
    size_t n = 0;
    return text.n == JT_JWK_THUMBPRINT_LEN && jt_b64url_decode(text, bytes, &n) == JT_OK;
}

/* A key's id is a thumbprint in base64url, and one in 64 begins with a dash. No option is so long with
 * one dash; an option with two is no thumbprint. */
static bool is_kid(const struct jt_cli_run *run, const char *text)
{
    bool can_be = text[1] == '-' ? is_thumbprint(jt_span_str(text)) : text[2] != 0;
    return can_be && run->command != NULL && run->n_args == 0 &&
           jt_span_is(jt_span_str(run->command->args), "[KID]");
}

static enum jt_err take(struct parser *p, struct jt_cli_run *run, struct jt_diag *diag)
{
    const char *text = p->argv[p->at];
    bool dashed = !p->ended && text[0] == '-' && text[1] != 0 && !is_kid(run, text);
    if (dashed && strcmp(text, "--") == 0) {
        p->ended = true;
        return JT_OK;
    }
    if (dashed) {
        return take_option(p, run, diag);
    }
    return run->command == NULL ? take_word(run, text, diag) : take_arg(run, text, diag);
}

/* What cannot be meant together, or for nothing. */
static enum jt_err check_globals(const struct jt_cli_run *run, struct jt_diag *diag)
{
    if (run->field != NULL && run->format != JT_CLI_AS_TABLE) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "--field prints the value alone; leave -o out, or --field");
    }
    if (run->field != NULL && run->field[0] == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "--field needs the name of a member; -o json shows "
                            "those there are");
    }
    return JT_OK;
}

static enum jt_err check_complete(const struct jt_cli_run *run, struct jt_diag *diag)
{
    const struct jt_cli_command *command = run->command;
    if (command == NULL) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "the command is incomplete; see jeton %s%s--help",
                            run->words, run->words[0] != 0 ? " " : "");
    }
    size_t least, most;
    jt_cli_table_arity(command->args, &least, &most);
    if (run->n_args < least || run->n_args > most) {
        const struct jt_cli_option *first = command->options;
        bool reads_files = first != NULL && first->name != NULL && strcmp(first->name, "file") == 0;
        return jt_diag_fail(
            diag, JT_ERR_USAGE, "too %s arguments; usage: jeton %s%s%s%s",
            run->n_args < least ? "few" : "many", command->path, command->args != NULL ? " " : "",
            command->args != NULL ? command->args : "", reads_files ? " -f FILE" : "");
    }
    return check_globals(run, diag);
}

enum jt_err jt_cli_options_parse(int argc, char *const argv[], struct jt_cli_run *out_run,
                                 struct jt_diag *diag)
{
    *out_run = (struct jt_cli_run){0};
    struct parser p = {.argc = argc, .argv = argv, .at = 1};
    for (; p.at < argc; p.at++) {
        JT_TRY(take(&p, out_run, diag));
    }
    return out_run->help || out_run->version ? JT_OK : check_complete(out_run, diag);
}

const char *jt_cli_options_next(const struct jt_cli_run *run, const char *name, size_t *at)
{
    while (*at < run->n_given) {
        const struct jt_cli_given *given = &run->given[(*at)++];
        if (strcmp(given->option->name, name) == 0) {
            return given->value;
        }
    }
    return NULL;
}

const char *jt_cli_options_text(const struct jt_cli_run *run, const char *name)
{
    size_t at = 0;
    return jt_cli_options_next(run, name, &at);
}

enum jt_err jt_cli_options_need(const struct jt_cli_run *run, const char *name,
                                const char **out_value, struct jt_diag *diag)
{
    const char *value = jt_cli_options_text(run, name);
    if (value == NULL || value[0] == 0) {
        return jt_diag_fail(diag, JT_ERR_USAGE, "--%s is needed; see jeton %s --help", name,
                            run->command->path);
    }
    *out_value = value;
    return JT_OK;
}

bool jt_cli_options_has(const struct jt_cli_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_given; i++) {
        if (strcmp(run->given[i].option->name, name) == 0) {
            return true;
        }
    }
    return false;
}
