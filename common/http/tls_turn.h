/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that serves TLS connections and waits while their handshakes wait. libmicrohttpd with epoll
 * (0.9.75) takes a socket for readable until the read of a request says otherwise, and a
 * handshake is none: until the client's next message is there the thread would go round and round,
 * for as long as the client likes. So what GnuTLS reads by waits in its stead: who finds nothing to
 * read twice, while nothing moved in between, waits for anything of the thread's epoll set, which holds
 * that socket, too.
 * Ownership: a turn outlives its seats, a seat its session; both are the caller's memory.
 * Thread rule: a turn and its seats are of one thread.
 */
#ifndef JT_HTTP_TLS_TURN_H
#define JT_HTTP_TLS_TURN_H

/* The thread; all else 0. */
struct jt_tls_turn {
    int epoll_fd;
    long pause_ns;  /* how long it waits next */
    unsigned moved; /* reads and writes that came to something, waits */
    unsigned waits;
};

/* A connection. */
struct jt_tls_seat {
    struct jt_tls_turn *turn;
    int fd;
    unsigned seen; /* turn->moved, when there last was nothing to read */
};

/* From here on `session` of GnuTLS reads and writes the socket `fd` by `seat`. */
void jt_tls_sit(struct jt_tls_seat *seat, struct jt_tls_turn *turn, void *session, int fd);

#endif
