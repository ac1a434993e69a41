/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/diag.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/base.h"

enum jt_err jt_diag_fail(struct jt_diag *diag, enum jt_err err, const char *format, ...)
{
    if (diag != NULL) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(diag->text, sizeof diag->text, format, args); /* cutting is the contract */
        va_end(args);
    }
    return err;
}

const char *jt_diag_text(const struct jt_diag *diag, enum jt_err err)
{
    return diag->text[0] != 0 ? diag->text : jt_err_row(err)->text;
}
