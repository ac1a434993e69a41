/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_output.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/base.h"

#define GAP 2 /* spaces between columns */

enum jt_cli_ink jt_cli_output_ink(const struct jt_cli_run *run)
{
    const char *refused = getenv("NO_COLOR"); /* no-color.org: any value but none */
    const char *terminal = getenv("TERM");
    bool can = isatty(STDOUT_FILENO) && terminal != NULL && terminal[0] != 0 &&
               strcmp(terminal, "dumb") != 0;
    return can && !run->no_color && (refused == NULL || refused[0] == 0) ? JT_CLI_INK_COLOUR
                                                                         : JT_CLI_INK_PLAIN;
}

static size_t width_of(json_t *value, enum jt_cli_form form)
{
    struct jt_cli_pen pen = jt_cli_pen_on(NULL);
    jt_cli_pen_value(&pen, value, form);
    return pen.width;
}

static size_t column_width(const struct jt_cli_field *field, const json_t *items)
{
    size_t width = strlen(field->label), index;
    const json_t *item;
    json_array_foreach(items, index, item)
    {
        size_t n = width_of(json_object_get(item, field->member), field->form);
        width = n > width ? n : width;
    }
    return width;
}

static void put_title(struct jt_cli_pen *pen, const char *label)
{
    jt_cli_pen_style(pen, JT_CLI_STYLE_BOLD);
    for (; *label != 0; label++) {
        char upper = (char)toupper((unsigned char)*label);
        jt_cli_pen_text(pen, jt_span_of(&upper, 1));
    }
    jt_cli_pen_style(pen, JT_CLI_STYLE_NONE);
}

/* One line: the titles, or the values of `item`. */
static void put_row(enum jt_cli_ink ink, const struct jt_cli_field *fields,
                    const struct jt_cli_columns *columns, const json_t *item)
{
    struct jt_cli_pen pen = {.file = stdout, .ink = ink};
    size_t edge = 0;
    for (size_t i = 0; fields[i].member != NULL; i++) {
        if (!fields[i].listed) {
            continue;
        }
        size_t past = pen.width == 0 ? 0 : pen.width + GAP; /* a value wider than its column */
        jt_cli_pen_pad(&pen, past > edge ? past : edge);
        if (item == NULL) {
            put_title(&pen, fields[i].label);
        } else {
            jt_cli_pen_value(&pen, json_object_get(item, fields[i].member), fields[i].form);
        }
        edge += columns->width[i] + GAP;
    }
    (void)fputc('\n', stdout); /* main asks ferror() at the end; so below */
}

void jt_cli_output_titles(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *items,
                          struct jt_cli_columns *out_columns)
{
    *out_columns = (struct jt_cli_columns){0};
    for (size_t i = 0; fields[i].member != NULL; i++) {
        assert(i < JT_CLI_OUTPUT_FIELDS);
        out_columns->width[i] = column_width(&fields[i], items);
    }
    put_row(ink, fields, out_columns, NULL);
}

void jt_cli_output_rows(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *items,
                        const struct jt_cli_columns *columns)
{
    size_t index;
    const json_t *item;
    json_array_foreach(items, index, item)
    {
        put_row(ink, fields, columns, item);
    }
}

static void put_line(enum jt_cli_ink ink, const char *label, size_t edge, json_t *value,
                     enum jt_cli_form form)
{
    struct jt_cli_pen pen = {.file = stdout, .ink = ink};
    jt_cli_pen_style(&pen, JT_CLI_STYLE_BOLD);
    jt_cli_pen_puts(&pen, label);
    jt_cli_pen_style(&pen, JT_CLI_STYLE_NONE);
    jt_cli_pen_pad(&pen, edge);
    jt_cli_pen_value(&pen, value, form);
    (void)fputc('\n', stdout);
}

void jt_cli_output_object(enum jt_cli_ink ink, const struct jt_cli_field *fields, json_t *object)
{
    size_t edge = 0;
    for (const struct jt_cli_field *f = fields; f->member != NULL; f++) {
        size_t n = strlen(f->label) + GAP;
        edge = n > edge ? n : edge;
    }
    for (const struct jt_cli_field *f = fields; f->member != NULL; f++) {
        json_t *value = json_object_get(object, f->member);
        if (!json_is_array(value) || json_array_size(value) == 0) {
            put_line(ink, f->label, edge, value, f->form);
            continue;
        }
        size_t index;
        json_t *item;
        json_array_foreach(value, index, item)
        {
            put_line(ink, index == 0 ? f->label : "", edge, item, f->form);
        }
    }
}

/* On a terminal, what JSON does not escape by itself (C1 controls, direction marks) is escaped. */
static size_t json_flags(void)
{
    size_t ascii = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
    return ascii | JSON_ENCODE_ANY;
}

void jt_cli_output_json(const json_t *json)
{
    (void)json_dumpf(json, stdout, json_flags() | JSON_INDENT(2));
    (void)fputc('\n', stdout);
}

void jt_cli_output_json_line(const json_t *json)
{
    (void)json_dumpf(json, stdout, json_flags() | JSON_COMPACT);
    (void)fputc('\n', stdout);
}

char *jt_cli_output_json_text(const json_t *json)
{
    return json_dumps(json, json_flags() | JSON_INDENT(2));
}

void jt_cli_output_talk(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* talk may be cut */
    va_end(args);
    struct jt_cli_pen pen = jt_cli_pen_on(stderr);
    jt_cli_pen_puts(&pen, text);
    (void)fputc('\n', stderr); /* nobody is left to be told */
}
