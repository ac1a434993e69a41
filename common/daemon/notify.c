/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/daemon/handed.h"

#include "common/base/base.h"

#define PATIENCE_S 5 /* for a manager that does not read: it must not hold us up for good */

/* A path, or the name of an abstract socket after '@'. */
static enum jt_err parse_socket(const char *text, struct jt_notify *notify, struct jt_diag *diag)
{
    size_t n = strlen(text);
    bool abstract = text[0] == '@';
    if ((text[0] != '/' && !abstract) || n < 2 || n >= sizeof notify->to.sun_path) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "NOTIFY_SOCKET: '%.128s' is neither a path nor @NAME; leave it to the "
                            "service manager, or unset it",
                            text);
    }
    notify->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(notify->to.sun_path, text, n);
    if (abstract) {
        notify->to.sun_path[0] = 0;
    }
    notify->to_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (abstract ? 0 : 1));
    return JT_OK;
}

/* Twice in the time that the manager gives. */
static enum jt_err parse_watchdog(const char *usec, const char *pid, struct jt_notify *notify,
                                  struct jt_diag *diag)
{
    int64_t value = 0, whose = getpid();
    if (pid != NULL && !jt_handed_number(pid, INT32_MAX, &whose)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "WATCHDOG_PID: '%.32s' is not a process; leave it to the service "
                            "manager, or unset it",
                            pid);
    }
    if (!jt_handed_number(usec, INT64_MAX, &value) || value < 2000) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "WATCHDOG_USEC: '%.32s' is not a number of microseconds from 2000 on; "
                            "give WatchdogSec= a longer time, or unset it",
                            usec);
    }
    notify->every_ms = whose == getpid() ? value / 2000 : 0;
    return JT_OK;
}

static enum jt_err parse(struct jt_notify *notify, struct jt_diag *diag)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread yet */
    const char *to = getenv("NOTIFY_SOCKET");
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    /* NOLINTEND(concurrency-mt-unsafe) */
    if (to == NULL) {
        return JT_OK;
    }
    JT_TRY(parse_socket(to, notify, diag));
    return usec == NULL ? JT_OK : parse_watchdog(usec, pid, notify, diag);
}

enum jt_err jt_notify_open(struct jt_notify *out_notify, struct jt_diag *diag)
{
    static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct jt_notify notify = JT_NOTIFY_INIT;
    enum jt_err err = parse(&notify, diag);
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        (void)unsetenv(names[i]); // NOLINT(concurrency-mt-unsafe): one thread; names that may be
    }
    if (err == JT_OK && notify.to_n > 0) {
        /* kept open: signs of life go on when all descriptors are in use */
        notify.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (notify.fd < 0) {
            return jt_diag_fail(diag, JT_ERR_IO, "NOTIFY_SOCKET: no socket to speak by: %s",
                                strerrordesc_np(errno));
        }
        /* an option that a socket has: cannot fail */
        (void)setsockopt(notify.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    if (err == JT_OK) {
        *out_notify = notify;
    }
    return err;
}

void jt_notify_release(struct jt_notify *notify)
{
    if (notify->fd >= 0) {
        (void)close(notify->fd); /* datagrams: nothing is buffered */
    }
    notify->fd = -1;
}

static void tell(const struct jt_notify *notify, const char *text)
{
    if (notify != NULL && notify->fd >= 0) {
        /* a manager that does not hear it restarts us: nothing else is left to do */
        (void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                     (const struct sockaddr *)&notify->to, notify->to_n);
    }
}

void jt_notify_ready(const struct jt_notify *notify)
{
    tell(notify, "READY=1");
}

/* sd_notify(3): RELOADING=1 with the time at which the reload began, in one message. */
void jt_notify_reloading(const struct jt_notify *notify)
{
    char text[64];
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* a clock that exists */
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000); /* fits */
    tell(notify, text);
}

void jt_notify_stopping(const struct jt_notify *notify)
{
    tell(notify, "STOPPING=1");
}

void jt_notify_status(const struct jt_notify *notify, const char *format, ...)
{
    char text[512 + sizeof "STATUS="] = "STATUS=";
    char *line = text + strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, 512, format, args); /* cut is good enough */
    va_end(args);
    for (; *line != 0; line++) {
        if ((unsigned char)*line < 0x20 || *line == 0x7F) {
            *line = ' ';
        }
    }
    tell(notify, text);
}

int64_t jt_notify_alive(struct jt_notify *notify, int64_t now_ms)
{
    if (notify == NULL || notify->fd < 0 || notify->every_ms == 0) {
        return INT64_MAX;
    }
    if (now_ms >= notify->due_ms) {
        tell(notify, "WATCHDOG=1");
        notify->due_ms = now_ms + notify->every_ms;
    }
    return notify->due_ms;
}
