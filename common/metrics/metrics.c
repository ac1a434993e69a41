/* SPDX-License-Identifier: Apache-2.0 */
#include "common/metrics/metrics.h"

#include "common/base/base.h"

static enum jt_err put_escaped(struct jt_buf *out, struct jt_span text, bool quotes)
{
    bool utf8 = jt_span_utf8(text);
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)text.p[i];
        if (c == '\n') {
            JT_TRY(jt_buf_puts(out, "\\n"));
        } else if (c == '\\' || (quotes && c == '"')) {
            JT_TRY(jt_buf_putc(out, '\\'));
            JT_TRY(jt_buf_putc(out, c));
        } else {
            JT_TRY(jt_buf_putc(out, utf8 || (text.p[i] > 0 && text.p[i] < 0x80) ? c : '?'));
        }
    }
    return JT_OK;
}

enum jt_err jt_metrics_head(struct jt_buf *out, const struct jt_metrics_row *row)
{
    static const char *const types[] = {
        [JT_METRICS_COUNTER] = "counter", [JT_METRICS_GAUGE] = "gauge"};
    JT_TRY(jt_buf_printf(out, "# HELP %s ", row->name));
    JT_TRY(put_escaped(out, jt_span_str(row->help), false));
    return jt_buf_printf(out, "\n# TYPE %s %s\n", row->name, types[row->type]);
}

enum jt_err jt_metrics_put(struct jt_buf *out, const struct jt_metrics_row *row,
                           const struct jt_metrics_label *labels, size_t n_labels, int64_t value)
{
    JT_TRY(jt_buf_puts(out, row->name));
    for (size_t i = 0; i < n_labels; i++) {
        JT_TRY(jt_buf_printf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name));
        JT_TRY(put_escaped(out, labels[i].value, true));
        JT_TRY(jt_buf_putc(out, '"'));
    }
    JT_TRY(jt_buf_puts(out, n_labels > 0 ? "} " : " "));
    JT_TRY(jt_buf_puti(out, value));
    return jt_buf_putc(out, '\n');
}
