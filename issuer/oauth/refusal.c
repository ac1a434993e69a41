/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that turns an error into a response of the public listener. */
#include "common/json/json.h"
#include "issuer/oauth/oauth.h"
#include "issuer/token_error.h"

#include "common/base/base.h"

static enum jt_err put_error(struct jt_buf *out, const char *code, const char *sentence)
{
    JT_TRY(jt_buf_printf(out, "{\"error\":\"%s\",\"error_description\":\"", code));
    JT_TRY(jt_token_error_put(out, sentence));
    return jt_buf_puts(out, "\"}");
}

static void fill(struct jt_answer *answer, int status, const char *code, const char *sentence)
{
    answer->status = status;
    answer->content_type = "application/json";
    answer->cache_control = "no-store";
    jt_answer_header(answer, "Pragma", "no-cache");
    if (status == 429 || status == 503) {
        jt_answer_header(answer, "Retry-After", "1");
    }
    jt_buf_clear(&answer->body);
    if (put_error(&answer->body, code, sentence) != JT_OK) {
        jt_buf_clear(&answer->body); /* out of memory: the status alone says it */
    }
}

void jt_oauth_refuse(struct jt_answer *answer, enum jt_err err, const char *sentence,
                     bool challenge)
{
    struct jt_token_error error = jt_token_error_of(err, sentence);
    int status = error.status == 401 && !challenge ? 400 : error.status;
    fill(answer, status, error.code, error.description);
    if (status == 401) {
        /* RFC 6749 sec. 5.2: a client that used the Authorization header gets its scheme back */
        jt_answer_header(answer, "WWW-Authenticate", "Basic realm=\"token\", charset=\"UTF-8\"");
    }
}

void jt_oauth_refuse_http(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app; /* the shape depends on nothing of the issuer's */
    fill(answer, status, status >= 500 ? "temporarily_unavailable" : "invalid_request", sentence);
}
