/* SPDX-License-Identifier: Apache-2.0 */
/* The time a Cache-Control header gives is one there can be, and what is put before or after the
 * header changes it as the order of directives says. */
#include "verifier/source/max_age.h"

#include "common/base/buf.h"
#include "tests/fuzz/fuzz.h"

#include "common/base/base.h"

static int64_t parse_joined(const char *before, struct jt_span value, const char *after)
{
    JT_AUTO(buf) text = JT_BUF_INIT(value.n + 64);
    MUST(jt_buf_puts(&text, before) == JT_OK && jt_buf_put(&text, value) == JT_OK);
    MUST(jt_buf_puts(&text, after) == JT_OK);
    return jt_max_age_parse(jt_buf_span(&text));
}

/* RFC 9111 sec. 5.2: directives are the same in either case. */
static int64_t parse_other_case(struct jt_span value)
{
    JT_AUTO(buf) text = JT_BUF_INIT(value.n);
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = value.p[i], letter = (uint8_t)(c | 0x20);
        MUST(jt_buf_putc(&text, (char)(letter >= 'a' && letter <= 'z' ? c ^ 0x20 : c)) == JT_OK);
    }
    return jt_max_age_parse(jt_buf_span(&text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span value = {bytes, n};
    int64_t max_age = jt_max_age_parse(value);
    MUST(max_age >= -1 && max_age <= INT64_C(1) << 31);
    MUST(parse_other_case(value) == max_age);
    MUST(parse_joined("", value, ", public") == max_age);
    MUST(parse_joined("s-maxage=1 ,,", value, "") == max_age);
    MUST(parse_joined("", value, ",max-age=7") == (max_age < 0 ? 7 : max_age));
    MUST(parse_joined("No-Store,", value, "") == 0);
    MUST(parse_joined("", value, ",\tno-cache ") == 0);
    int64_t first = parse_joined("max-age=\"5\",", value, "");
    MUST(first == 5 || (first == 0 && max_age == 0)); /* it holds no-store or no-cache */
    return 0;
}
