/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running issuer: sockets first, then store and keys, then the listeners, then the loop that
 * waits for signals and ticks the key schedule. What fails before the listeners start has changed
 * nothing on disk.
 * Thread rule: the main thread; signals SIGHUP, SIGINT, SIGTERM must be blocked (jt_daemon_signals)
 * before any thread starts.
 */
#ifndef JT_ISSUER_SERVE_H
#define JT_ISSUER_SERVE_H

#include "common/http/listen.h"
#include "issuer/issuer.h"

/* Called once when the daemon is ready; `public_address` is the bound one. */
typedef enum jt_err (*jt_serve_ready_fn)(void *ctx, struct jt_issuer *issuer,
                                         const char *public_address, struct jt_diag *diag);

struct jt_serve {
    struct jt_config *config; /* taken */
    const char *config_path;  /* read again on SIGHUP; NULL: SIGHUP does nothing */
    struct jt_listen *listen; /* the public socket when it is open already (taken); NULL: opened */
    struct jt_log *log;
    jt_serve_ready_fn ready;
    void *ready_ctx;
};

/* What can be told of `config` without serving: its addresses, its folders, and all that
 * jt_issuer_check looks at. Changes nothing on disk. */
JT_MUST_USE enum jt_err jt_serve_check(const struct jt_config *config, struct jt_diag *diag);

/* Runs until SIGTERM or SIGINT, then drains. An error comes with a sentence. */
JT_MUST_USE enum jt_err jt_serve_run(struct jt_serve *serve, struct jt_diag *diag);

#endif
