/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/server.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http/listen.h"
#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define TEXT_MAX  (256 * 1024)
#define BODY_MAX  1000
#define RAW(text) ((struct jt_span){(const uint8_t *)(text), sizeof(text) - 1})

/* What the handlers share with the tests. */
static atomic_int threads_made, threads_freed, thread_faults, released;

static char text[TEXT_MAX]; /* what a test has received */

static void reply(struct jt_answer *answer, struct jt_span body)
{
    answer->content_type = "text/plain";
    answer->status = jt_buf_put(&answer->body, body) == JT_OK ? 200 : 500;
}

static void on_echo(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    reply(answer, request->body);
}

/* Method, path, query, segments and two headers, each in brackets; "-" for a NULL. */
static void on_tell(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    struct jt_span parts[9] = {jt_span_str(request->method), request->path, request->query};
    size_t n = 3;
    for (size_t i = 0; i < request->n_segments; i++) {
        parts[n++] = request->segments[i];
    }
    parts[n++] = jt_request_header(request, "X-Told");
    parts[n++] = jt_request_header(request, "authorization");
    enum jt_err err = JT_OK;
    for (size_t i = 0; i < n && err == JT_OK; i++) {
        err = jt_buf_printf(&answer->body, "[%.*s]", parts[i].p == NULL ? 1 : (int)parts[i].n,
                            parts[i].p == NULL ? "-" : (const char *)parts[i].p);
    }
    answer->status = err == JT_OK ? 200 : 500;
}

static void on_thread(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    answer->status = request->thread != NULL ? 200 : 500;
}

static void on_release(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&released, 1);
}

static const char shared_text[] = "shared by all answers";

static void on_shared(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    answer->status = jt_span_is(request->query, "304") ? 304 : 200;
    answer->cache_control = "public, max-age=300";
    answer->shared_body = jt_span_str(shared_text);
    answer->shared_release = on_release;
    if (jt_span_is(request->query, "broken")) {
        jt_answer_header(answer, "X-Split", "a\r\nX-Injected: b");
    }
}

static void on_headers(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    char longer[600];
    memset(longer, 'v', sizeof longer);
    jt_answer_header(answer, "X-A", "%s-%d", "a", 1);
    jt_answer_header(answer, "X-Long", "%.600s", longer);
    jt_answer_header(answer, "X-C", "c");
    jt_answer_header(answer, "X-D", "d");
    jt_answer_header(answer, "X-Fifth", "e");
    answer->status = 204;
    answer->close = true;
}

static void on_default(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    (void)answer;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    answer->content_type = "application/json";
    enum jt_err err =
        jt_buf_printf(&answer->body, "{\"status\":%d,\"why\":\"%s\"}", status, sentence);
    answer->status = err == JT_OK ? status : 500;
}

static void *thread_new(void *app)
{
    (void)app;
    if (atomic_fetch_sub(&thread_faults, 1) > 0) {
        return NULL;
    }
    atomic_fetch_add(&threads_made, 1);
    return malloc(1);
}

static void thread_free(void *thread)
{
    free(thread);
    atomic_fetch_add(&threads_freed, 1);
}

static const struct jt_route routes[] = {
    {.method = "POST", .path = "/echo", .handler = on_echo, .max_body = BODY_MAX},
    {.method = "GET", .path = "/tell", .handler = on_tell},
    {.method = "POST", .path = "/tell", .handler = on_tell, .max_body = BODY_MAX},
    {.method = "GET", .path = "/tell/{}/of/{}", .handler = on_tell},
    {.method = "GET", .path = "/shared", .handler = on_shared},
    {.method = "GET", .path = "/thread", .handler = on_thread},
    {.method = "GET", .path = "/headers", .handler = on_headers},
    {.method = "DELETE", .path = "/default", .handler = on_default},
};

static struct jt_server_conf make_conf(void)
{
    return (struct jt_server_conf){
        .address = "127.0.0.1:0",
        .threads = 2,
        .routes = routes,
        .n_routes = JT_COUNT(routes),
        .refusal = on_refusal,
        .thread_new = thread_new,
        .thread_free = thread_free,
    };
}

static struct jt_server *start(const struct jt_server_conf *conf)
{
    struct jt_server *server = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_server_start(conf, &server, &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
    return server;
}

/* The tests of requests share a server. */
static struct jt_server_conf shared_conf;
static struct jt_server *shared_server;

static int connect_shared(void)
{
    return wire_connect(jt_server_address(shared_server));
}

/* Sends one request over `fd`, reads one answer into `text`; its status. */
static int ask(int fd, struct jt_span request)
{
    wire_send(fd, request, 0);
    wire_read_answer(fd, jt_span_starts(request, JT_SPAN("HEAD ")), text, sizeof text);
    return wire_status(text);
}

/* Whether the answer in `text` has the header line (a whole one). */
static bool has_line(const char *line)
{
    char wanted[640];
    (void)snprintf(wanted, sizeof wanted, "\r\n%s\r\n", line);
    const char *at = strcasestr(text, wanted);
    return at != NULL && at < strstr(text, "\r\n\r\n");
}

static const char *body(void)
{
    return strstr(text, "\r\n\r\n") + 4;
}

#define LINE(method, target) method " " target " HTTP/1.1\r\nHost: a\r\n"

static void request_is_told_to_its_handler_as_sent(void **state)
{
    (void)state;
    static const struct {
        const char *request, *body;
    } rows[] = {
        {LINE("GET", "/tell") "\r\n", "[GET][/tell][-][-][-]"},
        {LINE("GET", "/tell?") "\r\n", "[GET][/tell][][-][-]"},
        {LINE("GET", "/tell?a=b&c=%20+d") "\r\n", "[GET][/tell][a=b&c=%20+d][-][-]"},
        {LINE("GET", "/tell/a%2Fb/of/c+%C3%A9?x?y") "\r\n",
         "[GET][/tell/a%2Fb/of/c+%C3%A9][x?y][a/b][c+\xc3\xa9][-][-]"},
        {LINE("GET", "/tell") "x-told:  a b\t \r\n\r\n", "[GET][/tell][-][a b][-]"},
        {LINE("GET", "/tell") "X-Told:\r\nAuthorization: Basic eA==\r\n\r\n",
         "[GET][/tell][-][][Basic eA==]"},
        {LINE("POST", "/tell") "Content-Length: 2\r\n\r\nhi", "[POST][/tell][-][-][-]"},
    };
    int fd = connect_shared();
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(ask(fd, jt_span_str(rows[i].request)), 200);
        assert_string_equal(body(), rows[i].body);
    }
    close(fd);
}

static void segment_that_is_not_encoded_utf8_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {LINE("GET", "/tell/%C3/of/b") "\r\n", 400},
        {LINE("GET", "/tell/%C3%A9/of/b") "\r\n", 200},
        {LINE("GET", "/tell/a/of/%4") "\r\n", 400},
        {LINE("GET", "/tell/a/of/%41") "\r\n", 200},
    };
    int fd = connect_shared();
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(ask(fd, jt_span_str(rows[i].request)), rows[i].status);
    }
    close(fd);
}

static void unknown_path_404_and_unknown_method_405_keep_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *allow;
    } rows[] = {
        {LINE("GET", "/absent") "\r\n", 404, NULL},
        {LINE("GET", "/tell/a/of/") "\r\n", 404, NULL},
        {LINE("PUT", "/tell") "\r\n", 405, "Allow: GET, HEAD, POST"},
        {LINE("BREW", "/tell") "\r\n", 405, "Allow: GET, HEAD, POST"},
        {LINE("OPTIONS", "/tell") "\r\n", 405, "Allow: GET, HEAD, POST"},
        {LINE("GET", "/echo") "\r\n", 405, "Allow: POST"},
        {LINE("HEAD", "/echo") "\r\n", 405, "Allow: POST"},
        {LINE("GET", "/tell") "\r\n", 200, NULL},
    };
    int fd = connect_shared();
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(ask(fd, jt_span_str(rows[i].request)), rows[i].status);
        assert_int_equal(has_line("Content-Type: application/json"), rows[i].status != 200);
        assert_true(rows[i].allow == NULL ? strcasestr(text, "\r\nAllow:") == NULL
                                          : has_line(rows[i].allow));
        assert_false(has_line("Connection: close"));
    }
    close(fd);
}

static void unwanted_body_of_a_refused_request_closes_the_connection(void **state)
{
    (void)state;
    static const struct {
        struct jt_span request;
        int status;
    } rows[] = {
        {{(const uint8_t *)LINE("POST", "/absent") "Content-Length: 2\r\n\r\nhi", 0}, 404},
        {{(const uint8_t *)LINE("PUT", "/tell") "Content-Length: 2\r\n\r\nhi", 0}, 405},
        {{(const uint8_t *)LINE("GET", "/tell") "Content-Length: 2\r\n\r\nhi", 0}, 413},
    };
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        int fd = connect_shared();
        wire_send(fd, jt_span_str((const char *)rows[i].request.p), 0);
        (void)wire_read_all(fd, text, sizeof text);
        assert_int_equal(wire_status(text), rows[i].status);
        assert_true(has_line("Connection: close"));
    }
}

static void head_answered_like_get_without_the_body(void **state)
{
    (void)state;
    int fd = connect_shared();
    assert_int_equal(ask(fd, RAW(LINE("HEAD", "/shared") "\r\n")), 200);
    char length[64];
    (void)snprintf(length, sizeof length, "Content-Length: %zu", sizeof shared_text - 1);
    assert_true(has_line(length));
    /* the next answer begins right behind the head: no body was sent */
    assert_int_equal(ask(fd, RAW(LINE("GET", "/shared") "\r\n")), 200);
    assert_true(has_line(length));
    assert_string_equal(body(), shared_text);
    close(fd);
}

static void answer_headers_sent_cut_and_counted(void **state)
{
    (void)state;
    char longest[600];
    int fd = connect_shared();
    wire_send(fd, RAW(LINE("GET", "/headers") "\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 204);
    (void)snprintf(longest, sizeof longest, "X-Long: ");
    memset(longest + 8, 'v', 511);
    longest[8 + 511] = 0;
    assert_true(has_line("X-A: a-1") && has_line(longest) && has_line("X-C: c"));
    assert_true(has_line("X-D: d") && has_line("Connection: close"));
    assert_null(strstr(text, "X-Fifth"));
    assert_null(strcasestr(text, "Content-Type"));
}

static void answer_not_filled_is_500(void **state)
{
    (void)state;
    int fd = connect_shared();
    assert_int_equal(ask(fd, RAW(LINE("DELETE", "/default") "\r\n")), 500);
    assert_string_equal(body(), "");
    close(fd);
}

static void answer_with_a_split_header_not_sent(void **state)
{
    (void)state;
    int fd = connect_shared();
    wire_send(fd, RAW(LINE("GET", "/shared?broken") "\r\n"), 0);
    assert_int_equal(wire_read_all(fd, text, sizeof text), 0);
    fd = connect_shared();
    assert_int_equal(ask(fd, RAW(LINE("GET", "/shared?whole") "\r\n")), 200);
    assert_true(has_line("Cache-Control: public, max-age=300"));
    close(fd);
}

/* POST /echo with `n` bytes, by length or in chunks of `chunk`. */
static size_t make_post(size_t n, size_t chunk, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, LINE("POST", "/echo"));
    if (chunk == 0) {
        at += (size_t)snprintf(out + at, size - at, "Content-Length: %zu\r\n\r\n", n);
        memset(out + at, 'b', n);
        return at + n;
    }
    at += (size_t)snprintf(out + at, size - at, "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t left = n; left > 0;) {
        size_t part = left < chunk ? left : chunk;
        at += (size_t)snprintf(out + at, size - at, "%zx\r\n", part);
        memset(out + at, 'b', part);
        memcpy(out + at + part, "\r\n", 2);
        at += part + 2;
        left -= part;
    }
    memcpy(out + at, "0\r\n\r\n", 5);
    return at + 5;
}

static void body_taken_up_to_the_limit_exactly(void **state)
{
    (void)state;
    static const struct {
        size_t n, chunk;
        int status;
    } rows[] = {
        {0, 0, 200},
        {1, 0, 200},
        {BODY_MAX, 0, 200},
        {BODY_MAX + 1, 0, 413},
        {70000, 0, 413},
        {1, 1, 200},
        {BODY_MAX, 1, 200},
        {BODY_MAX, BODY_MAX, 200},
        {BODY_MAX + 1, 1, 413},
        {BODY_MAX + 1, BODY_MAX + 1, 413},
        {60000, 1000, 413},
    };
    static char request[TEXT_MAX];
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        size_t n = make_post(rows[i].n, rows[i].chunk, request, sizeof request);
        int fd = connect_shared();
        assert_int_equal(ask(fd, jt_span_of(request, n)), rows[i].status);
        bool closes = rows[i].status != 200 || rows[i].chunk > 0;
        assert_int_equal(has_line("Connection: close"), closes);
        if (rows[i].status == 200) {
            assert_int_equal(strlen(body()), rows[i].n);
        } else {
            assert_non_null(strstr(body(), "larger than the 1000 bytes"));
        }
        close(fd);
    }
}

static void chunks_without_end_closed_without_answer(void **state)
{
    (void)state;
    static char request[TEXT_MAX];
    size_t n = make_post(100000, 1000, request, sizeof request);
    int fd = connect_shared();
    wire_send(fd, jt_span_of(request, n), 0);
    assert_int_equal(wire_read_all(fd, text, sizeof text), 0);
}

static void body_of_any_bytes_reaches_the_handler(void **state)
{
    (void)state;
    uint8_t request[512];
    size_t head = (size_t)snprintf((char *)request, sizeof request,
                                   LINE("POST", "/echo") "Content-Length: 256\r\n\r\n");
    for (unsigned c = 0; c < 256; c++) {
        request[head + c] = (uint8_t)c;
    }
    int fd = connect_shared();
    assert_int_equal(ask(fd, jt_span_of(request, head + 256)), 200);
    assert_memory_equal(body(), request + head, 256);
    close(fd);
}

static void kept_alive_connection_serves_many_requests(void **state)
{
    (void)state;
    int fd = connect_shared();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ask(fd, RAW(LINE("POST", "/echo") "Content-Length: 2\r\n\r\nhi")), 200);
        assert_string_equal(body(), "hi");
    }
    close(fd);
}

static void pipelined_requests_answered_in_order(void **state)
{
    (void)state;
    char request[128];
    int fd = connect_shared();
    for (int i = 0; i < 100; i++) {
        int n = snprintf(request, sizeof request, LINE("GET", "/tell?%d") "%s\r\n", i,
                         i == 99 ? "Connection: close\r\n" : "");
        wire_send(fd, jt_span_of(request, (size_t)n), 0);
    }
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_count(text), 100);
    const char *at = text;
    for (int i = 0; i < 100; i++) {
        (void)snprintf(request, sizeof request, "[/tell][%d]", i);
        at = strstr(at, request);
        assert_non_null(at);
    }
}

static void http_1_0_closes_unless_asked_to_keep(void **state)
{
    (void)state;
    int fd = connect_shared();
    assert_int_equal(ask(fd, RAW("GET /tell HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")), 200);
    assert_true(has_line("Connection: Keep-Alive"));
    wire_send(fd, RAW("GET /tell HTTP/1.0\r\n\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 200);
}

static void shared_body_released_once_per_answer(void **state)
{
    (void)state;
    static const char *const requests[] = {
        LINE("GET", "/shared") "Connection: close\r\n\r\n",
        LINE("HEAD", "/shared") "Connection: close\r\n\r\n",
        LINE("GET", "/shared?304") "Connection: close\r\n\r\n",
        LINE("GET", "/shared?broken") "\r\n",
    };
    struct jt_server_conf conf = make_conf();
    struct jt_server *server = start(&conf);
    atomic_store(&released, 0);
    for (size_t i = 0; i < JT_COUNT(requests); i++) {
        int fd = wire_connect(jt_server_address(server));
        wire_send(fd, jt_span_str(requests[i]), 0);
        (void)wire_read_all(fd, text, sizeof text);
    }
    int fd = wire_connect(jt_server_address(server));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(fd, RAW(LINE("GET", "/shared") "\r\n")), 200);
    }
    jt_server_stop(server, 0);
    assert_int_equal(atomic_load(&released), JT_COUNT(requests) + 10);
    close(fd);
}

static void thread_state_made_and_freed_once_per_thread(void **state)
{
    (void)state;
    struct jt_server_conf conf = make_conf();
    struct jt_server *server = start(&conf);
    atomic_store(&threads_made, 0);
    atomic_store(&threads_freed, 0);
    for (int i = 0; i < 20; i++) {
        int fd = wire_connect(jt_server_address(server));
        assert_int_equal(ask(fd, RAW(LINE("GET", "/thread") "\r\n")), 200);
        close(fd);
    }
    assert_int_equal(atomic_load(&threads_made), 2);
    assert_int_equal(atomic_load(&threads_freed), 0);
    jt_server_stop(server, 0);
    assert_int_equal(atomic_load(&threads_freed), 2);
}

static void thread_state_that_cannot_be_made_is_503_until_it_can(void **state)
{
    (void)state;
    struct jt_server_conf conf = make_conf();
    conf.threads = 1;
    struct jt_server *server = start(&conf);
    atomic_store(&thread_faults, 1);
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, RAW(LINE("GET", "/thread") "\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 503);
    fd = wire_connect(jt_server_address(server));
    assert_int_equal(ask(fd, RAW(LINE("GET", "/thread") "\r\n")), 200);
    close(fd);
    jt_server_stop(server, 0);
}

static void refusal_logged_and_service_not(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
    const struct jt_log log = {.fd = ends[0], .level = JT_LOG_DEBUG, .clock = &jt_clock_system};
    struct jt_server_conf conf = make_conf();
    conf.log = &log;
    struct jt_server *server = start(&conf);
    int fd = wire_connect(jt_server_address(server));
    char line[JT_LOG_LINE_MAX + 1] = "";
    assert_int_equal(ask(fd, RAW(LINE("GET", "/tell") "\r\n")), 200);
    assert_true(recv(ends[1], line, sizeof line - 1, 0) < 0);
    assert_int_equal(ask(fd, RAW(LINE("GET", "/absent?secret") "\r\n")), 404);
    assert_true(recv(ends[1], line, sizeof line - 1, 0) > 0);
    assert_non_null(strstr(line, " info ev=http.refuse status=404 why="));
    assert_non_null(strstr(line, " path=/absent peer=127.0.0.1\n"));
    close(fd);
    jt_server_stop(server, 0);
    close(ends[0]);
    close(ends[1]);
}

static void start_port_in_use_told_and_nothing_started(void **state)
{
    (void)state;
    struct jt_server_conf conf = make_conf();
    struct jt_server *first = start(&conf), *second = NULL;
    char address[64];
    (void)snprintf(address, sizeof address, "%s", jt_server_address(first));
    conf.address = address;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_server_start(&conf, &second, &diag), JT_ERR_IO);
    assert_non_null(strstr(diag.text, address));
    assert_non_null(strstr(diag.text, "port is in use"));
    assert_null(second);
    /* closed by the server first: the kernel keeps the port busy for a while, which must not matter
     */
    int fd = wire_connect(address);
    wire_send(fd, RAW(LINE("GET", "/headers") "\r\n"), 0);
    (void)wire_read_all(fd, text, sizeof text);
    jt_server_stop(first, 0);
    second = start(&conf);
    assert_string_equal(jt_server_address(second), address);
    jt_server_stop(second, 0);
    jt_server_stop(NULL, 0);
}

static void socket_opened_before_is_taken(void **state)
{
    (void)state;
    struct jt_listen listen;
    struct jt_diag diag = JT_DIAG_INIT;
    assert_ok(jt_listen_open("127.0.0.1:0", 0, &listen, &diag));
    struct jt_server_conf conf = make_conf();
    conf.address = NULL;
    conf.listen = &listen;
    int fd = wire_connect(listen.address); /* waits in the backlog */
    struct jt_server *server = start(&conf);
    assert_string_equal(jt_server_address(server), listen.address);
    assert_int_equal(listen.fd, -1);
    jt_listen_close(&listen);
    assert_int_equal(ask(fd, RAW(LINE("GET", "/tell") "\r\n")), 200);
    close(fd);
    jt_server_stop(server, 0);
}

static void unix_socket_served_and_removed_by_stop(void **state)
{
    (void)state;
    char dir[] = "/tmp/jeton-server-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/admin.sock", dir);
    struct jt_server_conf conf = make_conf();
    conf.address = path;
    struct jt_server *server = start(&conf), *second = NULL;
    assert_string_equal(jt_server_address(server), path);
    struct jt_diag diag = JT_DIAG_INIT;
    assert_err(jt_server_start(&conf, &second, &diag), JT_ERR_IO);
    int fd = wire_connect(path);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ask(fd, RAW(LINE("GET", "/tell") "\r\n")), 200);
    }
    close(fd);
    jt_server_stop(server, 0);
    assert_int_equal(wire_try_connect(path), -1);
    assert_int_equal(rmdir(dir), 0);
}

static void request_not_whole_by_the_deadline_is_cut(void **state)
{
    (void)state;
    struct jt_server_conf conf = make_conf();
    conf.request_deadline_s = 1;
    struct jt_server *server = start(&conf);
    int fd = wire_connect(jt_server_address(server));
    int kept = wire_connect(jt_server_address(server));
    assert_int_equal(ask(kept, RAW(LINE("GET", "/tell") "\r\n")), 200);
    wire_send(fd, RAW(LINE("POST", "/echo") "Content-Length: 2\r\n\r\nh"), 0);
    assert_int_equal(wire_read_all(fd, text, sizeof text), 0); /* long before the idle time */
    assert_int_equal(ask(kept, RAW(LINE("GET", "/tell") "\r\n")), 200);
    close(kept);
    jt_server_stop(server, 0);
}

static void connection_over_the_limit_waits_for_a_place(void **state)
{
    (void)state;
    struct jt_server_conf conf = make_conf();
    conf.max_connections = 1;
    struct jt_server *server = start(&conf);
    int first = wire_connect(jt_server_address(server));
    assert_int_equal(ask(first, RAW(LINE("GET", "/tell") "\r\n")), 200);
    int second = wire_connect(jt_server_address(server));
    wire_send(second, RAW(LINE("GET", "/tell") "\r\n"), 0);
    struct pollfd answered = {.fd = second, .events = POLLIN};
    assert_int_equal(poll(&answered, 1, 150), 0);
    close(first);
    wire_read_answer(second, false, text, sizeof text);
    assert_int_equal(wire_status(text), 200);
    close(second);
    jt_server_stop(server, 0);
}

static int start_shared(void **state)
{
    (void)state;
    shared_conf = make_conf();
    shared_server = start(&shared_conf);
    return 0;
}

static int stop_shared(void **state)
{
    (void)state;
    jt_server_stop(shared_server, 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_told_to_its_handler_as_sent),
        cmocka_unit_test(segment_that_is_not_encoded_utf8_refused),
        cmocka_unit_test(unknown_path_404_and_unknown_method_405_keep_the_connection),
        cmocka_unit_test(unwanted_body_of_a_refused_request_closes_the_connection),
        cmocka_unit_test(head_answered_like_get_without_the_body),
        cmocka_unit_test(answer_headers_sent_cut_and_counted),
        cmocka_unit_test(answer_not_filled_is_500),
        cmocka_unit_test(answer_with_a_split_header_not_sent),
        cmocka_unit_test(body_taken_up_to_the_limit_exactly),
        cmocka_unit_test(chunks_without_end_closed_without_answer),
        cmocka_unit_test(body_of_any_bytes_reaches_the_handler),
        cmocka_unit_test(kept_alive_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_answered_in_order),
        cmocka_unit_test(http_1_0_closes_unless_asked_to_keep),
        cmocka_unit_test(shared_body_released_once_per_answer),
        cmocka_unit_test(thread_state_made_and_freed_once_per_thread),
        cmocka_unit_test(thread_state_that_cannot_be_made_is_503_until_it_can),
        cmocka_unit_test(refusal_logged_and_service_not),
        cmocka_unit_test(start_port_in_use_told_and_nothing_started),
        cmocka_unit_test(socket_opened_before_is_taken),
        cmocka_unit_test(unix_socket_served_and_removed_by_stop),
        cmocka_unit_test(request_not_whole_by_the_deadline_is_cut),
        cmocka_unit_test(connection_over_the_limit_waits_for_a_place),
    };
    return cmocka_run_group_tests(tests, start_shared, stop_shared);
}
