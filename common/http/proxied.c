/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/proxied.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/http/proxyline.h"

#include "common/base/base.h"

#define LOOK_MS 500 /* how late a deadline may be noticed */
#define BATCH   64

struct jt_proxied_one {
    struct jt_proxied_one *next, **link; /* guarded by the lock; *link is this one */
    int fd;
    int64_t due_ms;
    struct sockaddr_storage peer;
    socklen_t peer_n;
};

/* --- the list --- */

static void append(struct jt_proxied *proxied, struct jt_proxied_one *one)
{
    one->next = NULL;
    one->link = proxied->end;
    *proxied->end = one;
    proxied->end = &one->next;
    (void)atomic_fetch_add(&proxied->n, 1);
}

static void unlink_one(struct jt_proxied *proxied, struct jt_proxied_one *one)
{
    (void)pthread_mutex_lock(&proxied->lock); /* a plain mutex, never recursive: cannot fail */
    *one->link = one->next;
    if (one->next != NULL) {
        one->next->link = one->link;
    } else {
        proxied->end = one->link;
    }
    (void)atomic_fetch_sub(&proxied->n, 1);
    (void)pthread_mutex_unlock(&proxied->lock);
}

/* By hand: a descriptor that is closed leaves the set by itself only when no process has a copy of it,
 * and one that is being started has for a moment. */
static void leave_set(struct jt_proxied *proxied, const struct jt_proxied_one *one)
{
    (void)epoll_ctl(proxied->epoll_fd, EPOLL_CTL_DEL, one->fd, NULL); /* it is in the set */
}

static void drop(struct jt_proxied *proxied, struct jt_proxied_one *one)
{
    unlink_one(proxied, one);
    leave_set(proxied, one);
    (void)close(one->fd); /* nothing was sent */
    free(one);
}

static void refuse(struct jt_proxied *proxied, struct jt_proxied_one *one, const char *why)
{
    char text[JT_PEERS_TEXT];
    struct jt_peers_address peer = jt_peers_address_of((const struct sockaddr *)&one->peer);
    jt_log(proxied->log, JT_EV_HTTP_PROXY, jt_log_own("peer", jt_peers_write(&peer, text)),
           jt_log_str("why", why));
    drop(proxied, one);
}

/* --- headers --- */

static void hand_on(struct jt_proxied *proxied, struct jt_proxied_one *one,
                    const struct jt_proxyline_peer *said)
{
    unlink_one(proxied, one);
    if (said->known) {
        one->peer_n = jt_peers_to_socket(&said->address, said->port, &one->peer);
    }
    leave_set(proxied, one);
    proxied->take(proxied->ctx, one->fd, (const struct sockaddr *)&one->peer, one->peer_n);
    free(one);
}

/* Looks without taking, so that what stands behind the header stays for who reads the rest. */
static void look(struct jt_proxied *proxied, struct jt_proxied_one *one)
{
    uint8_t bytes[JT_PROXYLINE_MAX];
    struct jt_proxyline_peer said;
    size_t n = 0;
    ssize_t got = recv(one->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    if (got <= 0) { /* without a word, as load balancers look whether a port is open */
        drop(proxied, one);
        return;
    }
    switch (jt_proxyline_read(jt_span_of(bytes, (size_t)got), &n, &said)) {
    case JT_PROXYLINE_MORE:
        return;
    case JT_PROXYLINE_DONE:
        if (recv(one->fd, bytes, n, MSG_DONTWAIT) == (ssize_t)n) {
            hand_on(proxied, one, &said);
            return;
        }
        refuse(proxied, one, "its PROXY header cannot be read");
        return;
    default:
        refuse(proxied, one,
               "no PROXY header; let the proxy send one, or take it out of "
               "http.trusted_proxies");
    }
}

static struct jt_proxied_one *overdue(struct jt_proxied *proxied, int64_t now_ms)
{
    (void)pthread_mutex_lock(&proxied->lock);
    struct jt_proxied_one *first = proxied->first;
    (void)pthread_mutex_unlock(&proxied->lock);
    return first != NULL && now_ms >= first->due_ms ? first : NULL;
}

static void *run(void *arg)
{
    struct jt_proxied *proxied = arg;
    struct epoll_event events[BATCH];
    for (;;) {
        int n = epoll_wait(proxied->epoll_fd, events, BATCH, LOOK_MS); /* EINTR: no harm */
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL) {
                return NULL;
            }
            look(proxied, events[i].data.ptr);
        }
        int64_t now_ms = jt_clock_boot_ms(&jt_clock_system);
        for (struct jt_proxied_one *one; (one = overdue(proxied, now_ms)) != NULL;) {
            refuse(proxied, one, "its PROXY header took too long");
        }
    }
}

/* --- in and out --- */

static bool watch(struct jt_proxied *proxied, int fd, struct jt_proxied_one *one)
{
    /* by edges: the front of a header stays readable while the rest is awaited */
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = one}};
    return epoll_ctl(proxied->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void jt_proxied_put(struct jt_proxied *proxied, int fd, const struct sockaddr *peer,
                    socklen_t peer_n)
{
    struct jt_proxied_one *one = calloc(1, sizeof *one);
    if (one == NULL || peer_n > sizeof one->peer) {
        free(one);
        (void)close(fd); /* nothing was sent */
        return;
    }
    one->fd = fd;
    one->due_ms = jt_clock_boot_ms(&jt_clock_system) + proxied->deadline_ms;
    memcpy(&one->peer, peer, peer_n);
    one->peer_n = peer_n;
    (void)pthread_mutex_lock(&proxied->lock);
    bool taken = atomic_load(&proxied->n) < proxied->max && watch(proxied, fd, one);
    if (taken) {
        append(proxied, one); /* its thread cannot have unlinked it yet: that takes the lock */
    }
    (void)pthread_mutex_unlock(&proxied->lock);
    if (!taken) {
        free(one);
        (void)close(fd);
    }
}

size_t jt_proxied_count(const struct jt_proxied *proxied)
{
    return atomic_load(&proxied->n);
}

static enum jt_err open_fds(struct jt_proxied *proxied)
{
    proxied->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    proxied->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return proxied->epoll_fd >= 0 && proxied->wake_fd >= 0 && watch(proxied, proxied->wake_fd, NULL)
               ? JT_OK
               : JT_ERR_IO;
}

static void close_fds(struct jt_proxied *proxied)
{
    if (proxied->epoll_fd >= 0) {
        (void)close(proxied->epoll_fd); /* nothing is buffered */
    }
    if (proxied->wake_fd >= 0) {
        (void)close(proxied->wake_fd);
    }
}

enum jt_err jt_proxied_start(struct jt_proxied *proxied)
{
    proxied->first = NULL;
    proxied->end = &proxied->first;
    atomic_init(&proxied->n, 0);
    enum jt_err err = open_fds(proxied);
    if (err == JT_OK && pthread_mutex_init(&proxied->lock, NULL) != 0) {
        err = JT_ERR_NOMEM;
    } else if (err == JT_OK && pthread_create(&proxied->thread, NULL, run, proxied) != 0) {
        (void)pthread_mutex_destroy(&proxied->lock); /* not locked */
        err = JT_ERR_NOMEM;
    }
    if (err != JT_OK) {
        close_fds(proxied);
    }
    return err;
}

void jt_proxied_stop(struct jt_proxied *proxied)
{
    uint64_t one = 1;
    ssize_t written = write(proxied->wake_fd, &one, sizeof one);
    (void)written;                             /* an empty counter always takes 1 */
    (void)pthread_join(proxied->thread, NULL); /* our own thread, joined once */
    while (proxied->first != NULL) {
        struct jt_proxied_one *first = proxied->first;
        unlink_one(proxied, first);
        (void)close(first->fd);
        free(first);
    }
    close_fds(proxied);
    (void)pthread_mutex_destroy(&proxied->lock); /* not locked */
}
