/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are answered when their head is there, and answers with borrowed header lines. */
#include "common/http/server.h"

#include <unistd.h>

#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define BEGIN(method, target) method " " target " HTTP/1.1\r\nHost: a\r\n"

static char text[8192];

struct seen {
    size_t n;
    struct jt_span last;
};

static void count_x(void *ctx, struct jt_span name, struct jt_span value)
{
    struct seen *seen = ctx;
    if (jt_span_eq_nocase(name, JT_SPAN("X-Seen"))) {
        seen->n++;
        seen->last = value;
    }
}

static void on_head(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    static char longer[2000];
    memset(longer, 'v', sizeof longer - 1);
    static const struct jt_answer_line lines[] = {{"X-Empty", ""}, {"X-Long", longer}};
    struct seen seen = {0, JT_SPAN_NONE};
    jt_request_each_header(request, count_x, &seen);
    jt_answer_header(answer, "X-Told", "%s %.*s %zu[%.*s] %zu", request->method,
                     (int)request->path.n, (const char *)request->path.p, seen.n, (int)seen.last.n,
                     (const char *)seen.last.p, request->body.n);
    answer->lines = lines;
    answer->n_lines = JT_COUNT(lines);
    answer->status = 200;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    (void)sentence;
    answer->status = status;
}

static const struct jt_route routes[] = {
    {.method = "*", .path = "/head/{*}", .handler = on_head, .max_body = JT_ROUTE_AT_HEAD}};

static const struct jt_server_conf conf = {
    .address = "127.0.0.1:0",
    .threads = 1,
    .routes = routes,
    .n_routes = JT_COUNT(routes),
    .refusal = on_refusal,
};

static struct jt_server *server;

static int start(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    return jt_server_start(&conf, &server, &diag) == JT_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    jt_server_stop(server, 0);
    return 0;
}

static void announced_body_not_waited_for_and_closed(void **state)
{
    (void)state;
    static const char *const heads[] = {
        BEGIN("POST", "/head/x") "Content-Length: 11\r\n\r\n",
        BEGIN("POST", "/head/x") "Content-Length: 18446744073709551614\r\n\r\n",
        BEGIN("GET", "/head/x") "Content-Length: 1\r\n\r\n",
        BEGIN("PUT", "/head/x") "Transfer-Encoding: chunked\r\n\r\n",
        BEGIN("PUT", "/head/x") "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    };
    for (size_t i = 0; i < JT_COUNT(heads); i++) {
        int fd = wire_connect(jt_server_address(server));
        wire_send(fd, jt_span_str(heads[i]), 0);
        size_t n = wire_read_all(fd, text, sizeof text); /* ends: nothing of the body was sent */
        assert_true(n > 0);
        assert_int_equal(wire_status(text), 200);
        assert_int_equal(wire_count(text), 1);
        assert_non_null(strstr(text, "Connection: close"));
        assert_non_null(strstr(text, "X-Told: "));
    }
}

static void body_that_came_along_is_no_second_request(void **state)
{
    (void)state;
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd,
              JT_SPAN(BEGIN("POST", "/head/x") "Content-Length: 46\r\n\r\n" BEGIN(
                  "GET", "/head/smuggled") "\r\n"),
              0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_count(text), 1);
    assert_null(strstr(text, "smuggled"));
}

static void no_body_keeps_the_connection(void **state)
{
    (void)state;
    int fd = wire_connect(jt_server_address(server));
    static const char *const heads[] = {BEGIN("GET", "/head/") "\r\n",
                                        BEGIN("DELETE", "/head/a//b/..%2f") "\r\n",
                                        BEGIN("POST", "/head/") "Content-Length: 0\r\n\r\n"};
    for (size_t i = 0; i < JT_COUNT(heads); i++) {
        wire_send(fd, jt_span_str(heads[i]), 0);
        wire_read_answer(fd, false, text, sizeof text);
        assert_int_equal(wire_status(text), 200);
    }
    (void)close(fd); /* it was good until now */
}

static void every_header_line_told(void **state)
{
    (void)state;
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, JT_SPAN(BEGIN("GET", "/head/") "X-Seen: a\r\nx-seen:  b \r\n\r\n"), 0);
    wire_read_answer(fd, false, text, sizeof text);
    assert_non_null(strstr(text, "X-Told: GET /head/ 2[b] 0\r\n"));
    (void)close(fd); /* it was good until now */
}

static void lines_of_any_length_and_none_sent(void **state)
{
    (void)state;
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, JT_SPAN(BEGIN("GET", "/head/") "\r\n"), 0);
    wire_read_answer(fd, false, text, sizeof text);
    const char *longer = strstr(text, "\r\nX-Long: ");
    assert_non_null(longer);
    assert_int_equal(strspn(longer + 10, "v"), 1999);
    const char *empty = strstr(text, "\r\nX-Empty:");
    assert_non_null(empty);
    assert_int_equal(strspn(empty + 10, " "), strcspn(empty + 10, "\r"));
    (void)close(fd); /* it was good until now */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announced_body_not_waited_for_and_closed),
        cmocka_unit_test(body_that_came_along_is_no_second_request),
        cmocka_unit_test(no_body_keeps_the_connection),
        cmocka_unit_test(every_header_line_told),
        cmocka_unit_test(lines_of_any_length_and_none_sent),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
