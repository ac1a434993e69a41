/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PATH.lock keeps a second daemon away from the database PATH: the daemon holds flock(2) on it
 * exclusively while it runs. The kernel releases the lock with the process, kill -9 included, and
 * no stale mark is left to mistake for a live one. It is a file of its own because SQLite's locks
 * on the database are POSIX locks, which closing any other descriptor of that file would drop;
 * SQLite's own exclusive mode would keep out readers too. The file stays: to remove it would be a
 * race.
 * Ownership: the descriptor is the caller's to close.
 * Thread rule: any thread.
 */
#ifndef JT_STORE_SQLITELOCK_H
#define JT_STORE_SQLITELOCK_H

#include "common/base/diag.h"

#include <stdbool.h>

/* For the daemon: gives a descriptor that holds the lock. JT_ERR_STORE with a sentence when another
 * daemon has it (after waiting a second for one that only looks), or it cannot be made. */
JT_MUST_USE enum jt_err jt_sqlitelock_take(const char *path, int *out_fd, struct jt_diag *diag);

/* For one that only looks: `out_running` says whether a daemon holds the lock; if not, `out_fd`
 * holds daemons off until it is closed (-1: no lock file, so nothing to close). Makes no file. */
JT_MUST_USE enum jt_err jt_sqlitelock_look(const char *path, int *out_fd, bool *out_running,
                                           struct jt_diag *diag);

#endif
