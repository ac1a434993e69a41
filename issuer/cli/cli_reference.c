/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_reference.h"

#include <ctype.h>

#include "common/conf/scdoc.h"
#include "issuer/cli/cli_table.h"

#include "common/base/base.h"

/* `text` as a sentence: a capital first, a point last. */
static enum jt_err put_sentence(struct jt_buf *out, const char *text)
{
    char first[] = {(char)toupper((unsigned char)text[0]), 0};
    JT_TRY(jt_scdoc_put(out, first));
    JT_TRY(jt_scdoc_put(out, text + 1));
    return text[strlen(text) - 1] == '.' ? JT_OK : jt_buf_putc(out, '.');
}

static enum jt_err put_option(struct jt_buf *out, const struct jt_cli_option *option,
                              const char *indent)
{
    JT_TRY(jt_buf_puts(out, indent));
    if (option->letter != 0) {
        JT_TRY(jt_buf_printf(out, "*-%c*, ", option->letter));
    }
    JT_TRY(jt_buf_printf(out, "*--%s*", option->name));
    if (option->value != NULL) {
        JT_TRY(jt_buf_puts(out, " _"));
        JT_TRY(jt_scdoc_put(out, option->value));
        JT_TRY(jt_buf_putc(out, '_'));
    }
    JT_TRY(jt_buf_printf(out, "\n%s\t", indent));
    JT_TRY(jt_scdoc_put(out, option->help));
    if (option->choices != NULL) {
        JT_TRY(jt_buf_puts(out, " (one of: "));
        JT_TRY(jt_scdoc_put(out, option->choices));
        JT_TRY(jt_buf_putc(out, ')'));
    }
    return jt_buf_puts(out, "\n\n");
}

/* "CLIENT GRANT..." with each name underlined. */
static enum jt_err put_args(struct jt_buf *out, const char *args)
{
    struct jt_span rest = jt_span_str(args), word;
    while (jt_span_word(&rest, &word)) {
        bool in_name = false;
        JT_TRY(jt_buf_putc(out, ' '));
        for (size_t i = 0; i < word.n; i++) {
            char c[] = {(char)word.p[i], 0};
            bool name = isupper((unsigned char)c[0]) != 0;
            JT_TRY(jt_buf_puts(out, name != in_name ? "_" : ""));
            JT_TRY(jt_scdoc_put(out, c));
            in_name = name;
        }
        JT_TRY(jt_buf_puts(out, in_name ? "_" : ""));
    }
    return JT_OK;
}

static enum jt_err put_command(struct jt_buf *out, const struct jt_cli_command *command)
{
    JT_TRY(jt_buf_printf(out, "*jeton %s*", command->path));
    JT_TRY(put_args(out, command->args));
    JT_TRY(jt_buf_puts(out, command->options != NULL ? " [_options_]\n\t" : "\n\t"));
    JT_TRY(put_sentence(out, command->help));
    if (command->more != NULL) {
        JT_TRY(jt_buf_putc(out, ' '));
        JT_TRY(jt_scdoc_put(out, command->more));
    }
    JT_TRY(jt_buf_puts(out, "\n\n"));
    for (const struct jt_cli_option *o = command->options; o != NULL && o->name != NULL; o++) {
        JT_TRY(put_option(out, o, "\t"));
    }
    return JT_OK;
}

enum jt_err jt_cli_reference_options(struct jt_buf *out)
{
    for (const struct jt_cli_option *o = jt_cli_table_globals; o->name != NULL; o++) {
        JT_TRY(put_option(out, o, ""));
    }
    return JT_OK;
}

enum jt_err jt_cli_reference_commands(struct jt_buf *out)
{
    struct jt_span noun = JT_SPAN_NONE;
    const struct jt_cli_command *command;
    for (size_t i = 0; (command = jt_cli_table_at(i)) != NULL; i++) {
        struct jt_span rest = jt_span_str(command->path), word;
        if (jt_span_word(&rest, &word) && !jt_span_eq(word, noun)) {
            JT_TRY(jt_buf_puts(out, "## "));
            for (size_t k = 0; k < word.n; k++) {
                JT_TRY(jt_buf_putc(out, (char)toupper(word.p[k])));
            }
            JT_TRY(jt_buf_puts(out, "\n\n"));
            noun = word;
        }
        JT_TRY(put_command(out, command));
    }
    return JT_OK;
}
