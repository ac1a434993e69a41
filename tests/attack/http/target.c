/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/http/target.h"

#include "common/http/door.h"
#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/base.h"

#define STAND_IN "/ok"

const struct target *target;
size_t target_canaries;

static bool is_post(struct jt_span request)
{
    return jt_span_starts(request, JT_SPAN("POST"));
}

size_t target_write(struct jt_span request, uint8_t *out)
{
    const char *path = is_post(request) ? target->post : target->get;
    const uint8_t *at = memmem(request.p, request.n, STAND_IN, strlen(STAND_IN));
    size_t before = at == NULL ? request.n : (size_t)(at - request.p);
    memcpy(out, request.p, before);
    if (at == NULL) {
        return before;
    }
    size_t path_n = strlen(path), rest = request.n - before - strlen(STAND_IN);
    memcpy(out + before, path, path_n);
    memcpy(out + before + path_n, at + strlen(STAND_IN), rest);
    return before + path_n + rest;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++) {
        n++;
    }
    return n;
}

void target_ask(struct jt_span request, size_t piece, struct jt_span tail, struct target_said *out)
{
    uint8_t *bytes = malloc(TARGET_REQUEST_MAX);
    assert_non_null(bytes);
    assert_true(request.n + strlen(target->post) + target->canary.n + tail.n <= TARGET_REQUEST_MAX);
    size_t n = target_write(request, bytes);
    memcpy(bytes + n, target->canary.p, target->canary.n);
    n += target->canary.n;
    if (tail.n > 0) {
        memcpy(bytes + n, tail.p, tail.n);
    }
    if (target->reset != NULL) {
        target->reset();
    }
    int fd = wire_connect(target->address);
    wire_send(fd, jt_span_of(bytes, n + tail.n), piece);
    free(bytes);
    (void)wire_read_all(fd, out->text, sizeof out->text);
    size_t answered = count(out->text, target->canary_mark);
    out->canaries = target->canaries == NULL ? answered : target->canaries();
    out->served = target->served == NULL ? SIZE_MAX : target->served();
    target_canaries += answered;
}

/* Some heads of the library's own refusals go out twice: any number, but of that status alone. */
static bool all_have(const char *text, int status)
{
    char line[32];
    (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    return wire_count(text) == count(text, line);
}

void target_refuses(const char *name, int status, struct jt_span request, size_t piece)
{
    static struct target_said said;
    target_ask(request, piece, JT_SPAN_NONE, &said);
    int first = wire_status(said.text);
    /* 1.x refuses more by itself, with or without an answer */
    bool refused = jt_door_knows_library() ? first == status && all_have(said.text, status)
                                           : first == 0 || first >= 400;
    if (!refused || said.canaries != 0 || (said.served != 0 && said.served != SIZE_MAX)) {
        fail_msg("%s: should be %d alone (%zu canaries, pieces of %zu): %s", name, status,
                 said.canaries, piece, said.text);
    }
}

static bool has_body(struct jt_span request)
{
    const uint8_t *end = memmem(request.p, request.n, "\r\n\r\n", 4);
    return end != NULL && end + 4 < request.p + request.n;
}

/* A connection that goes on after the request serves the canary, one that must not does not. */
static bool goes_on(struct jt_span request)
{
    bool http_1_0 = memmem(request.p, request.n, "HTTP/1.0\r\n", 10) != NULL;
    bool kept = memmem(request.p, request.n, "keep-alive", 10) != NULL;
    bool chunked = memmem(request.p, request.n, "Transfer-Encoding:", 18) != NULL &&
                   memmem(request.p, request.n, "X-Transfer-Encoding:", 20) == NULL;
    return (!http_1_0 || kept) && !chunked && !(target->unread && has_body(request));
}

void target_serves(const char *name, struct jt_span request, size_t piece)
{
    static struct target_said said;
    target_ask(request, piece, JT_SPAN_NONE, &said);
    bool continued = strncmp(said.text, "HTTP/1.1 100", 12) == 0;
    const char *first = continued ? strstr(said.text + 1, "HTTP/1.") : said.text;
    size_t on = goes_on(request) ? 1 : 0;
    int status = is_post(request) ? target->post_status : target->get_status;
    if (first == NULL || wire_status(first) != status || wire_count(first) != 1 + on ||
        said.canaries != on || (said.served != 1 && said.served != SIZE_MAX)) {
        fail_msg("%s: should be served (%zu canaries, pieces of %zu): %s", name, said.canaries,
                 piece, said.text);
    }
}
