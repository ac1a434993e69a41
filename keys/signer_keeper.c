/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/signer_keeper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "keys/kekfds.h"
#include "keys/keks.h"
#include "keys/signer_spawn.h"

#include "common/base/base.h"

#define LOOK_MS      2000 /* between looks for a request that is not answered */
#define WAIT_MS      5000 /* for which a call waits for a process to be there */
#define ATTEMPTS     2
#define SOON_MS      1000 /* a process that ends sooner makes the next one wait */
#define PAUSE_MS     50   /* the first pause; each is twice the one before */
#define PAUSE_MAX_MS 5000

enum phase { STARTING, UP, DOWN };

struct jt_keeper {
    struct jt_ring *ring;
    int ring_fd, wake_fd;
    _Atomic uint32_t epoch;
    atomic_bool away;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, and speaking to the process */
    pthread_cond_t changed;
    struct jt_wire_request conf; /* its texts are owned */
    struct jt_spawn spawn;
    struct jt_rows rows;
    enum phase phase;
    bool ending, distrusted;
    int64_t started_ms;
    unsigned failures;                 /* in a row */
    const struct jt_signer_conf *heir; /* of who waits for a process that takes over */
    enum jt_err err;                   /* of the first start, or of the heir's */
    struct jt_diag diag;
    uint32_t unanswered[JT_SIGNER_LANES_MAX]; /* requests as of the last look; 0: none */
    pthread_mutex_t told_lock;                /* guards told */
    struct jt_signer_status told;
};

/* --- what is told --- */

static void tell(struct jt_keeper *keeper, const struct jt_wire_reply *reply)
{
    (void)pthread_mutex_lock(&keeper->told_lock); /* plain mutexes, never recursive: cannot fail */
    memcpy(keeper->told.kek, reply->kek, sizeof keeper->told.kek);
    memcpy(keeper->told.kek_next, reply->kek_next, sizeof keeper->told.kek_next);
    keeper->told.memory_locked = reply->memory_locked;
    (void)pthread_mutex_unlock(&keeper->told_lock);
}

static void count_restart(struct jt_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->told_lock);
    keeper->told.restarts++;
    (void)pthread_mutex_unlock(&keeper->told_lock);
}

void jt_keeper_status(struct jt_keeper *keeper, struct jt_signer_status *out_status)
{
    (void)pthread_mutex_lock(&keeper->told_lock);
    *out_status = keeper->told;
    (void)pthread_mutex_unlock(&keeper->told_lock);
    out_status->how = JT_SIGNER_PROCESS;
    out_status->away = jt_keeper_away(keeper);
}

struct jt_ring *jt_keeper_ring(struct jt_keeper *keeper)
{
    return keeper->ring;
}

_Atomic uint32_t *jt_keeper_epoch(struct jt_keeper *keeper)
{
    return &keeper->epoch;
}

bool jt_keeper_away(struct jt_keeper *keeper)
{
    return atomic_load_explicit(&keeper->away, memory_order_acquire);
}

/* --- the process, with the lock --- */

static void wake_thread(struct jt_keeper *keeper)
{
    const uint64_t one = 1;
    /* fails only when it is to be woken already */
    ssize_t written = write(keeper->wake_fd, &one, sizeof one);
    (void)written;
}

/* The process is gone, or is to be: nobody waits for it any more. */
static void lose(struct jt_keeper *keeper)
{
    atomic_store(&keeper->away, true);
    jt_spawn_end(&keeper->spawn); /* before the shake: nobody else writes to the ring then */
    atomic_fetch_add(&keeper->epoch, 1);
    jt_ring_shake(keeper->ring);
    keeper->phase = DOWN;
    keeper->distrusted = false;
}

static enum jt_err let_go(struct jt_keeper *keeper, struct jt_wire_reply *reply)
{
    struct jt_wire_request request = JT_WIRE_REQUEST_INIT;
    request.op = JT_WIRE_GO;
    JT_TRY(jt_spawn_call(&keeper->spawn, &request, NULL, reply));
    tell(keeper, reply);
    keeper->started_ms = jt_clock_boot_ms(&jt_clock_system);
    keeper->phase = UP;
    atomic_store(&keeper->away, false);
    (void)pthread_cond_broadcast(&keeper->changed);
    return JT_OK;
}

static enum jt_err start(struct jt_keeper *keeper, struct jt_diag *diag)
{
    const struct jt_signer_conf conf = jt_wire_conf(&keeper->conf);
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    enum jt_err err =
        jt_spawn_start(&conf, keeper->ring_fd, &keeper->rows, &keeper->spawn, &reply, diag);
    if (err == JT_OK) {
        err = let_go(keeper, &reply);
        if (err != JT_OK) {
            lose(keeper);
        }
    }
    jt_wire_reply_release(&reply);
    return err;
}

static enum jt_err copy_conf(const struct jt_signer_conf *conf, struct jt_wire_request *out)
{
    struct jt_wire_request borrowed = JT_WIRE_REQUEST_INIT, made = JT_WIRE_REQUEST_INIT;
    jt_wire_borrow_conf(conf, &borrowed);
    for (size_t i = 0; i < JT_WIRE_TEXTS; i++) {
        if (borrowed.texts[i] != NULL &&
            jt_buf_strdup(jt_span_str(borrowed.texts[i]), &made.texts[i]) != JT_OK) {
            jt_wire_request_release(&made);
            return JT_ERR_NOMEM;
        }
    }
    jt_wire_request_release(out);
    *out = made;
    return JT_OK;
}

/* Another process, with other key-encryption keys, goes on where this one stops: requests that are
 * on their way it answers. */
static enum jt_err take_over(struct jt_keeper *keeper, struct jt_diag *diag)
{
    struct jt_wire_request conf = JT_WIRE_REQUEST_INIT;
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    struct jt_spawn heir = JT_SPAWN_INIT;
    JT_TRY(copy_conf(keeper->heir, &conf));
    enum jt_err err =
        jt_spawn_start(keeper->heir, keeper->ring_fd, &keeper->rows, &heir, &reply, diag);
    if (err != JT_OK) {
        jt_wire_reply_release(&reply);
        jt_wire_request_release(&conf);
        return err;
    }
    jt_spawn_end(&keeper->spawn);
    keeper->spawn = heir;
    jt_wire_request_release(&keeper->conf);
    keeper->conf = conf;
    jt_ring_reset_workers(keeper->ring);
    if (let_go(keeper, &reply) != JT_OK) {
        lose(keeper); /* the next start has the new keys as well */
    } else {
        jt_ring_put_again(keeper->ring);
    }
    jt_wire_reply_release(&reply);
    return JT_OK;
}

/* --- the thread --- */

static void wait_ms(struct jt_keeper *keeper, int64_t ms)
{
    const struct timespec until = jt_clock_in_ms(ms);
    while (!keeper->ending &&
           pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until) == 0) {
    }
}

static int64_t pause_ms(unsigned failures)
{
    int64_t ms = PAUSE_MS;
    for (unsigned i = 1; i < failures && ms < PAUSE_MAX_MS; i++) {
        ms *= 2;
    }
    return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void start_again(struct jt_keeper *keeper)
{
    struct jt_diag diag = JT_DIAG_INIT;
    bool soon = jt_clock_boot_ms(&jt_clock_system) - keeper->started_ms < SOON_MS;
    keeper->failures = soon ? keeper->failures + 1 : 0;
    if (keeper->failures > 0) {
        wait_ms(keeper, pause_ms(keeper->failures));
    }
    while (!keeper->ending) {
        count_restart(keeper);
        if (start(keeper, &diag) == JT_OK) {
            return;
        }
        wait_ms(keeper, pause_ms(++keeper->failures));
    }
}

/* Was a request there at the last look that is still not answered? */
static bool hangs(struct jt_keeper *keeper)
{
    bool found = false;
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        struct jt_ring_slot *slot = &keeper->ring->slots[i];
        uint32_t request = atomic_load(&slot->request);
        bool open = (request & 1) == 0 && request != atomic_load(&slot->answer) &&
                    atomic_load(&slot->waiting) != 0;
        found = found || (open && keeper->unanswered[i] == request);
        keeper->unanswered[i] = open ? request : 0;
    }
    return found;
}

/* Waits for something to happen, without the lock. */
static void look(struct jt_keeper *keeper)
{
    struct pollfd fds[] = {{keeper->spawn.socket, 0, 0}, {keeper->wake_fd, POLLIN, 0}};
    (void)pthread_mutex_unlock(&keeper->lock);
    int ready = poll(fds, JT_COUNT(fds), LOOK_MS);
    (void)pthread_mutex_lock(&keeper->lock);
    uint64_t count = 0;
    ssize_t got = (fds[1].revents & POLLIN) != 0 ? read(keeper->wake_fd, &count, sizeof count) : 0;
    (void)got; /* that it was woken is all */
    bool gone = ready > 0 && (fds[0].revents & (POLLHUP | POLLERR)) != 0 &&
                fds[0].fd == keeper->spawn.socket;
    bool hung = ready == 0 && hangs(keeper);
    if (keeper->phase == UP && (gone || hung || keeper->distrusted)) {
        lose(keeper);
    }
}

static void *keep(void *arg)
{
    struct jt_keeper *keeper = arg;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->err = start(keeper, &keeper->diag);
    if (keeper->err != JT_OK) {
        keeper->ending = true;
        keeper->phase = DOWN;
        (void)pthread_cond_broadcast(&keeper->changed);
    }
    while (!keeper->ending) {
        if (keeper->phase != UP) {
            start_again(keeper);
        } else if (keeper->heir != NULL) {
            keeper->err = take_over(keeper, &keeper->diag);
            keeper->heir = NULL;
            (void)pthread_cond_broadcast(&keeper->changed);
        } else {
            look(keeper);
        }
    }
    jt_spawn_end(&keeper->spawn);
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* --- calls --- */

/* Waits until there is a process to ask. */
static bool is_up(struct jt_keeper *keeper)
{
    const struct timespec until = jt_clock_in_ms(WAIT_MS);
    while (keeper->phase != UP) {
        if (pthread_cond_timedwait(&keeper->changed, &keeper->lock, &until) != 0) {
            return false;
        }
    }
    return true;
}

/* With the lock; `conf`: the descriptors of its sources go with the request, opened for each
 * attempt. */
static enum jt_err ask(struct jt_keeper *keeper, const struct jt_wire_request *request,
                       const struct jt_signer_conf *conf, struct jt_wire_reply *reply,
                       struct jt_diag *diag)
{
    for (int i = 0; i < ATTEMPTS && is_up(keeper); i++) {
        struct jt_link_fds fds = {.n = 0};
        if (conf != NULL) {
            JT_TRY(jt_kekfds_open(conf, &fds, diag));
        }
        enum jt_err err = jt_spawn_call(&keeper->spawn, request, &fds, reply);
        jt_link_close_fds(&fds);
        if (err != JT_ERR_SIGNER_AWAY) {
            if (err == JT_OK) {
                tell(keeper, reply);
            }
            return err;
        }
        lose(keeper);
        wake_thread(keeper);
    }
    return JT_ERR_SIGNER_AWAY;
}

/* What a later process is to be given, after `request` had this end. */
static enum jt_err keep_rows(struct jt_keeper *keeper, const struct jt_wire_request *request,
                             const struct jt_wire_reply *reply, enum jt_err err)
{
    struct jt_span kid = jt_buf_span(&request->row.kid);
    if (request->op == JT_WIRE_LOAD && request->longest_s == 0) {
        return err; /* the row was looked at, no more */
    }
    if (request->op == JT_WIRE_LOAD && request->row.kind == JT_SEALED_KEY) {
        if (request->row.blob.len == 0) {
            /* also when nobody was there to check its MAC: a key that signs too little is mended by
             * loading it, one that signs too long by nothing */
            if (err == JT_OK || err == JT_ERR_SIGNER_AWAY) {
                jt_rows_forget(&keeper->rows, kid);
            }
            return err;
        }
        return err == JT_OK ? jt_rows_keep(&keeper->rows, &request->row, request->longest_s) : err;
    }
    int64_t longest_s = jt_rows_longest(&keeper->rows, kid);
    if (request->op == JT_WIRE_REWRAP && err == JT_OK && longest_s >= 0 &&
        reply->row.blob.len > 0) {
        return jt_rows_keep(&keeper->rows, &reply->row, longest_s);
    }
    return err;
}

static enum jt_err outcome(enum jt_err err, const struct jt_wire_reply *reply, struct jt_diag *diag)
{
    if (err != JT_OK || reply->err == JT_OK) {
        return err;
    }
    if (diag != NULL && reply->diag.text[0] != 0) {
        *diag = reply->diag;
    }
    return reply->err;
}

enum jt_err jt_keeper_call(struct jt_keeper *keeper, const struct jt_wire_request *request,
                           struct jt_wire_reply *reply, struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&keeper->lock);
    enum jt_err err = outcome(ask(keeper, request, NULL, reply, diag), reply, diag);
    err = keep_rows(keeper, request, reply, err);
    (void)pthread_mutex_unlock(&keeper->lock);
    return err;
}

/* A process that is closed in reads descriptors, but no token. */
static enum jt_err hand_over(struct jt_keeper *keeper, const struct jt_signer_conf *conf,
                             struct jt_diag *diag)
{
    keeper->heir = conf;
    wake_thread(keeper);
    while (keeper->heir == conf) {
        (void)pthread_cond_wait(&keeper->changed, &keeper->lock); /* cannot fail */
    }
    if (keeper->err != JT_OK && diag != NULL) {
        *diag = keeper->diag;
    }
    return keeper->err;
}

static enum jt_err set_keks(struct jt_keeper *keeper, const struct jt_signer_conf *conf,
                            struct jt_diag *diag)
{
    if (conf->kek.pkcs11 != NULL || conf->kek_next.pkcs11 != NULL) {
        return is_up(keeper) ? hand_over(keeper, conf, diag) : JT_ERR_SIGNER_AWAY;
    }
    struct jt_wire_request kept = JT_WIRE_REQUEST_INIT, request = JT_WIRE_REQUEST_INIT;
    struct jt_wire_reply reply = JT_WIRE_REPLY_INIT;
    JT_TRY(copy_conf(conf, &kept));
    request.op = JT_WIRE_SET_KEKS;
    jt_wire_borrow_conf(conf, &request);
    enum jt_err err = outcome(ask(keeper, &request, conf, &reply, diag), &reply, diag);
    if (err == JT_OK) {
        jt_wire_request_release(&keeper->conf);
        keeper->conf = kept;
    } else {
        jt_wire_request_release(&kept);
    }
    jt_wire_reply_release(&reply);
    return err;
}

enum jt_err jt_keeper_set_keks(struct jt_keeper *keeper, const struct jt_signer_conf *conf,
                               struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&keeper->lock);
    enum jt_err err = set_keks(keeper, conf, diag);
    if (err == JT_OK) {
        jt_kekfds_forget(conf);
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return err;
}

void jt_keeper_distrust(struct jt_keeper *keeper)
{
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->distrusted = true;
    (void)pthread_mutex_unlock(&keeper->lock);
    wake_thread(keeper);
}

/* --- the keeper --- */

static enum jt_err make_parts(struct jt_keeper *keeper)
{
    pthread_condattr_t monotonic;
    keeper->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper->wake_fd < 0 || pthread_condattr_init(&monotonic) != 0) {
        return JT_ERR_NOMEM;
    }
    bool ok = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&keeper->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return ok ? jt_ring_new(&keeper->ring, &keeper->ring_fd) : JT_ERR_NOMEM;
}

/* A thread that no signal of the process comes to. */
static bool start_thread(struct jt_keeper *keeper)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* of this thread: cannot fail */
    bool ok = pthread_create(&keeper->thread, NULL, keep, keeper) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void release_parts(struct jt_keeper *keeper)
{
    jt_ring_free(keeper->ring);
    if (keeper->ring_fd >= 0) {
        (void)close(keeper->ring_fd);
    }
    if (keeper->wake_fd >= 0) {
        (void)close(keeper->wake_fd);
    }
    jt_rows_release(&keeper->rows);
    jt_wire_request_release(&keeper->conf);
    free(keeper);
}

/* Waits for the first process; what it says is in err and diag. */
static enum jt_err await_start(struct jt_keeper *keeper, struct jt_diag *diag)
{
    (void)pthread_mutex_lock(&keeper->lock);
    while (keeper->phase == STARTING) {
        (void)pthread_cond_wait(&keeper->changed, &keeper->lock); /* cannot fail */
    }
    enum jt_err err = keeper->phase == UP ? JT_OK : keeper->err;
    (void)pthread_mutex_unlock(&keeper->lock);
    if (err != JT_OK && diag != NULL && keeper->diag.text[0] != 0) {
        *diag = keeper->diag; /* the thread writes it no more */
    }
    return err;
}

enum jt_err jt_keeper_new(const struct jt_signer_conf *conf, struct jt_keeper **out_keeper,
                          struct jt_diag *diag)
{
    struct jt_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        return JT_ERR_NOMEM;
    }
    keeper->ring_fd = keeper->wake_fd = -1;
    keeper->spawn = (struct jt_spawn)JT_SPAWN_INIT;
    keeper->conf = (struct jt_wire_request)JT_WIRE_REQUEST_INIT;
    atomic_init(&keeper->away, true);
    (void)pthread_mutex_init(&keeper->lock, NULL);      /* plain mutexes: cannot fail on Linux */
    (void)pthread_mutex_init(&keeper->told_lock, NULL); /* as above */
    enum jt_err err = make_parts(keeper);
    if (err == JT_OK) {
        err = copy_conf(conf, &keeper->conf);
    }
    if (err != JT_OK || !start_thread(keeper)) {
        release_parts(keeper);
        return err != JT_OK ? err : JT_ERR_NOMEM;
    }
    err = await_start(keeper, diag);
    if (err != JT_OK) {
        jt_keeper_free(keeper);
        return err;
    }
    jt_kekfds_forget(conf);
    *out_keeper = keeper;
    return JT_OK;
}

void jt_keeper_free(struct jt_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->ending = true;
    (void)pthread_cond_broadcast(&keeper->changed);
    (void)pthread_mutex_unlock(&keeper->lock);
    wake_thread(keeper);
    (void)pthread_join(keeper->thread, NULL); /* of ours: cannot fail */
    release_parts(keeper);
}
