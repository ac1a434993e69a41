/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/base.h"

static void fill_set(sigset_t *set)
{
    (void)sigemptyset(set); /* these cannot fail with signals that exist */
    (void)sigaddset(set, SIGHUP);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
}

void jt_daemon_signals(void)
{
    sigset_t set;
    fill_set(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* of this thread: cannot fail */
    (void)signal(SIGPIPE, SIG_IGN);               /* a signal that exists */
}

void jt_daemon_limits(void)
{
    struct rlimit limit = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &limit); /* lowering is always allowed */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit is always allowed */
    }
    (void)umask(077);
}

void jt_daemon_loop(const struct jt_daemon *daemon)
{
    sigset_t set;
    fill_set(&set);
    const struct timespec wait = {.tv_sec = daemon->tick_s};
    for (;;) {
        int got = sigtimedwait(&set, NULL, &wait);
        if (got == SIGTERM || got == SIGINT) {
            return;
        }
        if (got == SIGHUP) {
            daemon->reload(daemon->ctx);
        } else if (got < 0 && errno == EAGAIN) {
            daemon->tick(daemon->ctx);
        }
    }
}
