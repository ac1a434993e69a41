/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_child.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "keys/memory_guard.h"
#include "keys/sandbox.h"
#include "keys/signer_link.h"
#include "keys/signer_local.h"
#include "keys/signer_wire.h"
#include "keys/signer_worker.h"

#include "common/base/base.h"

struct child {
    struct jt_ring *ring;
    struct jt_signer *signer;
    uint32_t n_workers;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    uint32_t ready; /* workers that wait for `go` */
    bool go;
    uint8_t bytes[JT_WIRE_MESSAGE_MAX];
};

/* --- workers --- */

struct start {
    struct child *child;
    struct jt_worker *worker;
    size_t number;
};

static void *run_worker(void *arg)
{
    struct start *start = arg;
    struct child *child = start->child;
    jt_ring_be_patient();
    (void)pthread_mutex_lock(&child->lock); /* a plain mutex, never recursive: cannot fail */
    child->ready++;
    (void)pthread_cond_broadcast(&child->changed);
    while (!child->go) {
        (void)pthread_cond_wait(&child->changed, &child->lock); /* as above */
    }
    (void)pthread_mutex_unlock(&child->lock);
    jt_worker_run(start->worker, start->number);
}

/* They live as long as the process. A thread registers itself with the kernel when it begins, which
 * must be over before the process closes itself in. */
static enum jt_err start_workers(struct child *child)
{
    static struct start starts[JT_RING_WORKERS_MAX];
    for (size_t i = 0; i < child->n_workers; i++) {
        pthread_t thread;
        starts[i] = (struct start){child, NULL, i};
        JT_TRY(jt_worker_new(child->ring, child->signer, &jt_clock_system, &starts[i].worker));
        if (pthread_create(&thread, NULL, run_worker, &starts[i]) != 0) {
            return JT_ERR_NOMEM;
        }
        (void)pthread_detach(thread); /* of ours, joinable: cannot fail */
    }
    (void)pthread_mutex_lock(&child->lock);
    while (child->ready < child->n_workers) {
        (void)pthread_cond_wait(&child->changed, &child->lock);
    }
    (void)pthread_mutex_unlock(&child->lock);
    return JT_OK;
}

static void go(struct child *child)
{
    (void)pthread_mutex_lock(&child->lock);
    child->go = true;
    atomic_store(&child->ring->n_workers, child->n_workers);
    (void)pthread_cond_broadcast(&child->changed);
    (void)pthread_mutex_unlock(&child->lock);
}

/* --- the calls --- */

/* What libraries read from files when first used (configuration, seeds) they read now. */
static enum jt_err warm_up(struct jt_signer *signer, struct jt_diag *diag)
{
    static const enum jt_alg algs[] = {JT_ALG_ES256, JT_ALG_EDDSA};
    for (size_t i = 0; i < JT_COUNT(algs); i++) {
        JT_AUTO(sealed) row = JT_SEALED_INIT;
        JT_TRY(jt_signer_generate(signer, JT_SEALED_KEY, algs[i], &row, diag));
    }
    return JT_OK;
}

static enum jt_err read_keks(const struct jt_wire_request *request, const struct jt_link_fds *fds,
                             size_t first, struct jt_keks *out_keks, struct jt_diag *diag)
{
    const struct jt_signer_conf conf = jt_wire_conf(request);
    return jt_keks_read(&conf, fds->fds + first, fds->n - first, out_keks, diag);
}

static enum jt_err close_in(struct child *child, struct jt_diag *diag)
{
    JT_TRY(jt_sandbox_drop(diag));
    JT_TRY(warm_up(child->signer, diag));
    JT_TRY(start_workers(child));
    return jt_sandbox_close(diag);
}

static enum jt_err start(struct child *child, const struct jt_wire_request *request,
                         const struct jt_link_fds *fds, struct jt_diag *diag)
{
    if (child->signer != NULL || fds->n < 1 || request->n_workers < 1 ||
        request->n_workers > JT_RING_WORKERS_MAX) {
        return JT_ERR_ARGUMENT;
    }
    child->n_workers = request->n_workers;
    JT_AUTO(keks) keks = JT_KEKS_INIT;
    JT_TRY(jt_ring_map(fds->fds[0], &child->ring));
    JT_TRY(read_keks(request, fds, 1, &keks, diag));
    JT_TRY(jt_signer_new_local(&keks, &jt_random_system, &child->signer));
    return close_in(child, diag);
}

static enum jt_err set_keks(struct child *child, const struct jt_wire_request *request,
                            const struct jt_link_fds *fds, struct jt_diag *diag)
{
    JT_AUTO(keks) keks = JT_KEKS_INIT;
    JT_TRY(read_keks(request, fds, 0, &keks, diag));
    jt_signer_local_take_keks(child->signer, &keks);
    return JT_OK;
}

static enum jt_err load(struct child *child, const struct jt_wire_request *request,
                        struct jt_wire_reply *reply)
{
    bool is_pepper = request->row.kind == JT_SEALED_PEPPER;
    return jt_signer_load(child->signer, &request->row, request->longest_s,
                          is_pepper ? &reply->pepper : NULL, &reply->diag);
}

static enum jt_err rewrap(struct child *child, struct jt_wire_request *request,
                          struct jt_wire_reply *reply)
{
    JT_TRY(jt_signer_rewrap(child->signer, &request->row, &reply->changed, &reply->diag));
    reply->row = request->row;
    request->row = (struct jt_sealed)JT_SEALED_INIT;
    return JT_OK;
}

static enum jt_err call(struct child *child, struct jt_wire_request *request,
                        const struct jt_link_fds *fds, struct jt_wire_reply *reply)
{
    if (request->op == JT_WIRE_START) {
        return start(child, request, fds, &reply->diag);
    }
    if (child->signer == NULL) {
        return JT_ERR_ARGUMENT;
    }
    switch (request->op) {
    case JT_WIRE_GO:
        go(child);
        return JT_OK;
    case JT_WIRE_GENERATE:
        return jt_signer_generate(child->signer, request->kind, request->alg, &reply->row,
                                  &reply->diag);
    case JT_WIRE_LOAD:
        return load(child, request, reply);
    case JT_WIRE_REWRAP:
        return rewrap(child, request, reply);
    case JT_WIRE_SET_KEKS:
        return set_keks(child, request, fds, &reply->diag);
    case JT_WIRE_STATUS:
        return JT_OK;
    default:
        return JT_ERR_ARGUMENT;
    }
}

static void tell_status(const struct child *child, struct jt_wire_reply *reply)
{
    struct jt_signer_status status = {.how = JT_SIGNER_LOCAL};
    if (child->signer != NULL) {
        jt_signer_status(child->signer, &status);
    }
    memcpy(reply->kek, status.kek, sizeof reply->kek);
    memcpy(reply->kek_next, status.kek_next, sizeof reply->kek_next);
    reply->memory_locked = status.memory_locked;
}

/* One request, one reply; false when the daemon is gone or does not speak as one. */
static bool serve(struct child *child)
{
    struct jt_link_fds fds = {.n = 0};
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    size_t n = 0;
    if (jt_link_receive(JT_CHILD_SOCKET, child->bytes, sizeof child->bytes, &n, &fds) != JT_OK) {
        return false;
    }
    bool ok = jt_wire_read_request(jt_span_of(child->bytes, n), &request) == JT_OK;
    if (ok) {
        reply.op = request.op;
        reply.err = call(child, &request, &fds, &reply);
        tell_status(child, &reply);
        ok = jt_wire_put_reply(&reply, child->bytes, &n) == JT_OK &&
             jt_link_send(JT_CHILD_SOCKET, jt_span_of(child->bytes, n), NULL) == JT_OK;
        jt_secret_wipe(child->bytes, n); /* a pepper */
    }
    jt_link_close_fds(&fds);
    jt_wire_request_release(&request);
    jt_wire_reply_release(&reply);
    return ok;
}

/* Standard error stays: what ends the process (an assertion, a sanitizer) is told there. */
static bool leave_files(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool ok = null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0;
    return ok && close_range(JT_CHILD_SOCKET + 1, ~0U, 0) == 0;
}

int jt_child_main(int argc, char **argv)
{
    static struct child child = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER};
    struct jt_diag diag = JT_DIAG_INIT;
    if (argc != 2 || strcmp(argv[1], JT_CHILD_ARGUMENT) != 0) {
        return -1;
    }
    struct jt_memory_state memory;
    jt_memory_guard(&memory);                           /* the daemon asks for the status */
    (void)prctl(PR_SET_NAME, "jetond-signer", 0, 0, 0); /* a name to be seen in ps, no more */
    if (!leave_files() || jt_sandbox_begin(&diag) != JT_OK) {
        return EXIT_FAILURE; /* the daemon tells that the signer has ended */
    }
    while (serve(&child)) {
    }
    _exit(EXIT_SUCCESS); /* the workers run on until then: nothing is to be freed before */
}
