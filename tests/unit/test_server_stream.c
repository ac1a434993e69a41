/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies taken piece by piece, the route's argument, and connections dealt past a busy thread. */
#include "common/http/server.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define POST(target) "POST " target " HTTP/1.1\r\nHost: a\r\n"
#define MAX_BODY     100000
#define ENOUGH       'E' /* a byte that the stream takes no more after */

static char text[4096], request[2 * MAX_BODY];

/* What a stream has seen. One request at a time. */
static struct {
    atomic_int opened, closed, handled;
    sem_t closing;
    size_t n;     /* bytes taken */
    size_t after; /* bytes given after it refused: must stay 0 */
    bool refused;
} seen;

static void *open_stream(void *app, const struct jt_request *head)
{
    (void)app;
    assert_null(head->stream);
    assert_int_equal(head->body.n, 0);
    if (jt_span_is(head->query, "unwanted")) {
        return NULL;
    }
    atomic_fetch_add(&seen.opened, 1);
    seen.n = seen.after = 0;
    seen.refused = false;
    return &seen;
}

static bool take(void *state, struct jt_span bytes)
{
    assert_ptr_equal(state, &seen);
    if (seen.refused) {
        seen.after += bytes.n;
    }
    seen.n += bytes.n;
    seen.refused = memchr(bytes.p, ENOUGH, bytes.n) != NULL;
    return !seen.refused;
}

static void close_stream(void *state)
{
    assert_ptr_equal(state, &seen);
    atomic_fetch_add(&seen.closed, 1);
    sem_post(&seen.closing);
}

/* The route's argument, its segment, and what came. */
static void on_stream(void *app, const struct jt_request *head, struct jt_answer *answer)
{
    (void)app;
    atomic_fetch_add(&seen.handled, 1);
    assert_int_equal(head->body.n, 0);
    enum jt_err err = jt_buf_printf(&answer->body, "%s %.*s %s %zu%s", (const char *)head->arg,
                                    (int)head->segments[0].n, (const char *)head->segments[0].p,
                                    head->stream == NULL ? "none" : "whole", seen.n,
                                    seen.refused ? " refused" : "");
    answer->status = err == JT_OK ? 200 : 500;
}

static sem_t entered, may_leave;

static void on_long(void *app, const struct jt_request *head, struct jt_answer *answer)
{
    (void)app;
    (void)head;
    sem_post(&entered);
    while (sem_wait(&may_leave) != 0) {
    }
    answer->status = 200;
}

static void on_short(void *app, const struct jt_request *head, struct jt_answer *answer)
{
    (void)app;
    answer->status = head->arg == NULL && head->stream == NULL ? 200 : 500;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    (void)sentence;
    answer->status = status;
}

static const struct jt_stream stream = {open_stream, take, close_stream};

static const struct jt_route routes[] = {
    {.method = "POST",
     .path = "/stream/{}",
     .handler = on_stream,
     .max_body = MAX_BODY,
     .arg = "argument",
     .stream = &stream},
    {.method = "GET", .path = "/long", .handler = on_long},
    {.method = "GET", .path = "/short", .handler = on_short},
};

static const struct jt_server_conf conf = {
    .address = "127.0.0.1:0",
    .threads = 3,
    .request_deadline_s = 1,
    .routes = routes,
    .n_routes = JT_COUNT(routes),
    .refusal = on_refusal,
};

static struct jt_server *server;

static int start(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    if (sem_init(&entered, 0, 0) != 0 || sem_init(&may_leave, 0, 0) != 0 ||
        sem_init(&seen.closing, 0, 0) != 0) {
        return -1;
    }
    return jt_server_start(&conf, &server, &diag) == JT_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    sem_post(&may_leave); /* should a test have failed while its handler waited */
    jt_server_stop(server, 0);
    return 0;
}

static void forget(void)
{
    atomic_store(&seen.opened, 0);
    atomic_store(&seen.closed, 0);
    atomic_store(&seen.handled, 0);
}

static const char *body(void)
{
    return strstr(text, "\r\n\r\n") + 4;
}

/* A request with `n` bytes, the one at `enough` being ENOUGH (past the end: none), by length or in
 * chunks of `chunk`. */
static struct jt_span make(size_t n, size_t enough, size_t chunk)
{
    static char bytes[2 * MAX_BODY];
    memset(bytes, 'b', n);
    if (enough < n) {
        bytes[enough] = ENOUGH;
    }
    size_t at = (size_t)snprintf(request, sizeof request, POST("/stream/a"));
    if (chunk == 0) {
        at += (size_t)snprintf(request + at, 64, "Content-Length: %zu\r\n\r\n", n);
        memcpy(request + at, bytes, n);
        return jt_span_of(request, at + n);
    }
    at += (size_t)snprintf(request + at, 64, "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t from = 0; from < n; from += chunk) {
        size_t part = n - from < chunk ? n - from : chunk;
        at += (size_t)snprintf(request + at, 64, "%zx\r\n", part);
        memcpy(request + at, bytes + from, part);
        memcpy(request + at + part, "\r\n", 2);
        at += part + 2;
    }
    memcpy(request + at, "0\r\n\r\n", 5);
    return jt_span_of(request, at + 5);
}

static void stream_takes_what_comes_up_to_the_limit_or_until_it_refuses(void **state)
{
    (void)state;
    static const struct {
        size_t n, enough, chunk;
        int status, opened;
        const char *told; /* NULL: what was taken is all of it */
    } rows[] = {
        {0, MAX_BODY, 0, 200, 1, NULL},
        {1, MAX_BODY, 0, 200, 1, NULL},
        {MAX_BODY, MAX_BODY, 0, 200, 1, NULL},
        {MAX_BODY + 1, MAX_BODY + 1, 0, 413, 0, ""},
        {MAX_BODY, MAX_BODY, 1000, 200, 1, NULL},
        {MAX_BODY + 1, MAX_BODY + 1, 1000, 413, 1, ""},
        /* refused midway: the rest is not given, the handler is told */
        {MAX_BODY, 50000, 0, 200, 1, " refused"},
        {MAX_BODY, 50000, 1000, 200, 1, " refused"},
        {MAX_BODY, MAX_BODY - 1, 0, 200, 1, " refused"},
        {1, 0, 1, 200, 1, " refused"},
        {MAX_BODY + 1, 50000, 1000, 413, 1, ""},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        char wanted[64];
        forget();
        int fd = wire_connect(jt_server_address(server));
        wire_send(fd, make(rows[i].n, rows[i].enough, rows[i].chunk), 0);
        wire_read_answer(fd, false, text, sizeof text);
        close(fd);
        assert_int_equal(wire_status(text), rows[i].status);
        assert_int_equal(atomic_load(&seen.opened), rows[i].opened);
        assert_int_equal(atomic_load(&seen.handled), rows[i].status == 200);
        for (int n = 0; n < rows[i].opened; n++) {
            sem_wait(&seen.closing);
        }
        assert_int_equal(atomic_load(&seen.closed), rows[i].opened);
        assert_int_equal(seen.after, 0);
        if (rows[i].told == NULL) {
            (void)snprintf(wanted, sizeof wanted, "argument a whole %zu", rows[i].n);
            assert_string_equal(body(), wanted);
        } else {
            assert_non_null(strstr(body(), rows[i].told));
        }
    }
}

static void connection_of_a_stream_serves_on(void **state)
{
    (void)state;
    forget();
    int fd = wire_connect(jt_server_address(server));
    for (int i = 0; i < 10; i++) {
        wire_send(fd, make(1000, i % 2 == 0 ? 500 : 1000, 0), 0);
        wire_read_answer(fd, false, text, sizeof text);
        assert_int_equal(wire_status(text), 200);
        sem_wait(&seen.closing);
    }
    close(fd);
    assert_int_equal(atomic_load(&seen.opened), 10);
    assert_int_equal(atomic_load(&seen.closed), 10);
}

static void connection_that_ends_midway_closes_its_stream_without_the_handler(void **state)
{
    (void)state;
    forget();
    int fd = wire_connect(jt_server_address(server));
    struct jt_span whole = make(MAX_BODY, MAX_BODY, 0);
    wire_send(fd, jt_span_of(whole.p, whole.n / 2), 0);
    close(fd);
    sem_wait(&seen.closing);
    assert_int_equal(atomic_load(&seen.opened), 1);
    assert_int_equal(atomic_load(&seen.closed), 1);
    assert_int_equal(atomic_load(&seen.handled), 0);
}

static void stream_not_wanted_answered_at_the_head(void **state)
{
    (void)state;
    forget();
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, jt_span_str(POST("/stream/b?unwanted") "Content-Length: 9\r\n\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 200);
    assert_non_null(strcasestr(text, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(body(), "argument b none"));
    assert_int_equal(atomic_load(&seen.opened) + atomic_load(&seen.closed), 0);
}

static void segment_refused_before_the_stream_is_opened(void **state)
{
    (void)state;
    forget();
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, jt_span_str(POST("/stream/%C3") "Content-Length: 9\r\n\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 400);
    assert_int_equal(atomic_load(&seen.opened), 0);
}

static void stream_that_stands_still_is_cut_at_the_deadline(void **state)
{
    (void)state;
    forget();
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, jt_span_str(POST("/stream/a") "Content-Length: 9\r\n\r\nb"), 0);
    assert_int_equal(wire_read_all(fd, text, sizeof text), 0); /* long before the idle time */
    sem_wait(&seen.closing);
    assert_int_equal(atomic_load(&seen.closed), 1);
    assert_int_equal(atomic_load(&seen.handled), 0);
}

/* Whatever the order they are dealt in: while one thread is inside a handler, no other connection
 * waits for it. */
static void connection_is_not_dealt_to_a_thread_inside_a_handler(void **state)
{
    (void)state;
    int busy = wire_connect(jt_server_address(server));
    wire_send(busy, jt_span_str("GET /long HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    sem_wait(&entered);
    for (int i = 0; i < 12; i++) {
        int fd = wire_connect(jt_server_address(server));
        wire_send(fd, jt_span_str("GET /short HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
        wire_read_answer(fd, false, text, sizeof text);
        assert_int_equal(wire_status(text), 200);
        close(fd);
    }
    sem_post(&may_leave);
    wire_read_answer(busy, false, text, sizeof text);
    assert_int_equal(wire_status(text), 200);
    close(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_takes_what_comes_up_to_the_limit_or_until_it_refuses),
        cmocka_unit_test(connection_of_a_stream_serves_on),
        cmocka_unit_test(connection_that_ends_midway_closes_its_stream_without_the_handler),
        cmocka_unit_test(stream_not_wanted_answered_at_the_head),
        cmocka_unit_test(segment_refused_before_the_stream_is_opened),
        cmocka_unit_test(stream_that_stands_still_is_cut_at_the_deadline),
        cmocka_unit_test(connection_is_not_dealt_to_a_thread_inside_a_handler),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
