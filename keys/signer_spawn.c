/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_spawn.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/kekfds.h"
#include "keys/signer_child.h"
#include "keys/signer_ring.h"

#include "common/base/base.h"

#define PATIENCE_S 30 /* for a reply: making an RSA key takes a second at most */

/* --- starting --- */

static bool names(const char *variable, const char *name)
{
    size_t n = name == NULL ? 0 : strlen(name);
    return n > 0 && strncmp(variable, name, n) == 0 && variable[n] == '=';
}

/* The environment without the key-encryption keys, which come over the socket. Gives the list. */
static char **make_environment(const struct jt_signer_conf *conf)
{
    size_t n = 0, kept = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **list = calloc(n + 1, sizeof *list);
    for (size_t i = 0; list != NULL && i < n; i++) {
        if (!names(environ[i], conf->kek.env) && !names(environ[i], conf->kek_next.env)) {
            list[kept++] = environ[i];
        }
    }
    return list;
}

/* A terminal's or a service manager's signals are the daemon's: it ends the signer when it has
 * answered the last request. */
static int spawn_with(posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int socket,
                      char **environment, pid_t *out_pid)
{
    char name[] = "jetond-signer", argument[] = JT_CHILD_ARGUMENT;
    char *const arguments[] = {name, argument, NULL};
    sigset_t blocked;
    (void)sigemptyset(&blocked); /* these cannot fail with signals that exist */
    (void)sigaddset(&blocked, SIGHUP);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGTERM);
    int failed = posix_spawn_file_actions_adddup2(files, socket, JT_CHILD_SOCKET);
    if (failed == 0) {
        failed = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK);
    }
    if (failed == 0) {
        failed = posix_spawnattr_setsigmask(attributes, &blocked);
    }
    return failed != 0
               ? failed
               : posix_spawn(out_pid, "/proc/self/exe", files, attributes, arguments, environment);
}

static enum jt_err spawn(const struct jt_signer_conf *conf, int socket, pid_t *out_pid,
                         struct jt_diag *diag)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char **environment = make_environment(conf);
    if (environment == NULL) {
        return JT_ERR_NOMEM;
    }
    (void)posix_spawn_file_actions_init(&files); /* glibc: cannot fail */
    (void)posix_spawnattr_init(&attributes);     /* as above */
    int failed = spawn_with(&files, &attributes, socket, environment, out_pid);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    free(environment);
    if (failed != 0) {
        return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "the signer process cannot be started: %s",
                            strerrordesc_np(failed));
    }
    return JT_OK;
}

static enum jt_err start_process(const struct jt_signer_conf *conf, struct jt_spawn *out,
                                 struct jt_diag *diag)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY, "the signer process cannot be started: %s",
                            strerrordesc_np(errno));
    }
    enum jt_err err = spawn(conf, ends[1], &out->pid, diag);
    (void)close(ends[1]); /* the signer's */
    if (err != JT_OK) {
        (void)close(ends[0]);
        return err;
    }
    out->socket = ends[0];
    /* both are options that a socket has: cannot fail */
    (void)setsockopt(out->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(out->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return JT_OK;
}

/* Half the cores: as much again is done around each signature. */
static uint32_t count_workers(void)
{
    cpu_set_t cores;
    int n = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (CPU_COUNT(&cores) + 1) / 2 : 1;
    return n < JT_RING_WORKERS_MAX ? (uint32_t)n : JT_RING_WORKERS_MAX;
}

static enum jt_err give_keys(const struct jt_spawn *spawn, const struct jt_signer_conf *conf,
                             int ring_fd, struct jt_wire_reply *reply, struct jt_diag *diag)
{
    struct jt_link_fds fds = {{ring_fd}, 1};
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    request.op = JT_WIRE_START;
    request.n_workers = count_workers();
    jt_wire_borrow_conf(conf, &request);
    JT_TRY(jt_kekfds_open(conf, &fds, diag));
    enum jt_err err = jt_spawn_call(spawn, &request, &fds, reply);
    fds.fds[0] = fds.fds[--fds.n]; /* the ring's stays: the keys' are handed over */
    for (size_t i = 0; i < fds.n; i++) {
        (void)close(fds.fds[i]);
    }
    if (err == JT_ERR_SIGNER_AWAY) {
        return jt_diag_fail(diag, err, "the signer process ended before it was ready");
    }
    if (err == JT_OK && reply->err != JT_OK) {
        return jt_diag_fail(diag, reply->err, "%s", jt_diag_text(&reply->diag, reply->err));
    }
    return err;
}

static enum jt_err load_rows(const struct jt_spawn *spawn, const struct jt_rows *rows,
                             struct jt_wire_reply *reply, struct jt_diag *diag)
{
    for (size_t i = 0; i < rows->n; i++) {
        struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
        request.op = JT_WIRE_LOAD;
        request.row = rows->rows[i].row; /* borrowed */
        request.longest_s = rows->rows[i].longest_s;
        if (jt_spawn_call(spawn, &request, NULL, reply) != JT_OK) {
            return jt_diag_fail(diag, JT_ERR_SIGNER_AWAY,
                                "the signer process ended while its keys were loaded");
        }
    }
    return JT_OK;
}

enum jt_err jt_spawn_start(const struct jt_signer_conf *conf, int ring_fd,
                           const struct jt_rows *rows, struct jt_spawn *out_spawn,
                           struct jt_wire_reply *reply, struct jt_diag *diag)
{
    struct jt_spawn made = JT_SPAWN_INIT;
    JT_TRY(start_process(conf, &made, diag));
    enum jt_err err = give_keys(&made, conf, ring_fd, reply, diag);
    if (err == JT_OK) {
        err = load_rows(&made, rows, reply, diag);
    }
    if (err != JT_OK) {
        jt_spawn_end(&made);
        return err;
    }
    *out_spawn = made;
    return JT_OK;
}

/* --- speaking --- */

static enum jt_err receive(const struct jt_spawn *spawn, enum jt_wire_op op, uint8_t *bytes,
                           struct jt_wire_reply *reply)
{
    struct jt_link_fds fds;
    size_t n = 0;
    if (jt_link_receive(spawn->socket, bytes, JT_WIRE_MESSAGE_MAX, &n, &fds) != JT_OK) {
        return JT_ERR_SIGNER_AWAY;
    }
    jt_link_close_fds(&fds); /* a signer has none to give */
    enum jt_err err = jt_wire_read_reply(jt_span_of(bytes, n), reply);
    jt_secret_wipe(bytes, n); /* a pepper */
    if (err == JT_ERR_NOMEM) {
        return err;
    }
    return err == JT_OK && reply->op == op ? JT_OK : JT_ERR_SIGNER_AWAY;
}

enum jt_err jt_spawn_call(const struct jt_spawn *spawn, const struct jt_wire_request *request,
                          const struct jt_link_fds *fds, struct jt_wire_reply *reply)
{
    uint8_t *bytes = malloc(JT_WIRE_MESSAGE_MAX);
    size_t n = 0;
    if (bytes == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err = jt_wire_put_request(request, bytes, &n);
    if (err == JT_OK) {
        err = jt_link_send(spawn->socket, jt_span_of(bytes, n), fds) == JT_OK
                  ? receive(spawn, request->op, bytes, reply)
                  : JT_ERR_SIGNER_AWAY;
    }
    free(bytes);
    return err;
}

void jt_spawn_end(struct jt_spawn *spawn)
{
    if (spawn->pid > 0) {
        /* it has nothing to finish, and nothing to wipe that the kernel does not clear */
        (void)kill(spawn->pid, SIGKILL);
        while (waitpid(spawn->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (spawn->socket >= 0) {
        (void)close(spawn->socket);
    }
    *spawn = (struct jt_spawn)JT_SPAWN_INIT;
}
