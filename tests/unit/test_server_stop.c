/* SPDX-License-Identifier: Apache-2.0 */
/* How a server stops: what is in flight ends, what comes later is refused, and nothing breaks. */
#include "common/http/server.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/attack/http/wire.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define RAW(text)            ((struct jt_span){(const uint8_t *)(text), sizeof(text) - 1})
#define LINE(method, target) method " " target " HTTP/1.1\r\nHost: a\r\n"

static atomic_int waiting;
static int gate[2]; /* on_wait reads one byte of it before it answers */
static char text[65536];

static void on_ok(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    answer->status = 200;
}

static void on_wait(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    char c;
    atomic_fetch_add(&waiting, 1);
    answer->status = read(gate[0], &c, 1) == 1 ? 200 : 500;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    answer->status = jt_buf_puts(&answer->body, sentence) == JT_OK ? status : 500;
}

static const struct jt_route routes[] = {
    {.method = "GET", .path = "/ok", .handler = on_ok},
    {.method = "POST", .path = "/ok", .handler = on_ok, .max_body = 100},
    {.method = "GET", .path = "/wait", .handler = on_wait},
};

static const struct jt_server_conf conf = {
    .address = "127.0.0.1:0",
    .threads = 2,
    .routes = routes,
    .n_routes = JT_COUNT(routes),
    .refusal = on_refusal,
    .idle_s = 3600, /* so that nothing but the stop ends a connection */
    .request_deadline_s = 3600,
};

static struct jt_server *start(void)
{
    struct jt_server *server = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_server_start(&conf, &server, &diag) != JT_OK) {
        fail_msg("%s", diag.text);
    }
    return server;
}

static void *stop_slowly(void *server)
{
    jt_server_stop(server, 20000);
    return NULL;
}

static void stop_lets_a_request_in_flight_end_and_refuses_new_connections(void **state)
{
    (void)state;
    pthread_t stopper;
    char address[64];
    struct jt_server *server = start();
    (void)snprintf(address, sizeof address, "%s", jt_server_address(server));
    assert_int_equal(pipe(gate), 0);
    atomic_store(&waiting, 0);
    int fd = wire_connect(address);
    wire_send(fd, RAW(LINE("GET", "/wait") "\r\n"), 0);
    while (atomic_load(&waiting) == 0) {
        (void)sched_yield();
    }
    assert_int_equal(pthread_create(&stopper, NULL, stop_slowly, server), 0);
    for (int late = 0; late >= 0;) {
        late = wire_try_connect(address);
        if (late >= 0) {
            close(late);
        }
    }
    assert_int_equal(write(gate[1], "x", 1), 1);
    (void)wire_read_all(fd, text, sizeof text);
    assert_int_equal(wire_status(text), 200);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    close(gate[0]);
    close(gate[1]);
}

static void stop_waits_no_longer_than_told(void **state)
{
    (void)state;
    struct jt_server *server = start();
    int fd = wire_connect(jt_server_address(server));
    wire_send(fd, RAW(LINE("POST", "/ok") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"), 0);
    wire_read_answer(fd, true, text, sizeof text);
    assert_int_equal(wire_status(text), 100); /* in flight: the body is awaited */
    int64_t before = jt_clock_boot_ms(&jt_clock_system);
    jt_server_stop(server, 50);
    int64_t took = jt_clock_boot_ms(&jt_clock_system) - before;
    assert_true(took >= 50 && took < 30000);
    assert_int_equal(wire_read_all(fd, text, sizeof text), 0);
}

/* Connects, asks a few times, closes, until told to stop; counts what was answered wrongly. */
struct load {
    pthread_t thread;
    char address[64];
    atomic_bool *stop;
    size_t wrong;
};

static void *run_load(void *arg)
{
    struct load *load = arg;
    static const char request[] = LINE("GET", "/ok?x") "\r\n";
    char got[1024];
    while (!atomic_load(load->stop)) {
        int fd = wire_try_connect(load->address);
        for (int i = 0; fd >= 0 && i < 5; i++) {
            wire_send(fd, RAW(request), 0);
            ssize_t n = recv(fd, got, sizeof got - 1, 0);
            got[n > 0 ? n : 0] = 0;
            /* a stopping server may cut a connection, but never answers anything else */
            load->wrong += n > 0 && strncmp(got, "HTTP/1.1 200", 12) != 0;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return NULL;
}

/* MHD_quiesce_daemon aborted the process here. */
static void stop_under_load_is_clean_each_time(void **state)
{
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct jt_server *server = start();
        atomic_bool done = false;
        struct load loads[3];
        for (size_t i = 0; i < JT_COUNT(loads); i++) {
            loads[i] = (struct load){.stop = &done};
            (void)snprintf(loads[i].address, sizeof loads[i].address, "%s",
                           jt_server_address(server));
            assert_int_equal(pthread_create(&loads[i].thread, NULL, run_load, &loads[i]), 0);
        }
        int fd = wire_connect(jt_server_address(server));
        for (int i = 0; i < 20; i++) {
            wire_send(fd, RAW(LINE("GET", "/ok") "\r\n"), 0);
            wire_read_answer(fd, false, text, sizeof text);
            assert_int_equal(wire_status(text), 200);
        }
        jt_server_stop(server, 1000);
        atomic_store(&done, true);
        for (size_t i = 0; i < JT_COUNT(loads); i++) {
            assert_int_equal(pthread_join(loads[i].thread, NULL), 0);
            assert_int_equal(loads[i].wrong, 0);
        }
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_lets_a_request_in_flight_end_and_refuses_new_connections),
        cmocka_unit_test(stop_waits_no_longer_than_told),
        cmocka_unit_test(stop_under_load_is_clean_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
