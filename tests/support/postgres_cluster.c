/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/postgres_cluster.h"

#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base.h"

#define TRIES     3000 /* half a minute */
#define PAUSE_NS  (10 * 1000 * 1000)
#define NO_SERVER 77

static void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "PostgreSQL for tests: %s: %s\n", what, why);
    abort();
}

/* --- its process --- */

static pid_t spawn(char *const argv[])
{
    pid_t pid;
    int err = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
    if (err != 0) {
        fail(argv[0], strerror(err));
    }
    return pid;
}

static void run_script(struct jt_postgres_cluster *cluster, const char *primary)
{
    char script[] = JT_POSTGRES_SCRIPT;
    char option[] = "--standby-of";
    char from[64];
    (void)snprintf(from, sizeof from, "%s", primary == NULL ? "" : primary);
    char *as_standby[] = {script, option, from, cluster->folder, NULL};
    char *alone[] = {script, cluster->folder, NULL};
    cluster->pid = spawn(primary == NULL ? alone : as_standby);
}

static void wait_for_end(struct jt_postgres_cluster *cluster)
{
    while (waitpid(cluster->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    cluster->pid = 0;
}

/* Waits until it answers. False: it ended with that status. */
static bool wait_until_ready(struct jt_postgres_cluster *cluster, int *out_status)
{
    const struct timespec pause = {0, PAUSE_NS};
    for (int i = 0; i < TRIES; i++) {
        if (waitpid(cluster->pid, out_status, WNOHANG) == cluster->pid) {
            cluster->pid = 0;
            return false;
        }
        if (PQping(jt_postgres_cluster_at(cluster, "postgres")) == PQPING_OK) {
            return true;
        }
        (void)nanosleep(&pause, NULL); /* woken early: one try sooner */
    }
    fail(cluster->folder, "does not answer");
    return false;
}

bool jt_postgres_cluster_new(struct jt_postgres_cluster *cluster,
                             const struct jt_postgres_cluster *primary)
{
    bool shm = access("/dev/shm", W_OK) == 0;
    *cluster = (struct jt_postgres_cluster){.pid = 0};
    (void)snprintf(cluster->folder, sizeof cluster->folder, "%s/jeton-pg.XXXXXX",
                   shm ? "/dev/shm" : "/tmp");
    if (mkdtemp(cluster->folder) == NULL) {
        fail(cluster->folder, strerror(errno));
    }
    run_script(cluster, primary == NULL ? NULL : primary->folder);
    int status = 0;
    if (!wait_until_ready(cluster, &status)) {
        if (!WIFEXITED(status) || WEXITSTATUS(status) != NO_SERVER) {
            fail(cluster->folder, "did not start; see its log");
        }
        (void)rmdir(cluster->folder); /* it is empty */
        return false;
    }
    return true;
}

void jt_postgres_cluster_start(struct jt_postgres_cluster *cluster)
{
    int status = 0;
    run_script(cluster, NULL);
    if (!wait_until_ready(cluster, &status)) {
        fail(cluster->folder, "did not start again; see its log");
    }
}

/* To the children first: they end by themselves once they see that their parent is gone. */
static void signal_all(const struct jt_postgres_cluster *cluster, int signal_number)
{
    char name[64];
    char pids[4096] = "";
    (void)snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)cluster->pid,
                   (int)cluster->pid);
    FILE *children = fopen(name, "r");
    if (children != NULL) {
        (void)!fgets(pids, sizeof pids, children); /* no line: no child */
        (void)fclose(children);                    /* only read */
    }
    char *rest = pids;
    for (long pid = strtol(rest, &rest, 10); pid > 0; pid = strtol(rest, &rest, 10)) {
        (void)kill((pid_t)pid, signal_number); /* it may have ended meanwhile */
    }
    if (kill(cluster->pid, signal_number) != 0) {
        fail("kill", strerror(errno));
    }
}

void jt_postgres_cluster_kill(struct jt_postgres_cluster *cluster)
{
    (void)kill(cluster->pid, SIGSTOP); /* so that it makes no more children meanwhile */
    signal_all(cluster, SIGKILL);
    wait_for_end(cluster);
}

void jt_postgres_cluster_stop(struct jt_postgres_cluster *cluster)
{
    (void)kill(cluster->pid, SIGINT); /* it runs: we have not waited for it */
    wait_for_end(cluster);
}

void jt_postgres_cluster_freeze(const struct jt_postgres_cluster *cluster, bool frozen)
{
    signal_all(cluster, frozen ? SIGSTOP : SIGCONT);
}

void jt_postgres_cluster_release(struct jt_postgres_cluster *cluster)
{
    char program[] = "/bin/rm";
    char options[] = "-rf";
    char *argv[] = {program, options, cluster->folder, NULL};
    if (cluster->pid != 0) {
        jt_postgres_cluster_kill(cluster);
    }
    pid_t pid = spawn(argv);
    (void)waitpid(pid, NULL, 0); /* what stays is in a folder for such things */
}

/* --- sessions --- */

const char *jt_postgres_cluster_at(const struct jt_postgres_cluster *cluster, const char *database)
{
    static char text[160];
    (void)snprintf(text, sizeof text, "host=%s user=jeton dbname=%s", cluster->folder, database);
    return text;
}

void *jt_postgres_cluster_enter(const struct jt_postgres_cluster *cluster, const char *database)
{
    PGconn *pg = PQconnectdb(jt_postgres_cluster_at(cluster, database));
    if (PQstatus(pg) != CONNECTION_OK) {
        fail("connect", PQerrorMessage(pg));
    }
    return pg;
}

static void put_value(struct jt_buf *out, const PGresult *result, int row, int column)
{
    const char *text =
        PQgetisnull(result, row, column) == 1 ? "NULL" : PQgetvalue(result, row, column);
    if (jt_buf_printf(out, "%s|", text) != JT_OK) {
        fail("values", "too many");
    }
}

void jt_postgres_cluster_do(void *session, const char *sql, struct jt_buf *out)
{
    PGconn *pg = session;
    if (PQsendQuery(pg, sql) == 0) {
        fail(sql, PQerrorMessage(pg));
    }
    for (PGresult *r = PQgetResult(pg); r != NULL; r = PQgetResult(pg)) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
            fail(sql, PQerrorMessage(pg));
        }
        for (int i = 0; out != NULL && i < PQntuples(r) * PQnfields(r); i++) {
            put_value(out, r, i / PQnfields(r), i % PQnfields(r));
        }
        PQclear(r);
    }
}

void jt_postgres_cluster_leave(void *session)
{
    PQfinish(session);
}

void jt_postgres_cluster_run(const struct jt_postgres_cluster *cluster, const char *database,
                             const char *sql, struct jt_buf *out)
{
    void *session = jt_postgres_cluster_enter(cluster, database);
    jt_postgres_cluster_do(session, "SET bytea_output = 'escape'", NULL);
    jt_postgres_cluster_do(session, sql, out);
    jt_postgres_cluster_leave(session);
}
