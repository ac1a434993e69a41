/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A throw-away PostgreSQL server for the tests of one program (tests/support/postgres.sh), and a
 * hand that works in it as an operator would. What fails here ends the program with a sentence.
 * Ownership: in place; release stops the server and removes its folder.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_SUPPORT_POSTGRES_CLUSTER_H
#define JT_TESTS_SUPPORT_POSTGRES_CLUSTER_H

#include "common/base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

struct jt_postgres_cluster {
    char folder[64];
    pid_t pid; /* 0: it does not run */
};

/* Makes a cluster in a folder of its own, in memory where there is such a place, and starts it.
 * `primary` (or NULL): the new one is a standby of that. False when this machine has no server, which
 * is told. */
bool jt_postgres_cluster_new(struct jt_postgres_cluster *cluster,
                             const struct jt_postgres_cluster *primary);
void jt_postgres_cluster_release(struct jt_postgres_cluster *cluster);

/* Starts it again over what it has; waits until it answers. */
void jt_postgres_cluster_start(struct jt_postgres_cluster *cluster);
/* SIGKILL to all its processes: what a crash leaves. */
void jt_postgres_cluster_kill(struct jt_postgres_cluster *cluster);
/* SIGINT: ends sessions and stops in order. */
void jt_postgres_cluster_stop(struct jt_postgres_cluster *cluster);
/* SIGSTOP, or SIGCONT, to all its processes. */
void jt_postgres_cluster_freeze(const struct jt_postgres_cluster *cluster, bool frozen);

/* The connection string of a database in it, borrowed until the next call. */
const char *jt_postgres_cluster_at(const struct jt_postgres_cluster *cluster, const char *database);

/* Runs statements in the database; `out` (or NULL) gets every value as text with a | after it. Fails
 * the program when a statement fails. */
void jt_postgres_cluster_run(const struct jt_postgres_cluster *cluster, const char *database,
                             const char *sql, struct jt_buf *out);

/* A session that stays open between calls. */
void *jt_postgres_cluster_enter(const struct jt_postgres_cluster *cluster, const char *database);
void jt_postgres_cluster_do(void *session, const char *sql, struct jt_buf *out);
void jt_postgres_cluster_leave(void *session);

#endif
