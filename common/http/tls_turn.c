/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/tls_turn.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/base.h"

/* The library may have what moves without being read or written (part of a record, deadlines), or have
 * taken from the epoll set what it has not come to yet. So the first wait is short, and each that ends
 * without anything is followed by one of twice its length: nobody waits longer for it than nothing
 * had moved. */
#define FIRST_NS 50000
#define LAST_NS  25600000

static void wait_in_turn(struct jt_tls_turn *turn)
{
    struct pollfd all = {.fd = turn->epoll_fd, .events = POLLIN};
    const struct timespec pause = {.tv_nsec = turn->pause_ns};
    int ready = ppoll(&all, 1, &pause, NULL);
    if (ready == 0 && turn->pause_ns < LAST_NS) {
        turn->pause_ns *= 2;
    }
    turn->waits++;
    turn->moved++; /* the others that wait look once more, instead of waiting as well */
}

static void note(struct jt_tls_turn *turn)
{
    turn->pause_ns = FIRST_NS;
    turn->moved++;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *out, size_t n)
{
    struct jt_tls_seat *seat = ptr;
    struct jt_tls_turn *turn = seat->turn;
    ssize_t got = recv(seat->fd, out, n, 0);
    if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        note(turn);
        return got;
    }
    if (seat->seen == turn->moved) {
        wait_in_turn(turn);
    } else {
        seat->seen = turn->moved;
    }
    errno = EAGAIN; /* for GnuTLS */
    return -1;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *parts, int n)
{
    const struct jt_tls_seat *seat = ptr;
    const struct msghdr message = {.msg_iov = (giovec_t *)(uintptr_t)parts, /* is read */
                                   .msg_iovlen = (size_t)n};
    note(seat->turn);
    return sendmsg(seat->fd, &message, MSG_NOSIGNAL);
}

void jt_tls_sit(struct jt_tls_seat *seat, struct jt_tls_turn *turn, void *session, int fd)
{
    *seat = (struct jt_tls_seat){.turn = turn, .fd = fd, .seen = turn->moved};
    note(turn);
    gnutls_transport_set_ptr(session, seat);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_vec_push_function(session, push);
}
