/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/token_error.h"

#include "common/base/base.h"

/* RFC 6749 sec. 5.2: error_description is %x20-21 / %x23-5B / %x5D-7E. */
enum jt_err jt_token_error_put(struct jt_buf *out, const char *description)
{
    for (; *description != 0; description++) {
        char c = *description;
        if (c < 0x20 || c > 0x7E) {
            c = '?';
        } else if (c == '"' || c == '\\') {
            c = '\'';
        }
        JT_TRY(jt_buf_putc(out, c));
    }
    return JT_OK;
}

struct jt_token_error jt_token_error_of(enum jt_err err, const char *sentence)
{
    const struct jt_err_row *row = jt_err_row(err);
    int status = row->oauth == NULL ? 500 : row->http;
    if (status == 500) {
        status = 503; /* an OAuth client understands "try again", not a server's inner state */
    }
    bool ours = row->class == JT_CLASS_ENV || row->class == JT_CLASS_BUG;
    return (struct jt_token_error){status, status == 503 ? "temporarily_unavailable" : row->oauth,
                                   ours ? "the issuer cannot answer now; try again in a moment"
                                        : sentence};
}
