/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running sidecar: the first generation, then the listeners, then the loop that waits for
 * signals. SIGHUP makes another generation and publishes it when it is no worse than the present
 * one.
 * Thread rule: the main thread; signals SIGHUP, SIGINT, SIGTERM must be blocked (jt_daemon_signals)
 * before any thread starts.
 */
#ifndef JT_GUARD_GUARD_H
#define JT_GUARD_GUARD_H

#include "verifier/guard/guardconf.h"

/* What can be told of `conf`, the content of `path`, without serving or fetching. */
JT_MUST_USE enum jt_err jt_guard_check(const struct jt_guardconf *conf, const char *path,
                                       struct jt_diag *diag);

/* Runs with `conf` (taken) from the file `path`, which SIGHUP reads again, until SIGTERM or SIGINT,
 * then drains. An error comes with a sentence. */
JT_MUST_USE enum jt_err jt_guard_run(struct jt_guardconf *conf, const char *path,
                                     struct jt_log *log, struct jt_diag *diag);

#endif
