/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that accepts connections and sweeps the reaper. Accepting is ours because
 * MHD_quiesce_daemon, the library's way to stop it, aborts the process when a worker takes the
 * listening socket out of its epoll set at the same moment (seen within 500 stops under load on
 * 0.9.75); it also lets connections be dealt to the workers evenly.
 * Ownership: in place, from start to stop; the listening socket is borrowed in between.
 * Thread rule: start and stop by one thread.
 */
#ifndef JT_HTTP_ACCEPTOR_H
#define JT_HTTP_ACCEPTOR_H

#include "common/base/span.h"
#include "common/http/crowd.h"
#include "common/http/reaper.h"

#include <sys/socket.h>

struct jt_acceptor {
    int listen_fd;
    bool leaves_backlog; /* at the stop: another process will accept from it */
    /* By the reaper's count, with those of whom `waiting` tells; more wait in the backlog until a place
     * is free, for which the longest idle are closed. */
    size_t max_connections;
    struct jt_reaper *reaper;
    size_t (*waiting)(void *ctx); /* how many that were taken the reaper does not know yet */
    struct jt_crowd *crowd;
    struct jt_span busy; /* the answer to those turned away; empty: closed without one */
    void (*take)(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_n); /* takes fd */
    /* Called at every turn, and again after so many milliseconds, or before. */
    int (*look_after)(void *ctx);
    void *ctx;
    int wake_fd, spare_fd;
    pthread_t thread;
};

/* Starts the thread with the fields above `wake_fd` set. JT_ERR_IO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_acceptor_start(struct jt_acceptor *acceptor);

/* Takes what is in the backlog, unless it is left to another, and ends the thread. */
void jt_acceptor_stop(struct jt_acceptor *acceptor);

#endif
