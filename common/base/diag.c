/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/base/span.h"

#include "common/base/base.h"

/* The length of the character at the front of `text`; 0 when it is none. */
static size_t character(struct jt_span text)
{
    for (size_t n = 1; n <= 4 && n <= text.n; n++) {
        if (jt_span_utf8(jt_span_of(text.p, n))) {
            return n;
        }
    }
    return 0;
}

/* C0, DEL, C1: a quoted name is not to break the line, nor to steer the terminal that shows it */
static bool is_control(const char *text, size_t n)
{
    uint8_t c = (uint8_t)text[0];
    return c < 0x20 || c == 0x7F || (n == 2 && c == 0xC2 && (uint8_t)text[1] < 0xA0);
}

/* Where a name was cut, a part of a character may be left, which no JSON document takes. */
static void mend(char *text)
{
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        size_t whole = character(jt_span_of(text + at, n - at));
        if (whole == 0 || is_control(text + at, whole)) {
            memset(text + at, '?', whole == 0 ? 1 : whole);
            whole = whole == 0 ? 1 : whole;
        }
        at += whole;
    }
}

enum jt_err jt_diag_fail(struct jt_diag *diag, enum jt_err err, const char *format, ...)
{
    if (diag != NULL) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(diag->text, sizeof diag->text, format, args); /* cutting is the contract */
        va_end(args);
        mend(diag->text);
    }
    return err;
}

const char *jt_diag_text(const struct jt_diag *diag, enum jt_err err)
{
    return diag->text[0] != 0 ? diag->text : jt_err_row(err)->text;
}
