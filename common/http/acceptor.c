/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/acceptor.h"

#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/base.h"

#define PAUSE_MS  50 /* before looking again, with no descriptor or no place left */
#define BATCH_MAX 64 /* accepted between two looks at the clock and the wake-up */

#define RELIEF 64 /* of all places, so many parts are made free at a time */

/* What the answer needs is free in a new socket's buffer. What was already sent is taken first, or
 * closing would reset the connection before the answer is read. */
static void turn_away(struct jt_acceptor *acceptor, int fd, enum jt_crowd_cause cause,
                      const struct sockaddr *peer)
{
    char dropped[4096];
    jt_crowd_refused(acceptor->crowd, cause, peer);
    if (acceptor->busy.n > 0) {
        (void)recv(fd, dropped, sizeof dropped, MSG_DONTWAIT); /* nothing there is as good */
        (void)send(fd, acceptor->busy.p, acceptor->busy.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    (void)close(fd); /* nothing is lost that was promised */
}

/* The longest idle make place. True: some do, in a moment. */
static bool relieve(struct jt_acceptor *acceptor)
{
    size_t n = jt_reaper_relieve(acceptor->reaper, acceptor->max_connections / RELIEF + 1);
    for (size_t i = 0; i < n; i++) {
        jt_crowd_refused(acceptor->crowd, JT_CROWD_FULL, NULL);
    }
    return n > 0;
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* With no descriptor left the one that is kept for it serves to tell so, instead of letting the client
 * wait for what may not come. */
static void turn_away_without_descriptor(struct jt_acceptor *acceptor)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;
    if (acceptor->spare_fd >= 0) {
        (void)close(acceptor->spare_fd); /* holds nothing */
    }
    int fd = accept4(acceptor->listen_fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC);
    if (fd >= 0) {
        turn_away(acceptor, fd, JT_CROWD_DESCRIPTORS, (struct sockaddr *)&peer);
        (void)relieve(acceptor); /* if there are none: the next one is told the same */
    }
    acceptor->spare_fd = open_spare();
}

/* False when accepting has to pause. */
static bool accept_failed(struct jt_acceptor *acceptor)
{
    switch (errno) {
    case EMFILE:
    case ENFILE:
        turn_away_without_descriptor(acceptor);
        return false;
    case ENOBUFS:
    case ENOMEM:
        jt_crowd_refused(acceptor->crowd, JT_CROWD_MEMORY, NULL);
        return false;
    default: /* the connection ended before it was accepted; the next one */
        return true;
    }
}

static bool is_full(const struct jt_acceptor *acceptor)
{
    return jt_reaper_count(acceptor->reaper) + acceptor->waiting(acceptor->ctx) >=
           acceptor->max_connections;
}

/* False when accepting has to pause. */
static bool accept_batch(struct jt_acceptor *acceptor)
{
    for (int i = 0; i < BATCH_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof peer;
        if (is_full(acceptor)) {
            return false;
        }
        int fd = accept4(acceptor->listen_fd, (struct sockaddr *)&peer, &n,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return true;
        }
        if (fd < 0 && !accept_failed(acceptor)) {
            return false;
        }
        if (fd >= 0 && !jt_crowd_admits(acceptor->crowd, (struct sockaddr *)&peer)) {
            turn_away(acceptor, fd, JT_CROWD_SOURCE, (struct sockaddr *)&peer);
        } else if (fd >= 0) {
            acceptor->take(acceptor->ctx, fd, (struct sockaddr *)&peer, n);
        }
    }
    return true;
}

/* With every place taken, somebody waits in the backlog for one. */
static bool is_wanted(const struct jt_acceptor *acceptor)
{
    struct pollfd backlog = {.fd = acceptor->listen_fd, .events = POLLIN};
    return is_full(acceptor) && poll(&backlog, 1, 0) == 1;
}

static void sweep(struct jt_acceptor *acceptor, int64_t now)
{
    size_t n = jt_reaper_sweep(acceptor->reaper, now);
    for (size_t i = 0; i < n; i++) {
        jt_crowd_refused(acceptor->crowd, JT_CROWD_DEADLINE, NULL);
    }
}

static void *run(void *arg)
{
    struct jt_acceptor *acceptor = arg;
    int64_t sweep_at = jt_clock_boot_ms(&jt_clock_system);
    bool open = true, stop = false;
    while (!stop) {
        struct pollfd fds[] = {{.fd = acceptor->wake_fd, .events = POLLIN},
                               {.fd = open ? acceptor->listen_fd : -1, .events = POLLIN}};
        int wait_ms = acceptor->look_after(acceptor->ctx);
        (void)poll(fds, JT_COUNT(fds), open ? wait_ms : PAUSE_MS); /* EINTR: no harm */
        stop = (fds[0].revents & POLLIN) != 0;
        int64_t now = jt_clock_boot_ms(&jt_clock_system);
        if (now >= sweep_at) { /* first, for its time is the one from which deadlines are counted */
            sweep(acceptor, now);
            sweep_at = now + JT_REAPER_SWEEP_MS;
        }
        open = stop && acceptor->leaves_backlog ? open : accept_batch(acceptor);
        if (!open && is_wanted(acceptor)) {
            (void)relieve(acceptor); /* if nobody is idle: it waits until a request ends */
        }
    }
    return NULL;
}

static void close_both(struct jt_acceptor *acceptor)
{
    (void)close(acceptor->wake_fd); /* nothing is buffered */
    if (acceptor->spare_fd >= 0) {
        (void)close(acceptor->spare_fd); /* holds nothing */
    }
}

enum jt_err jt_acceptor_start(struct jt_acceptor *acceptor)
{
    acceptor->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (acceptor->wake_fd < 0) {
        return JT_ERR_IO;
    }
    acceptor->spare_fd = open_spare();
    if (pthread_create(&acceptor->thread, NULL, run, acceptor) != 0) {
        close_both(acceptor);
        return JT_ERR_NOMEM;
    }
    return JT_OK;
}

void jt_acceptor_stop(struct jt_acceptor *acceptor)
{
    uint64_t one = 1;
    ssize_t written = write(acceptor->wake_fd, &one, sizeof one);
    (void)written;                              /* an empty counter always takes 1 */
    (void)pthread_join(acceptor->thread, NULL); /* our own thread, joined once */
    close_both(acceptor);
}
