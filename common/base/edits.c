/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/edits.h"

#include "common/base/base.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t jt_edits_between(struct jt_span a, struct jt_span b)
{
    size_t lines[3][JT_EDITS_MAX + 1]; /* the present line of the table and the two before it */
    if (a.n > JT_EDITS_MAX || b.n > JT_EDITS_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.n; j++) {
        lines[0][j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = lines[i % 3];
        const size_t *before = lines[(i + 2) % 3];
        const size_t *earlier = lines[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            bool same = a.p[i - 1] == b.p[j - 1];
            now[j] = least(before[j - 1] + !same, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1]) {
                now[j] = least(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return lines[a.n % 3][b.n];
}
