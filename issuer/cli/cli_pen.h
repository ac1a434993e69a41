/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes text of peers for people: control characters, invisible direction marks and broken UTF-8
 * come out as escapes (\x1b, \u202e), so that a token's claim or a server's sentence cannot drive
 * the terminal. A pen without a file only measures.
 * Ownership: borrows the file.
 * Thread rule: one thread.
 */
#ifndef JT_CLI_PEN_H
#define JT_CLI_PEN_H

#include <stdio.h>

#include "common/base/span.h"
#include "common/json/json.h"

struct jt_cli_pen {
    FILE *file;   /* NULL: measure */
    size_t width; /* characters written so far */
};

enum jt_cli_form {
    JT_CLI_FORM_PLAIN,    /* strings as they are, "yes"/"no", "-" for null, lists with commas */
    JT_CLI_FORM_TIME,     /* seconds since 1970 as 2026-01-31T12:00:00Z */
    JT_CLI_FORM_DURATION, /* seconds as 90s, 15m, 1h, 30d */
    JT_CLI_FORM_SECRET,   /* one object of a client's `secrets`, in a line */
};

void jt_cli_pen_text(struct jt_cli_pen *pen, struct jt_span text);
void jt_cli_pen_puts(struct jt_cli_pen *pen, const char *text);
void jt_cli_pen_time(struct jt_cli_pen *pen, int64_t at_s);
void jt_cli_pen_duration(struct jt_cli_pen *pen, int64_t seconds);
void jt_cli_pen_value(struct jt_cli_pen *pen, const json_t *value, enum jt_cli_form form);

/* Writes spaces until `width` characters were written. */
void jt_cli_pen_pad(struct jt_cli_pen *pen, size_t width);

#endif
