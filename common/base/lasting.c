/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/lasting.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/base.h"

const char *jt_lasting(int64_t seconds, char out[JT_LASTING])
{
    static const struct {
        int64_t seconds;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    while (i + 1 < JT_COUNT(units) && seconds < units[i].seconds) {
        i++;
    }
    int64_t rest_s = seconds % units[i].seconds;
    int n = snprintf(out, JT_LASTING, "%" PRId64 "%c", seconds / units[i].seconds, units[i].name);
    if (n > 0 && i + 1 < JT_COUNT(units) && rest_s >= units[i + 1].seconds) {
        (void)snprintf(out + n, JT_LASTING - (size_t)n, " %" PRId64 "%c",
                       rest_s / units[i + 1].seconds, units[i + 1].name); /* it has room */
    }
    return out;
}
