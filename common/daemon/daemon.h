/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every daemon of ours does as a process: signals that arrive in one place, limits that fit a
 * process with secrets and many connections, and the loop of its main thread. It knows nothing of
 * what is served.
 * Thread rule: the main thread; signals before any other thread is started.
 */
#ifndef JT_DAEMON_DAEMON_H
#define JT_DAEMON_DAEMON_H

#include "common/daemon/notify.h"

/* Blocks SIGHUP, SIGINT and SIGTERM, which jt_daemon_loop waits for, and ignores SIGPIPE: a peer
 * that left is seen by the write's answer. */
void jt_daemon_signals(void);

/* No core dump, which would hold secrets; as many descriptors as allowed, each connection being
 * one; files for the owner alone. */
void jt_daemon_limits(void);

/* What the main thread does until it ends. */
struct jt_daemon {
    void *ctx;
    void (*reload)(void *ctx); /* SIGHUP */
    void (*tick)(void *ctx);   /* `tick_s` seconds after the one before, or when `wake` says so */
    unsigned tick_s;
    int (*wake)(void *ctx);   /* a descriptor whose being readable is a tick; -1 or NULL: none */
    struct jt_notify *notify; /* who is told of its states, and by each turn that it lives; NULL */
};

/* Tells that the daemon is ready, and returns at SIGINT or SIGTERM, when it has told that it stops. */
void jt_daemon_loop(const struct jt_daemon *daemon);

#endif
