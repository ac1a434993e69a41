/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/http/sweep.h"

#include "common/http/door.h"
#include "tests/attack/http/rows.h"
#include "tests/attack/http/strict.h"
#include "tests/attack/http/target.h"
#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define STREAM_MAX   4096
#define STATUSES_MAX 4

/* What is due for a stream. */
struct due {
    int statuses[STATUSES_MAX]; /* of the answers to what is in order, one after another */
    size_t n, served, canaries;
    bool refused; /* then something is refused, with an answer or without, and nothing follows */
    bool either;  /* the last one may also be refused */
    bool framed;  /* the last one is in chunks that only the library takes, or refuses */
};

static const struct jt_span bases[] = {
    RAW("GET /ok?a=%41 HTTP/1.1\r\nHost: a.b:80\r\nX-Y: v w\r\n\r\n"),
    RAW("POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\nhello"),
    RAW("POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a\r\nhello\r\n0\r\nX: y\r\n\r\n"),
    RAW("GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
};

/* Controls, delimiters, and of each other class of characters its first, last or best known. */
static const char values[] = "\0\x01\b\t\n\v\f\r\x1b\x1f !\"#$%&'()*+,-./0159:;<=>?@AEFGZ[\\]^_`"
                             "aefgxz{|}~\x7f\x80\x85\xa0\xc3\xff";

/* The status of a whole and well-framed request, by the routes of the target. */
static int route(const struct strict_head *head, size_t body, struct due *due)
{
    bool get = jt_span_is(head->method, "GET") || jt_span_is(head->method, "HEAD");
    if (jt_span_is(head->method, target->canary_method) &&
        jt_span_is(head->path, target->canary_path) && head->authorized &&
        body == target->canary_body) {
        due->canaries++;
        return 200;
    }
    if (jt_span_is(head->path, target->get)) {
        if (get) {
            due->served += body == 0;
            return body > 0 ? 413 : target->get_status;
        }
        if (strcmp(target->get, target->post) != 0) {
            return 405;
        }
    }
    if (jt_span_is(head->path, target->post)) {
        bool post = jt_span_is(head->method, "POST");
        due->served += post && body <= target->max_body;
        return !post ? 405 : body > target->max_body ? 413 : target->post_status;
    }
    return jt_span_is(head->path, target->canary_path) ? 405 : 404;
}

/* Takes one request off the stream; true when another one may follow. */
static bool take(struct jt_span *stream, struct due *due)
{
    struct strict_head head;
    size_t body = 0, n = 0;
    enum strict how = strict_read_head(*stream, &head);
    if (how != STRICT_OK) {
        due->refused = true;
        assert_int_equal(how, STRICT_BAD); /* the filler ends what is not whole */
        return false;
    }
    due->either = due->either || head.either;
    how = strict_read_body(*stream, &head, &body, &n);
    if (head.chunked && how != STRICT_OK) {
        due->framed = true;
        return false;
    }
    int status = route(&head, body, due);
    assert_true(how == STRICT_OK || status >= 400);
    due->statuses[due->n++] = status;
    bool early = body > 0 && status >= 400 && status != target->post_status;
    *stream = jt_span_of(stream->p + head.n + n, early ? 0 : stream->n - head.n - n);
    return !early && !head.close && !head.chunked && due->n < STATUSES_MAX;
}

static struct due tell_due(struct jt_span stream)
{
    struct due due = {0};
    while (take(&stream, &due)) {
    }
    return due;
}

static void fail_for(struct jt_span request, const struct due *due, const struct target_said *said)
{
    for (size_t i = 0; i < request.n; i++) {
        bool plain = request.p[i] >= 0x20 && request.p[i] < 0x7F;
        (void)fprintf(stderr, plain ? "%c" : "\\x%02x", request.p[i]);
    }
    fail_msg(" was due %zu answers from %d, %zu canaries%s, and got %zu: %s", due->n,
             due->n > 0 ? due->statuses[0] : 0, due->canaries, due->refused ? ", a refusal" : "",
             said->canaries, said->text);
}

static bool all_refused(const char *at)
{
    for (; at != NULL; at = wire_next(at)) {
        int status = wire_status(at);
        if (status != 0 && (status < 400 || (status > 431 && status != 501 && status != 505))) {
            return false;
        }
    }
    return true;
}

/* `may_refuse`: the library refuses more than it has to (1.x does, never less); then what comes
 * before that is as it is due, and nothing comes behind it. */
static bool is_as_due(const struct due *due, const struct target_said *said, bool may_refuse)
{
    const char *at = said->text;
    size_t max = due->served + (due->framed ? 1 : 0);
    bool none = may_refuse && said->canaries == 0;
    if ((said->canaries != due->canaries && !none) ||
        (said->served != SIZE_MAX && said->served > max)) {
        return false;
    }
    for (size_t i = 0; i < due->n; i++) {
        if (at == NULL || wire_status(at) != due->statuses[i]) {
            return none && all_refused(at);
        }
        at = wire_next(at);
    }
    if (due->framed) {
        return at == NULL || wire_next(at) == NULL || all_refused(wire_next(at));
    }
    return due->refused ? all_refused(at) : at == NULL;
}

/* Behind the canary, so that a body of any length that one more digit can announce ends, too: lines
 * that neither a request nor a trailer can be made of. */
static uint8_t filler[600];

static void fill(void)
{
    for (size_t i = 0; i < sizeof filler; i++) {
        filler[i] = (uint8_t) "x\r\n"[i % 3];
    }
}

static void check(struct jt_span request)
{
    static struct target_said said;
    static uint8_t stream[STREAM_MAX];
    size_t n = target_write(request, stream);
    memcpy(stream + n, target->canary.p, target->canary.n);
    n += target->canary.n;
    fill();
    memcpy(stream + n, filler, sizeof filler);
    struct due due = tell_due(jt_span_of(stream, n + sizeof filler));
    target_ask(request, 0, jt_span_of(filler, sizeof filler), &said);
    bool may_refuse = due.either || !jt_door_knows_library();
    if (!is_as_due(&due, &said, may_refuse)) {
        fail_for(request, &due, &said);
    }
}

void sweep_inserts_each_byte_everywhere(void **state)
{
    (void)state;
    uint8_t request[512];
    for (size_t i = 0; i < JT_COUNT(bases); i++) {
        check(bases[i]);
        for (size_t at = 0; at <= bases[i].n; at++) {
            memcpy(request, bases[i].p, at);
            memcpy(request + at + 1, bases[i].p + at, bases[i].n - at);
            for (size_t j = 0; j < sizeof values - 1; j++) {
                request[at] = (uint8_t)values[j];
                check(jt_span_of(request, bases[i].n + 1));
            }
        }
    }
}

void sweep_leaves_each_byte_out(void **state)
{
    (void)state;
    uint8_t request[512];
    for (size_t i = 0; i < JT_COUNT(bases); i++) {
        for (size_t at = 0; at < bases[i].n; at++) {
            memcpy(request, bases[i].p, at);
            memcpy(request + at, bases[i].p + at + 1, bases[i].n - at - 1);
            check(jt_span_of(request, bases[i].n - 1));
        }
    }
}
