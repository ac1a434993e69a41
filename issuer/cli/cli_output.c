/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_output.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <unistd.h>

#include "common/base/base.h"

#define GAP 2 /* spaces between columns */

static size_t width_of(const json_t *value, enum jt_cli_form form)
{
    struct jt_cli_pen pen = {NULL, 0};
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
    for (; *label != 0; label++) {
        char upper = (char)toupper((unsigned char)*label);
        jt_cli_pen_text(pen, jt_span_of(&upper, 1));
    }
}

/* One line: the titles, or the values of `item`. */
static void put_row(const struct jt_cli_field *fields, const size_t *widths, const json_t *item)
{
    struct jt_cli_pen pen = {stdout, 0};
    size_t edge = 0;
    for (size_t i = 0; fields[i].member != NULL; i++) {
        if (!fields[i].listed) {
            continue;
        }
        jt_cli_pen_pad(&pen, edge);
        if (item == NULL) {
            put_title(&pen, fields[i].label);
        } else {
            jt_cli_pen_value(&pen, json_object_get(item, fields[i].member), fields[i].form);
        }
        edge += widths[i] + GAP;
    }
    (void)fputc('\n', stdout); /* main asks ferror() at the end; so below */
}

void jt_cli_output_table(const struct jt_cli_field *fields, const json_t *items)
{
    size_t widths[JT_CLI_OUTPUT_FIELDS] = {0};
    for (size_t i = 0; fields[i].member != NULL; i++) {
        assert(i < JT_CLI_OUTPUT_FIELDS);
        widths[i] = column_width(&fields[i], items);
    }
    put_row(fields, widths, NULL);
    size_t index;
    const json_t *item;
    json_array_foreach(items, index, item)
    {
        put_row(fields, widths, item);
    }
}

static void put_line(const char *label, size_t edge, const json_t *value, enum jt_cli_form form)
{
    struct jt_cli_pen pen = {stdout, 0};
    jt_cli_pen_puts(&pen, label);
    jt_cli_pen_pad(&pen, edge);
    jt_cli_pen_value(&pen, value, form);
    (void)fputc('\n', stdout);
}

void jt_cli_output_object(const struct jt_cli_field *fields, const json_t *object)
{
    size_t edge = 0;
    for (const struct jt_cli_field *f = fields; f->member != NULL; f++) {
        size_t n = strlen(f->label) + GAP;
        edge = n > edge ? n : edge;
    }
    for (const struct jt_cli_field *f = fields; f->member != NULL; f++) {
        const json_t *value = json_object_get(object, f->member);
        if (!json_is_array(value) || json_array_size(value) == 0) {
            put_line(f->label, edge, value, f->form);
            continue;
        }
        size_t index;
        const json_t *item;
        json_array_foreach(value, index, item)
        {
            put_line(index == 0 ? f->label : "", edge, item, f->form);
        }
    }
}

void jt_cli_output_json(const json_t *json)
{
    /* on a terminal, what JSON does not escape by itself (C1 controls, direction marks) is */
    size_t flags = isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0;
    (void)json_dumpf(json, stdout, flags | JSON_INDENT(2) | JSON_ENCODE_ANY);
    (void)fputc('\n', stdout);
}

void jt_cli_output_talk(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* talk may be cut */
    va_end(args);
    struct jt_cli_pen pen = {stderr, 0};
    jt_cli_pen_puts(&pen, text);
    (void)fputc('\n', stderr); /* nobody is left to be told */
}
