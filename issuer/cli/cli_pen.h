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

enum jt_cli_ink { JT_CLI_INK_PLAIN, JT_CLI_INK_COLOUR };

struct jt_cli_pen {
    FILE *file;   /* NULL: measure */
    size_t width; /* characters written so far */
    enum jt_cli_ink ink;
};

enum jt_cli_style {
    JT_CLI_STYLE_NONE, /* as the terminal writes else */
    JT_CLI_STYLE_BOLD,
    JT_CLI_STYLE_GOOD,  /* green */
    JT_CLI_STYLE_WATCH, /* yellow */
    JT_CLI_STYLE_BAD,   /* red */
};

enum jt_cli_form {
    JT_CLI_FORM_PLAIN,    /* strings as they are, "yes"/"no", "-" for null, lists with commas */
    JT_CLI_FORM_TIME,     /* seconds since 1970 as 2026-01-31T12:00:00Z */
    JT_CLI_FORM_DURATION, /* seconds as 90s, 15m, 1h, 30d */
    JT_CLI_FORM_STATUS,   /* plain, in the colour of what it means (ok, pending, revoked, ...) */
    JT_CLI_FORM_LABELS,   /* an object of strings as team=payments, tier=1 */
    JT_CLI_FORM_SUBSCRIPTION, /* one object of a client's `subscriptions`, in a line */
    JT_CLI_FORM_SECRET,       /* one object of a client's `secrets`, in a line */
    JT_CLI_FORM_SOURCE,       /* one object of a `via`: "role billing", "product gold (approved)" */
};

/* A plain pen on `file`, which may be NULL. */
struct jt_cli_pen jt_cli_pen_on(FILE *file);

/* Writes in `style` from here on, with coloured ink only. */
void jt_cli_pen_style(struct jt_cli_pen *pen, enum jt_cli_style style);

void jt_cli_pen_text(struct jt_cli_pen *pen, struct jt_span text);
void jt_cli_pen_puts(struct jt_cli_pen *pen, const char *text);
void jt_cli_pen_time(struct jt_cli_pen *pen, int64_t at_s);
void jt_cli_pen_duration(struct jt_cli_pen *pen, int64_t seconds);
void jt_cli_pen_value(struct jt_cli_pen *pen, json_t *value, enum jt_cli_form form);

/* Writes `word` in the style of what it means: ok, approved, active... good; warn, pending, next...
 * to be watched; fail, revoked, dropped... bad; any other as it is. */
void jt_cli_pen_status(struct jt_cli_pen *pen, struct jt_span word);

/* Writes spaces until `width` characters were written. */
void jt_cli_pen_pad(struct jt_cli_pen *pen, size_t width);

#endif
