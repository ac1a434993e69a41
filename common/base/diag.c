/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/diag.h"

#include <stdarg.h>
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

/* Where a name was cut, a part of a character may be left, which no JSON document takes. */
static void mend_utf8(char *text)
{
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        size_t whole = character(jt_span_of(text + at, n - at));
        if (whole == 0) {
            text[at] = '?';
            whole = 1;
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
        mend_utf8(diag->text);
    }
    return err;
}

const char *jt_diag_text(const struct jt_diag *diag, enum jt_err err)
{
    return diag->text[0] != 0 ? diag->text : jt_err_row(err)->text;
}
