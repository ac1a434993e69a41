/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/answer.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

void jt_answer_init(struct jt_answer *answer)
{
    memset(answer, 0, offsetof(struct jt_answer, headers));
    answer->status = 500;
    answer->body.max = JT_ANSWER_BODY_MAX;
}

void jt_answer_header(struct jt_answer *answer, const char *name, const char *format, ...)
{
    if (answer->n_headers == JT_COUNT(answer->headers)) {
        return;
    }
    struct jt_answer_header *header = &answer->headers[answer->n_headers++];
    header->name = name;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(header->value, sizeof header->value, format, args); /* cut: the contract */
    va_end(args);
}

static struct MHD_Response *make_shared(struct jt_answer *answer)
{
    /* the library takes a plain pointer but only reads */
    union {
        const uint8_t *in;
        void *out;
    } bytes = {.in = answer->shared_body.p};
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->shared_body.n, bytes.out, answer->shared_release, answer->shared_ctx);
    if (response == NULL && answer->shared_release != NULL) {
        answer->shared_release(answer->shared_ctx);
    }
    return response;
}

static struct MHD_Response *make_own(struct jt_answer *answer)
{
    size_t n = answer->body.len;
    void *bytes = jt_buf_take(&answer->body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(bytes);
    }
    return response;
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_all(struct MHD_Response *response, const struct jt_answer *answer)
{
    for (size_t i = 0; i < answer->n_headers; i++) {
        if (!add(response, answer->headers[i].name, answer->headers[i].value)) {
            return false;
        }
    }
    for (size_t i = 0; i < answer->n_lines; i++) {
        /* the library refuses an empty value; white space around one is no part of it (RFC 9112
         * sec. 5.1), so that this is one */
        const char *value = answer->lines[i].value[0] == 0 ? " " : answer->lines[i].value;
        if (!add(response, answer->lines[i].name, value)) {
            return false;
        }
    }
    return add(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type) &&
           add(response, MHD_HTTP_HEADER_CACHE_CONTROL, answer->cache_control) &&
           add(response, MHD_HTTP_HEADER_CONNECTION, answer->close ? "close" : NULL);
}

bool jt_answer_queue(struct MHD_Connection *connection, struct jt_answer *answer)
{
    bool shared = answer->shared_body.p != NULL;
    struct MHD_Response *response = shared ? make_shared(answer) : make_own(answer);
    jt_buf_release(&answer->body);
    if (response == NULL) {
        return false;
    }
    /* an answer short of a header (no-store, say) is worse than none */
    bool queued = add_all(response, answer) &&
                  MHD_queue_response(connection, (unsigned)answer->status, response) == MHD_YES;
    MHD_destroy_response(response); /* the connection holds its own reference */
    return queued;
}
