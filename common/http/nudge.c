/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/nudge.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/base/base.h"

enum jt_err jt_nudge_init(struct jt_nudge *nudge, int epoll_fd)
{
    /* by edges: each expiry is one, and nobody has to read */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.ptr = NULL}};
    nudge->epoll_fd = epoll_fd;
    nudge->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
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
        (void)close(nudge->fd); /* nothing is lost */
    }
    nudge->fd = -1;
}

void jt_nudge_wake(const struct jt_nudge *nudge)
{
    const struct itimerspec once = {.it_value = {.tv_nsec = 1}};
    (void)timerfd_settime(nudge->fd, 0, &once, NULL); /* a timer of ours, and times that are */
}

void jt_nudge_keep_waking(const struct jt_nudge *nudge)
{
    /* by level: an expiry that nobody reads stays one. A timer that repeats would not do, as it goes
     * on only when it has been read (timerfd_read in Linux) */
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
    (void)epoll_ctl(nudge->epoll_fd, EPOLL_CTL_MOD, nudge->fd, &event); /* it is in the set */
    jt_nudge_wake(nudge);
}
