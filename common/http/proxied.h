/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of proxies that begin with a header of the PROXY protocol: they wait here until it is
 * there, are handed on with the address that it tells, and are closed when it is none or late. Only
 * the header is read. A thread of its own, so that nobody else waits for a slow one.
 * Ownership: in place, from start to stop; a connection is taken by put and given to `take`.
 * Thread rule: start and stop by one thread; put by any; `take` is called by the thread of its own.
 * `lock` guards the list.
 */
#ifndef JT_HTTP_PROXIED_H
#define JT_HTTP_PROXIED_H

#include "common/base/err.h"
#include "common/log/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

struct jt_proxied_one;

struct jt_proxied {
    int64_t deadline_ms; /* from put to the whole header */
    size_t max;          /* that may wait */
    const struct jt_log *log;
    void (*take)(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_n); /* takes fd */
    void *ctx;
    pthread_mutex_t lock;
    struct jt_proxied_one *first, **end; /* by time */
    atomic_size_t n;
    int epoll_fd, wake_fd;
    pthread_t thread;
};

/* Starts with the fields above `lock` set. JT_ERR_IO, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_proxied_start(struct jt_proxied *proxied);

/* Takes the connection, which is closed where there is no room. */
void jt_proxied_put(struct jt_proxied *proxied, int fd, const struct sockaddr *peer,
                    socklen_t peer_n);

/* How many wait. By any thread. */
size_t jt_proxied_count(const struct jt_proxied *proxied);

/* Closes those that wait and ends the thread. */
void jt_proxied_stop(struct jt_proxied *proxied);

#endif
