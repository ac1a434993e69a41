/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/proxied.h"

#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

/* The thread under test, and what `take` saw when it was last called. */
struct desk {
    struct jt_proxied proxied;
    struct jt_log log;
    sem_t taken;
    int watched; /* descriptors in the epoll set */
};

/* epoll(7): /proc/PID/fdinfo has a line for each descriptor of a set. */
static int count_watched(int epoll_fd)
{
    char path[64], line[256];
    int n = 0;
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll_fd);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        n += strncmp(line, "tfd:", 4) == 0;
    }
    (void)fclose(file);
    return n;
}

static void take(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_n)
{
    struct desk *desk = ctx;
    (void)peer;
    (void)peer_n;
    desk->watched = count_watched(desk->proxied.epoll_fd);
    (void)close(fd);
    (void)sem_post(&desk->taken);
}

static void open_desk(struct desk *desk)
{
    *desk = (struct desk){.log = {.fd = -1}};
    desk->proxied = (struct jt_proxied){
        .deadline_ms = 3600000, .max = 8, .log = &desk->log, .take = take, .ctx = desk};
    assert_int_equal(sem_init(&desk->taken, 0, 0), 0);
    assert_ok(jt_proxied_start(&desk->proxied));
}

static void close_desk(struct desk *desk)
{
    jt_proxied_stop(&desk->proxied);
    (void)sem_destroy(&desk->taken);
}

/* Gives the client's end of a connection that has said `text`, and the server's. */
static void connect_with(const char *text, int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    assert_int_equal(write(ends[0], text, strlen(text)), strlen(text));
}

static void put(struct desk *desk, int fd)
{
    const struct sockaddr_un peer = {.sun_family = AF_UNIX};
    jt_proxied_put(&desk->proxied, fd, (const struct sockaddr *)&peer, sizeof peer.sun_family);
}

static void connection_dropped_leaves_the_set_though_another_process_has_it(void **state)
{
    (void)state;
    static const char *const refused[] = {"GET / HTTP/1.1\r\n", "PROXY TCP9 a b c d\r\n"};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        struct desk desk;
        int ends[2], others[2];
        open_desk(&desk);
        connect_with(refused[i], ends);
        int copy = dup(ends[1]); /* as a process that is being started has it */
        assert_true(copy >= 0);
        put(&desk, ends[1]);
        connect_with("PROXY UNKNOWN\r\n", others);
        put(&desk, others[1]);
        while (sem_wait(&desk.taken) != 0) {
        }
        assert_int_equal(desk.watched, 1); /* what wakes it */
        assert_int_equal(write(ends[0], "more", 4), 4);
        close_desk(&desk);
        close(copy);
        close(ends[0]);
        close(others[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_dropped_leaves_the_set_though_another_process_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
