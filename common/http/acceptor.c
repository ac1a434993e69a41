/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/acceptor.h"

#include "common/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/base.h"

#define PAUSE_MS  50 /* before looking again, with no descriptor or no place left */
#define BATCH_MAX 64 /* accepted between two looks at the clock and the wake-up */

/* False when accepting has to pause. */
static bool accept_batch(struct jt_acceptor *acceptor)
{
    for (int i = 0; i < BATCH_MAX; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t n = sizeof peer;
        if (jt_reaper_count(acceptor->reaper) >= acceptor->max_connections) {
            return false;
        }
        int fd = accept4(acceptor->listen_fd, (struct sockaddr *)&peer, &n,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            acceptor->take(acceptor->ctx, fd, (struct sockaddr *)&peer, n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return true;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            jt_log(acceptor->log, JT_EV_HTTP_LIBRARY, jt_log_str("text", strerror(errno)));
            return false;
        } /* else: the connection ended before it was accepted; the next one */
    }
    return true;
}

static void *run(void *arg)
{
    struct jt_acceptor *acceptor = arg;
    int64_t sweep_at = jt_clock_boot_ms(&jt_clock_system);
    bool open = true, stop = false;
    while (!stop) {
        struct pollfd fds[] = {{.fd = acceptor->wake_fd, .events = POLLIN},
                               {.fd = open ? acceptor->listen_fd : -1, .events = POLLIN}};
        (void)poll(fds, JT_COUNT(fds), open ? JT_REAPER_SWEEP_MS : PAUSE_MS); /* EINTR: no harm */
        stop = (fds[0].revents & POLLIN) != 0;
        open = stop && acceptor->leaves_backlog ? open : accept_batch(acceptor);
        int64_t now = jt_clock_boot_ms(&jt_clock_system);
        if (now >= sweep_at) {
            jt_reaper_sweep(acceptor->reaper, now);
            sweep_at = now + JT_REAPER_SWEEP_MS;
        }
    }
    return NULL;
}

enum jt_err jt_acceptor_start(struct jt_acceptor *acceptor)
{
    acceptor->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (acceptor->wake_fd < 0) {
        return JT_ERR_IO;
    }
    if (pthread_create(&acceptor->thread, NULL, run, acceptor) != 0) {
        (void)close(acceptor->wake_fd); /* nothing was written */
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
    (void)close(acceptor->wake_fd);             /* nothing is buffered */
}
