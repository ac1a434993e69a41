/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/source/max_age.h"

#include "common/base/base.h"

/* RFC 9111 sec. 1.2.2: what does not fit is 2^31 */
#define DELTA_MAX (INT64_C(1) << 31)

/* RFC 9111 sec. 4.2.1: a value that is no number makes the response stale. */
static int64_t parse_delta(struct jt_span s)
{
    if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"') {
        s = jt_span_of(s.p + 1, s.n - 2);
    }
    int64_t delta = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return 0;
        }
        delta = delta * 10 + (s.p[i] - '0');
        delta = delta < DELTA_MAX ? delta : DELTA_MAX;
    }
    return delta;
}

int64_t jt_max_age_parse(struct jt_span value)
{
    int64_t max_age = -1;
    while (value.n > 0) {
        const uint8_t *comma = memchr(value.p, ',', value.n);
        size_t n = comma == NULL ? value.n : (size_t)(comma - value.p);
        struct jt_span item = jt_span_trim(jt_span_of(value.p, n));
        size_t step = comma == NULL ? n : n + 1;
        value = jt_span_of(value.p + step, value.n - step);
        if (jt_span_eq_nocase(item, JT_SPAN("no-store")) ||
            jt_span_eq_nocase(item, JT_SPAN("no-cache"))) {
            return 0;
        }
        const struct jt_span name = JT_SPAN("max-age=");
        if (max_age < 0 && item.n >= name.n &&
            jt_span_eq_nocase(jt_span_of(item.p, name.n), name)) {
            max_age = parse_delta(jt_span_of(item.p + name.n, item.n - name.n));
        }
    }
    return max_age;
}
