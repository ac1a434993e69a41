/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf/conf.h"
#include "common/conf/confval.h"
#include "common/conf/scdoc.h"

#include "common/base/base.h"

static enum jt_err put_bounds(struct jt_buf *out, const struct jt_conf_row *row)
{
    if (row->choices != NULL) {
        JT_TRY(jt_buf_puts(out, "; one of: "));
        return jt_scdoc_put(out, row->choices);
    }
    if (row->type == JT_CONF_SECTIONS) {
        return jt_buf_printf(out, "; at most %lld", (long long)row->max);
    }
    if (row->type != JT_CONF_INT && row->type != JT_CONF_DURATION && row->type != JT_CONF_SIZE) {
        return JT_OK;
    }
    char min[JT_CONFVAL_TEXT_MAX];
    char max[JT_CONFVAL_TEXT_MAX];
    jt_confval_show(row->type, row->min, min);
    jt_confval_show(row->type, row->max, max);
    JT_TRY(jt_buf_puts(out, "; from "));
    JT_TRY(jt_scdoc_put(out, min));
    JT_TRY(jt_buf_puts(out, " to "));
    return jt_scdoc_put(out, max);
}

static enum jt_err put_default(struct jt_buf *out, const struct jt_conf_row *row)
{
    if (row->required) {
        return jt_buf_puts(out, "; required");
    }
    if (row->fallback == NULL) {
        return JT_OK;
    }
    JT_TRY(jt_buf_puts(out, "; default "));
    return jt_scdoc_put(out, row->fallback);
}

/* One definition: the key in bold, below it, indented, the help, then type, default and bounds. */
static enum jt_err put_row(struct jt_buf *out, const struct jt_conf_row *row)
{
    JT_TRY(jt_buf_putc(out, '*'));
    JT_TRY(jt_scdoc_put(out, row->key));
    JT_TRY(jt_buf_puts(out, "*\n\t"));
    JT_TRY(jt_scdoc_put(out, row->help));
    JT_TRY(jt_buf_puts(out, ".++\n("));
    JT_TRY(jt_buf_puts(out, jt_confval_type(row->type)));
    JT_TRY(put_default(out, row));
    JT_TRY(put_bounds(out, row));
    return jt_buf_puts(out, ")\n\n");
}

enum jt_err jt_conf_reference(const struct jt_conf_row *rows, size_t n_rows, struct jt_buf *out)
{
    for (size_t i = 0; i < n_rows; i++) {
        JT_TRY(put_row(out, &rows[i]));
    }
    return JT_OK;
}
