/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/server.h"

#include <limits.h>
#include <microhttpd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/http/acceptor.h"
#include "common/http/crowd.h"
#include "common/http/door.h"
#include "common/http/exchange.h"
#include "common/http/listen.h"
#include "common/http/nudge.h"
#include "common/http/peers.h"
#include "common/http/places.h"
#include "common/http/proxied.h"
#include "common/http/tls.h"

#include "common/base/base.h"

#define DEFAULT_IDLE_S     30
#define DEFAULT_REQUEST_S  10
#define DEFAULT_LIFETIME_S 3600 /* as nginx has it: connections come to new replicas in time */

/* A head, its parsed form and the head of the answer have to fit. The library clears all of it for
 * every request, so it is no larger than a token of 16 KiB in a header needs. */
#define DEFAULT_MEMORY ((size_t)20 * 1024)

#define LINE 64 /* bytes of a cache line */

/* One daemon of the library's, with one thread, per worker: a pool of its own making cannot do
 * without a listening socket, and so not without MHD_quiesce_daemon (see acceptor.h). */
struct jt_server {
    const struct jt_server_conf *conf;
    struct jt_listen listen;
    struct jt_reaper reaper;
    struct jt_exchange_set exchanges;
    struct jt_proxied proxied;
    struct jt_acceptor acceptor;
    struct jt_crowd crowd;
    struct jt_buf busy; /* the answer, as sent, to those who find no place */
    size_t places;      /* connections at most */
    /* what of the above has been started */
    bool has_reaper, has_crowd, has_exchanges, has_proxied, accepts;
    bool is_unix;              /* listen's, which closes while the library still logs */
    atomic_size_t next_worker; /* of the threads that accept: no more than a hint */
    size_t n_workers;
    struct worker {
        struct jt_server *server;
        struct MHD_Daemon *daemon;
        struct jt_exchange_lane lane;
        struct jt_nudge nudge;
        struct jt_tls_turn turn;
        unsigned begun;   /* the lane's, when last looked at; of the acceptor's thread */
        char apart[LINE]; /* each thread writes its own lane */
    } workers[];
};

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value == 0 ? otherwise : value;
}

static void log_library(void *cls, const char *format, va_list args) JT_PRINTF(2, 0);

static void log_library(void *cls, const char *format, va_list args)
{
    const struct jt_server *server = cls;
    char text[256];
    (void)vsnprintf(text, sizeof text, format, args); /* cut is good enough */
    text[strcspn(text, "\n")] = 0;
    /* on a UNIX socket the library sets TCP's options all the same, and complains each time */
    if (server->is_unix &&
        (strstr(text, "TCP_") != NULL || strstr(text, "push the data") != NULL)) {
        return;
    }
    /* what a client did, not what someone has to look after */
    bool handshake = server->conf->tls != NULL && strstr(text, "handshake") != NULL;
    jt_log(server->conf->log, handshake ? JT_EV_TLS_HANDSHAKE : JT_EV_HTTP_LIBRARY,
           jt_log_str("text", text));
}

/* The library would decode in place; the path is kept as sent. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

/* Where TLS is spoken the connection holds what it begins with, until its end. */
static bool begin_tls(struct worker *worker, struct MHD_Connection *connection, int fd,
                      struct jt_reaper_entry *entry)
{
    struct jt_tls *tls = worker->server->conf->tls;
    if (tls == NULL) {
        return true;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    void *held = tls->begin(tls, info->tls_session, fd, &worker->turn);
    jt_reaper_keep(entry, held);
    return held != NULL;
}

/* An address of the connection's, for as long as it is there. */
static const struct sockaddr *peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

static void end_connection(struct worker *worker, struct MHD_Connection *connection,
                           struct jt_reaper_entry *entry)
{
    struct jt_server *server = worker->server;
    (void)atomic_fetch_sub_explicit(&worker->lane.open, 1, memory_order_relaxed);
    if (entry == NULL) {
        return; /* it was turned away */
    }
    if (server->conf->tls != NULL) {
        server->conf->tls->end(jt_reaper_kept(entry));
    }
    jt_crowd_leave(&server->crowd, peer_of(connection));
    jt_reaper_remove(&server->reaper, entry);
}

/* Counted, and with an entry at the reaper: no deadline, no connection. */
static struct jt_reaper_entry *enter(struct jt_server *server, const struct sockaddr *peer, int fd)
{
    enum jt_err err = jt_crowd_enter(&server->crowd, peer);
    if (err == JT_OK) {
        struct jt_reaper_entry *entry = jt_reaper_add(&server->reaper, fd);
        if (entry != NULL) {
            return entry;
        }
        jt_crowd_leave(&server->crowd, peer);
    }
    enum jt_crowd_cause cause = err == JT_ERR_LIMIT ? JT_CROWD_SOURCE : JT_CROWD_MEMORY;
    jt_crowd_refused(&server->crowd, cause, peer);
    if (server->conf->tls == NULL) {
        (void)send(fd, server->busy.p, server->busy.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return NULL;
}

/* Several may come between the acceptor's look at their source and this. */
static void begin_connection(struct worker *worker, struct MHD_Connection *connection,
                             void **socket_context)
{
    struct jt_server *server = worker->server;
    (void)atomic_fetch_add_explicit(&worker->lane.open, 1, memory_order_relaxed);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info->connect_fd; /* `info` is the library's, and of this call */
    struct jt_reaper_entry *entry = enter(server, peer_of(connection), fd);
    *socket_context = entry;
    if (entry == NULL || !begin_tls(worker, connection, fd, entry)) {
        (void)shutdown(fd, SHUT_RDWR); /* the library sees the end and closes it */
    }
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        end_connection(cls, connection, *socket_context);
    } else {
        begin_connection(cls, connection, socket_context);
    }
}

/* One after another, but for those inside a handler, which may take seconds. When all are, the next one
 * all the same; where handlers may wait for long, the last that was chosen: it did not wait then, so
 * it waits for a shorter time than the others. */
static struct worker *next_worker(struct jt_server *server)
{
    size_t first = atomic_load_explicit(&server->next_worker, memory_order_relaxed),
           last = first == 0 ? server->n_workers - 1 : first - 1;
    size_t chosen = server->conf->handlers_wait ? last : first;
    for (size_t i = 0; i < server->n_workers; i++) {
        size_t at = first + i < server->n_workers ? first + i : first + i - server->n_workers;
        if (!atomic_load_explicit(&server->workers[at].lane.busy, memory_order_relaxed)) {
            chosen = at;
            break;
        }
    }
    atomic_store_explicit(&server->next_worker, chosen + 1 < server->n_workers ? chosen + 1 : 0,
                          memory_order_relaxed);
    return &server->workers[chosen];
}

static void serve_connection(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_n)
{
    struct jt_server *server = ctx;
    (void)MHD_add_connection(next_worker(server)->daemon, fd, peer,
                             peer_n); /* has closed it when it fails */
}

static void take_connection(void *ctx, int fd, const struct sockaddr *peer, socklen_t peer_n)
{
    struct jt_server *server = ctx;
    if (server->has_proxied && jt_peers_contains(server->conf->trusted, peer)) {
        jt_proxied_put(&server->proxied, fd, peer, peer_n);
        return;
    }
    serve_connection(server, fd, peer, peer_n);
}

static size_t count_waiting(void *ctx)
{
    const struct jt_server *server = ctx;
    return server->has_proxied ? jt_proxied_count(&server->proxied) : 0;
}

/* A thread that has work and does not turn may sleep on it (nudge.h). */
static int look_after(void *ctx)
{
    struct jt_server *server = ctx;
    bool turns = false;
    for (size_t i = 0; i < server->n_workers; i++) {
        struct worker *worker = &server->workers[i];
        if (atomic_load_explicit(&worker->lane.open, memory_order_relaxed) < JT_NUDGE_EVENTS - 1) {
            continue;
        }
        unsigned begun = atomic_load_explicit(&worker->lane.begun, memory_order_relaxed);
        if (begun == worker->begun) {
            jt_nudge_wake(&worker->nudge);
        } else {
            turns = true;
        }
        worker->begun = begun;
    }
    return turns ? JT_NUDGE_MS : JT_REAPER_SWEEP_MS;
}

/* Where the front door knows all of the library's leniences it also words the refusals; elsewhere
 * the library is told to be strict itself (1.x takes this for MHD_OPTION_CLIENT_DISCIPLINE_LVL 1).
 */
static int strictness(void)
{
    return jt_door_knows_library() ? 0 : 1;
}

#define TLS_OPTIONS 4

static void fill_tls(const struct jt_tls *tls, struct MHD_OptionItem out[TLS_OPTIONS])
{
    const struct MHD_OptionItem none = {MHD_OPTION_END, 0, NULL};
    out[0] = none;
    if (tls == NULL) {
        return;
    }
    out[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, tls->retrieve};
    out[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
                                     (void *)(uintptr_t)tls->priorities}; /* is read */
    out[2] = (struct MHD_OptionItem){MHD_OPTION_TLS_NO_ALPN, 1, NULL}; /* tls->begin says which */
    out[3] = none;
}

/* The acceptor's is the limit; the library must never come to its own. A thread that finds one more
 * than it may have (0.9.75) keeps a lock that it takes again at the next turn, and stops for good; and
 * a burst is accepted before the threads have counted any of it. */
#define NO_LIMIT UINT_MAX

static struct MHD_Daemon *start_daemon(struct jt_server *server, struct worker *worker)
{
    const struct jt_server_conf *conf = server->conf;
    struct jt_exchange_lane *lane = &worker->lane;
    struct MHD_OptionItem secure[TLS_OPTIONS];
    fill_tls(conf->tls, secure);
    unsigned tls = conf->tls == NULL ? 0 : MHD_USE_TLS;
    /* clang-format off: one option a line */
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_ERROR_LOG |
            tls,
        0, NULL, NULL, jt_exchange_step, lane, MHD_OPTION_EXTERNAL_LOGGER, log_library, server,
        MHD_OPTION_STRICT_FOR_CLIENT, strictness(), MHD_OPTION_CONNECTION_LIMIT, NO_LIMIT,
        MHD_OPTION_CONNECTION_TIMEOUT, or_default(conf->idle_s, DEFAULT_IDLE_S),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, conf->memory == 0 ? DEFAULT_MEMORY : conf->memory,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        jt_exchange_open, lane, MHD_OPTION_NOTIFY_COMPLETED, jt_exchange_close, lane,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, worker, MHD_OPTION_ARRAY, secure,
        MHD_OPTION_END);
    /* clang-format on */
}

static bool start_worker(struct jt_server *server, struct worker *worker)
{
    worker->server = server;
    worker->lane.set = &server->exchanges;
    worker->daemon = start_daemon(server, worker);
    if (worker->daemon == NULL) {
        return false;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info != NULL && jt_nudge_init(&worker->nudge, info->epoll_fd) == JT_OK) {
        worker->turn.epoll_fd = info->epoll_fd; /* before there is a connection */
        return true;
    }
    MHD_stop_daemon(worker->daemon);
    return false;
}

static enum jt_err start_workers(struct jt_server *server, size_t n, struct jt_diag *diag)
{
    for (; server->n_workers < n; server->n_workers++) {
        if (!start_worker(server, &server->workers[server->n_workers])) {
            return jt_diag_fail(diag, JT_ERR_IO,
                                "cannot start an HTTP thread; are there too many threads or open "
                                "files (ulimit -u, ulimit -n)?");
        }
    }
    return JT_OK;
}

static enum jt_err start_proxied(struct jt_server *server)
{
    const struct jt_server_conf *conf = server->conf;
    if (!conf->proxy_protocol) {
        return JT_OK;
    }
    server->proxied = (struct jt_proxied){
        .deadline_ms = (int64_t)or_default(conf->request_deadline_s, DEFAULT_REQUEST_S) * 1000,
        .max = (server->places + 1) / 2, /* the silence of some leaves others their places */
        .log = conf->log,
        .take = serve_connection,
        .ctx = server,
    };
    JT_TRY(jt_proxied_start(&server->proxied));
    server->has_proxied = true;
    return JT_OK;
}

static bool is_trusted(const void *ctx, const struct sockaddr *peer)
{
    return jt_peers_contains(ctx, peer);
}

static enum jt_err start_limits(struct jt_server *server)
{
    const struct jt_server_conf *conf = server->conf;
    const struct jt_reaper_times times = {
        (int64_t)or_default(conf->idle_s, DEFAULT_IDLE_S) * 1000,
        (int64_t)or_default(conf->request_deadline_s, DEFAULT_REQUEST_S) * 1000,
        (int64_t)or_default(conf->lifetime_s, DEFAULT_LIFETIME_S) * 1000};
    server->places = jt_places_count(conf);
    JT_TRY(jt_reaper_init(&server->reaper, &times, jt_clock_boot_ms(&jt_clock_system)));
    server->has_reaper = true;
    server->crowd.tally = conf->tally;
    server->crowd.max_per_source = conf->max_per_source;
    server->crowd.exempt = conf->trusted == NULL ? NULL : is_trusted;
    server->crowd.exempt_ctx = conf->trusted;
    server->crowd.log = conf->log;
    JT_TRY(jt_crowd_init(&server->crowd, server->places));
    server->has_crowd = true;
    return jt_places_busy(conf, &server->busy);
}

static enum jt_err start_parts(struct jt_server *server, size_t n_workers, struct jt_diag *diag)
{
    const struct jt_server_conf *conf = server->conf;
    if (conf->listen != NULL) {
        server->listen = *conf->listen;
        conf->listen->fd = -1; /* closed, and with no file of its own, for its holder */
        conf->listen->is_unix = false;
    } else {
        JT_TRY(jt_listen_open(conf->address, conf->socket_mode, &server->listen, diag));
    }
    server->is_unix = server->listen.is_unix;
    JT_TRY(start_limits(server));
    JT_TRY(jt_exchange_init(&server->exchanges, conf, &server->reaper));
    server->has_exchanges = true;
    JT_TRY(start_workers(server, n_workers, diag));
    JT_TRY(start_proxied(server));
    server->acceptor = (struct jt_acceptor){
        .listen_fd = server->listen.fd,
        .leaves_backlog = server->listen.adopted,
        .max_connections = server->places,
        .reaper = &server->reaper,
        .crowd = &server->crowd,
        .waiting = count_waiting,
        .busy = conf->tls == NULL ? jt_buf_span(&server->busy) : JT_SPAN_NONE,
        .take = take_connection,
        .look_after = look_after,
        .ctx = server,
    };
    JT_TRY(jt_acceptor_start(&server->acceptor));
    server->accepts = true;
    return JT_OK;
}

size_t jt_server_threads(unsigned threads)
{
    cpu_set_t cores;
    if (threads == 0) {
        threads = sched_getaffinity(0, sizeof cores, &cores) == 0 ? (unsigned)CPU_COUNT(&cores) : 1;
    }
    return threads > JT_SERVER_THREADS_MAX ? JT_SERVER_THREADS_MAX : threads;
}

enum jt_err jt_server_start(const struct jt_server_conf *conf, struct jt_server **out_server,
                            struct jt_diag *diag)
{
    size_t n = jt_server_threads(conf->threads);
    struct jt_server *server = calloc(1, sizeof *server + n * sizeof(struct worker));
    if (server == NULL) {
        return JT_ERR_NOMEM;
    }
    server->conf = conf;
    atomic_init(&server->next_worker, 0);
    server->listen.fd = -1;
    enum jt_err err = start_parts(server, n, diag);
    if (err != JT_OK) {
        jt_server_stop(server, 0);
        return err;
    }
    *out_server = server;
    return JT_OK;
}

const char *jt_server_address(const struct jt_server *server)
{
    return server->listen.address;
}

void jt_server_stop(struct jt_server *server, unsigned drain_ms)
{
    if (server == NULL) {
        return;
    }
    if (server->accepts) {
        jt_acceptor_stop(&server->acceptor);
    }
    if (server->has_proxied) {
        jt_proxied_stop(&server->proxied);
    }
    jt_listen_close(&server->listen);
    if (server->accepts) {
        jt_exchange_drain(&server->exchanges, drain_ms);
    }
    for (size_t i = 0; i < server->n_workers; i++) {
        jt_nudge_keep_waking(&server->workers[i].nudge);
        MHD_stop_daemon(server->workers[i].daemon);
        jt_nudge_release(&server->workers[i].nudge);
    }
    if (server->has_exchanges) {
        jt_exchange_release(&server->exchanges);
    }
    if (server->has_crowd) {
        jt_crowd_release(&server->crowd);
    }
    if (server->has_reaper) {
        jt_reaper_release(&server->reaper);
    }
    jt_buf_release(&server->busy);
    free(server);
}
