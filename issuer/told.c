/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/told.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "common/base/base.h"

const char *jt_told_time(int64_t at_s, char out[JT_TOLD_TIME])
{
    time_t at = (time_t)at_s;
    struct tm parts;
    if (gmtime_r(&at, &parts) == NULL || strftime(out, JT_TOLD_TIME, "%FT%TZ", &parts) == 0) {
        (void)snprintf(out, JT_TOLD_TIME, "%lld s", (long long)at_s); /* fits */
    }
    return out;
}

void jt_told_add(struct jt_diag *diag, const char *format, ...)
{
    if (diag == NULL) {
        return;
    }
    char more[sizeof diag->text], all[2 * sizeof diag->text + 4];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(more, sizeof more, format, args); /* cutting is diag's contract */
    va_end(args);
    (void)snprintf(all, sizeof all, "%s%s%s", diag->text, diag->text[0] == 0 ? "" : ". ", more);
    (void)jt_diag_fail(diag, JT_OK, "%s", all);
}
