/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/scdoc.h"

#include "common/base/base.h"

/* scdoc gives these a meaning: underline, bold, escape, and at the start of a line title, list,
 * table, literal. A backslash before them takes it away. */
enum jt_err jt_scdoc_put(struct jt_buf *out, const char *text)
{
    for (const char *c = text; *c != 0; c++) {
        if (strchr("_*\\#`|[]<", *c) != NULL) {
            JT_TRY(jt_buf_putc(out, '\\'));
        }
        JT_TRY(jt_buf_putc(out, *c));
    }
    return JT_OK;
}
