/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/intake.h"

#include "common/base/secret.h"

#include "common/base/base.h"

/* Of a chunked body that is too large, so much more is read for the sake of a client that waits for
 * its 413; past it the connection is closed without one. */
#define DISCARD_MAX ((size_t)64 * 1024)

enum jt_err jt_intake_begin(struct jt_intake *intake, const struct jt_route *route,
                            size_t announced)
{
    intake->max = route->max_body;
    intake->stream = route->stream;
    intake->whole.max = route->max_body;
    if (intake->stream != NULL || announced == 0) {
        return JT_OK;
    }
    /* at once and whole: growing would leave copies of secrets behind */
    return jt_buf_reserve(&intake->whole, announced);
}

bool jt_intake_open(struct jt_intake *intake, void *app, const struct jt_request *head)
{
    intake->state = intake->stream->open(app, head);
    return intake->state != NULL;
}

bool jt_intake_take(struct jt_intake *intake, struct jt_span bytes)
{
    if (intake->too_large || bytes.n > intake->max - intake->taken) {
        /* only chunked: the library takes no answer in the middle of a body */
        intake->too_large = true;
        intake->discarded += bytes.n;
        return intake->discarded <= DISCARD_MAX;
    }
    intake->taken += bytes.n;
    if (intake->stream == NULL) {
        return jt_buf_put(&intake->whole, bytes) == JT_OK;
    }
    intake->refused = intake->refused || !intake->stream->take(intake->state, bytes);
    return true;
}

void jt_intake_release(struct jt_intake *intake)
{
    if (intake->state != NULL) {
        intake->stream->close(intake->state);
        intake->state = NULL;
    }
    jt_secret_wipe(intake->whole.p, intake->whole.len);
    jt_buf_release(&intake->whole);
}
