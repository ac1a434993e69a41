/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wakes a thread of libmicrohttpd's that sleeps on requests. The library (0.9.75 and 1.0) asks for 128
 * events at a time; when it gets exactly so many it waits for more before it looks at any, for as long
 * as no connection times out. So whoever has 128 requests come in at once would be answered with the
 * next event, or after http.idle. The nudge is such an event, and none of the library's: one with the
 * data NULL, which it passes over.
 * Ownership: in place, init to release.
 * Thread rule: any thread.
 */
#ifndef JT_HTTP_NUDGE_H
#define JT_HTTP_NUDGE_H

#include "common/base/err.h"

#define JT_NUDGE_EVENTS 128 /* with fewer connections a thread never sleeps so */
#define JT_NUDGE_MS     20  /* how often to look at a thread that has work */

struct jt_nudge {
    int fd, epoll_fd;
};

/* For the thread that waits on `epoll_fd`. JT_ERR_IO. */
JT_MUST_USE enum jt_err jt_nudge_init(struct jt_nudge *nudge, int epoll_fd);

/* After the thread has ended. Harmless when repeated, and with `fd` -1. */
void jt_nudge_release(struct jt_nudge *nudge);

void jt_nudge_wake(const struct jt_nudge *nudge);

/* From here on without a pause: while the thread is to end, its connections do at once, and nobody looks
 * after it. */
void jt_nudge_keep_waking(const struct jt_nudge *nudge);

#endif
