/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's TLS connections: when it waits, and what ends it. */
#include "common/http/tls_turn.h"

#include <gnutls/gnutls.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "common/base/base.h"

static struct jt_tls_turn turn;

/* A server's end of a connection, whose client says what the test says. */
struct end {
    int client, fd;
    gnutls_session_t session;
    struct jt_tls_seat seat;
};

static void open_end(struct end *end)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    end->client = fds[0];
    end->fd = fds[1];
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    assert_int_equal(epoll_ctl(turn.epoll_fd, EPOLL_CTL_ADD, end->fd, &event), 0);
    assert_int_equal(gnutls_init(&end->session, GNUTLS_SERVER | GNUTLS_NONBLOCK), 0);
    assert_int_equal(gnutls_set_default_priority(end->session), 0);
    jt_tls_sit(&end->seat, &turn, end->session, end->fd);
}

static void close_end(struct end *end)
{
    gnutls_deinit(end->session);
    (void)close(end->client);
    (void)close(end->fd);
}

static void says(const struct end *end, const char *bytes, size_t n)
{
    assert_int_equal(send(end->client, bytes, n, MSG_NOSIGNAL), n);
}

/* As the library does; the handshake goes on. */
static void look(struct end *end)
{
    assert_int_equal(gnutls_handshake(end->session), GNUTLS_E_AGAIN);
}

static int set_up(void **state)
{
    (void)state;
    turn = (struct jt_tls_turn){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    return turn.epoll_fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    return close(turn.epoll_fd);
}

static void waits_when_nothing_moves(void **state)
{
    struct end one;
    (void)state;
    open_end(&one);
    look(&one);
    assert_int_equal(turn.waits, 0);
    look(&one);
    assert_int_equal(turn.waits, 1);
    look(&one);
    assert_int_equal(turn.waits, 1); /* what came meanwhile may be the library's to see */
    long before = turn.pause_ns;
    look(&one);
    assert_int_equal(turn.waits, 2);
    assert_int_equal(turn.pause_ns, 2 * before); /* nothing came of it */
    for (size_t i = 0; i < 20; i++) {
        look(&one);
    }
    assert_in_range(turn.pause_ns, 2 * before, 99999999); /* there is an end to that */
    says(&one, "\x16", 1);
    look(&one);
    assert_in_range(turn.pause_ns, 1, before);
    close_end(&one);
}

static void does_not_wait_while_its_client_sends(void **state)
{
    static const char record[] = {0x16, 3, 1, 0, 64}; /* a handshake message of 64 bytes follows */
    struct end one;
    (void)state;
    open_end(&one);
    look(&one);
    for (size_t i = 0; i < sizeof record; i++) {
        says(&one, &record[i], 1);
        look(&one);
        assert_int_equal(turn.waits, 0);
    }
    look(&one);
    assert_int_equal(turn.waits, 1); /* the message does not come */
    close_end(&one);
}

static void does_not_wait_while_another_moves(void **state)
{
    struct end one, other;
    (void)state;
    open_end(&one);
    open_end(&other);
    look(&one);
    for (size_t i = 0; i < 4; i++) {
        says(&other, &"\x16\x03\x01\x00"[i], 1);
        look(&other);
        look(&one);
        assert_int_equal(turn.waits, 0);
    }
    look(&other);
    look(&one);
    assert_int_equal(turn.waits, 1); /* one of them, not both in a row */
    close_end(&one);
    close_end(&other);
}

static void the_end_and_errors_are_told_at_once(void **state)
{
    struct end one;
    (void)state;
    open_end(&one);
    look(&one);
    assert_int_equal(shutdown(one.client, SHUT_WR), 0);
    assert_int_equal(gnutls_handshake(one.session), GNUTLS_E_PREMATURE_TERMINATION);
    close_end(&one);
    open_end(&one);
    look(&one);
    assert_int_equal(close(one.fd), 0);
    assert_int_equal(gnutls_handshake(one.session), GNUTLS_E_PULL_ERROR);
    assert_int_equal(turn.waits, 0);
    one.fd = dup(one.client);
    close_end(&one);
}

static void writes_arrive_and_a_closed_client_is_no_signal(void **state)
{
    struct end one;
    char alert[16];
    (void)state;
    open_end(&one);
    assert_int_equal(gnutls_alert_send(one.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR), 0);
    assert_int_equal(recv(one.client, alert, sizeof alert, 0), 7);
    assert_int_equal(alert[0], 21);
    assert_int_equal(turn.moved, 2); /* it began, and wrote */
    assert_int_equal(shutdown(one.client, SHUT_RDWR), 0);
    assert_int_equal(gnutls_alert_send(one.session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR),
                     GNUTLS_E_PUSH_ERROR);
    close_end(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(waits_when_nothing_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_wait_while_its_client_sends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_wait_while_another_moves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_and_errors_are_told_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_arrive_and_a_closed_client_is_no_signal, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
