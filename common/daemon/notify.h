/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager that started this process what becomes of it: ready, reloading,
 * stopping, a line for `systemctl status`, and signs of life. systemd's protocol, without its
 * library. Without a manager that wants to know every call does nothing. It does not ask whether
 * the manager heard: one that did not acts as if nothing had been said.
 * Ownership: in place; release what was opened.
 * Thread rule: one thread; jt_notify_open before any other is started, as it changes the
 * environment.
 * Sources: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5).
 */
#ifndef JT_DAEMON_NOTIFY_H
#define JT_DAEMON_NOTIFY_H

#include "common/base/diag.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct jt_notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un to;
    socklen_t to_n;
    int64_t every_ms; /* between signs of life; 0: nobody watches */
    int64_t due_ms;   /* of the next one */
};

#define JT_NOTIFY_INIT \
    {                  \
        .fd = -1       \
    }

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child of
 * this process speaks for it. JT_ERR_CONFIG with a sentence: one of them is malformed. JT_ERR_IO. */
JT_MUST_USE enum jt_err jt_notify_open(struct jt_notify *out_notify, struct jt_diag *diag);
void jt_notify_release(struct jt_notify *notify);

/* `notify` may be NULL in all of these. Reloading ends with ready. */
void jt_notify_ready(const struct jt_notify *notify);
void jt_notify_reloading(const struct jt_notify *notify);
void jt_notify_stopping(const struct jt_notify *notify);

/* One line, cut at 511 bytes; control characters become spaces, for a newline would begin another
 * message. */
void jt_notify_status(const struct jt_notify *notify, const char *format, ...) JT_PRINTF(2, 3);

/* Gives a sign of life when one is due at `now_ms`: to be called by the very loop whose turning is
 * the sign. When the next one is due; INT64_MAX when nobody watches. */
int64_t jt_notify_alive(struct jt_notify *notify, int64_t now_ms);

#endif
