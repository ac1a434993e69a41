/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_token_get.h"

#include "issuer/cli/cli_http.h"
#include "issuer/cli/cli_show.h"
#include "issuer/cli/cli_token_ask.h"

#include "common/base/base.h"

#define FORM_LIMIT ((size_t)256 * 1024)

static enum jt_err put_form(const struct jt_cli_run *run, struct jt_buf *out)
{
    const char *value;
    /* RFC 8707 sec. 2: resource may be repeated */
    for (size_t at = 0; (value = jt_cli_options_next(run, "resource", &at)) != NULL;) {
        JT_TRY(jt_buf_puts(out, "&resource="));
        JT_TRY(jt_cli_http_encode(out, jt_span_str(value)));
    }
    const char *before = "&scope=";
    for (size_t at = 0; (value = jt_cli_options_next(run, "scope", &at)) != NULL;) {
        JT_TRY(jt_buf_puts(out, before));
        JT_TRY(jt_cli_http_encode(out, jt_span_str(value)));
        before = "%20";
    }
    return JT_OK;
}

enum jt_err jt_cli_token_get(const struct jt_cli_run *run, struct jt_diag *diag)
{
    struct jt_cli_token_ask ask = {.issuer_name = "--issuer",
                                   .credentials = jt_cli_options_text(run, "credentials"),
                                   .ca_file = jt_cli_options_text(run, "ca-file")};
    JT_AUTO(buf) form = JT_BUF_INIT(FORM_LIMIT);
    JT_JSON_AUTO json_t *answer = NULL;
    struct jt_span token;
    JT_TRY(jt_cli_options_need(run, "issuer", &ask.issuer, diag));
    JT_TRY(put_form(run, &form));
    ask.form = jt_buf_span(&form);
    JT_TRY(jt_cli_token_ask_send(&ask, &answer, &token, diag));
    if (!jt_cli_show_people(run)) {
        return jt_cli_show_value(run, NULL, answer, diag);
    }
    struct jt_cli_pen pen = jt_cli_pen_on(stdout);
    jt_cli_pen_text(&pen, token);
    (void)fputc('\n', stdout); /* main asks ferror() at the end */
    return JT_OK;
}
