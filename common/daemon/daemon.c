/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base.h"

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* a clock that exists */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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

#define WOKEN (-1)

/* Until a signal comes, the descriptor is readable or the time is over: the signal, WOKEN, or 0. */
static int await(int signals, int wake, int64_t until_ms)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    int64_t left_ms = until_ms - now_ms();
    struct signalfd_siginfo got;
    /* interrupted: the caller looks at the time again */
    if (poll(fds, JT_COUNT(fds), left_ms < 0 ? 0 : (int)left_ms) <= 0) {
        return 0;
    }
    if (fds[0].revents == 0) {
        return WOKEN;
    }
    return read(signals, &got, sizeof got) == sizeof got ? (int)got.ssi_signo : 0;
}

static void reload(const struct jt_daemon *daemon)
{
    jt_notify_reloading(daemon->notify);
    daemon->reload(daemon->ctx);
    jt_notify_ready(daemon->notify);
}

static void take_turns(const struct jt_daemon *daemon, int signals)
{
    const int64_t every_ms = (int64_t)daemon->tick_s * 1000;
    int64_t tick_ms = now_ms() + every_ms;
    for (;;) {
        int64_t alive_ms = jt_notify_alive(daemon->notify, now_ms());
        int wake = daemon->wake == NULL ? -1 : daemon->wake(daemon->ctx);
        int got = await(signals, wake, alive_ms < tick_ms ? alive_ms : tick_ms);
        if (got == SIGTERM || got == SIGINT) {
            return;
        }
        if (got == SIGHUP) {
            reload(daemon);
        } else if (got == WOKEN || now_ms() >= tick_ms) {
            daemon->tick(daemon->ctx);
            tick_ms = now_ms() + every_ms;
        }
    }
}

void jt_daemon_loop(const struct jt_daemon *daemon)
{
    sigset_t set;
    fill_set(&set);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0) { /* no descriptor is left: a daemon that could not be ended is of no use */
        return;
    }
    jt_notify_ready(daemon->notify);
    take_turns(daemon, signals);
    jt_notify_stopping(daemon->notify);
    (void)close(signals); /* nothing is lost */
}
