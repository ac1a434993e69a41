/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/nudge.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/base.h"

enum jt_err jt_nudge_init(struct jt_nudge *nudge, int epoll_fd)
{
    /* by edges: each write is one, and nobody has to read */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = NULL}};
    nudge->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (nudge->fd < 0) {
        return JT_ERR_IO;
    }
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, nudge->fd, &event) != 0) {
        jt_nudge_release(nudge);
        return JT_ERR_IO;
    }
    return JT_OK;
}

void jt_nudge_release(struct jt_nudge *nudge)
{
    if (nudge->fd >= 0) {
        (void)close(nudge->fd); /* holds a count that nobody needs */
    }
    nudge->fd = -1;
}

void jt_nudge_wake(const struct jt_nudge *nudge)
{
    uint64_t one = 1;
    ssize_t written = write(nudge->fd, &one, sizeof one);
    (void)written; /* the count is full after 2^64 of them */
}
