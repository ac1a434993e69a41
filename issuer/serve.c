/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/serve.h"

#include "common/daemon/daemon.h"
#include "common/daemon/handed.h"
#include "common/daemon/notify.h"
#include "common/http/crowd.h"
#include "common/http/server.h"
#include "issuer/admin/admin.h"
#include "issuer/admin/problem.h"
#include "issuer/certificate.h"
#include "issuer/oauth/oauth.h"
#include "keys/memory_guard.h"

#include "common/base/base.h"

#define TICK_S            2 /* how late a change of another issuer is seen, where nothing tells of it */
#define ADMIN_THREADS     4 /* changes wait for each other and for the database, all but one */
#define ADMIN_CONNECTIONS 256
#define ANSWER_ROOM       512 /* for the head of the public listener's longest answer */

struct service {
    struct jt_serve *serve;
    struct jt_notify notify; /* who started us */
    struct jt_handed handed;
    bool told_away; /* that the database is */
    struct jt_listen public_listen, admin_listen, token_listen;
    struct jt_certificate certificate;
    struct jt_peers trusted;
    struct jt_issuer *issuer;
    struct jt_store_watch *watch; /* tells of other issuers' changes */
    struct jt_oauth_routes routes;
    struct jt_admin admin, token_admin; /* by the socket, and by tokens over TCP */
    struct jt_server_conf public_conf, admin_conf, token_conf;
    struct jt_crowd_tally tally; /* of the public listener's connections */
    struct jt_server *public_server, *admin_server, *token_server;
    unsigned drain_ms;
};

/* --- the listeners --- */

static void *worker_new(void *app)
{
    struct jt_issuer_worker *worker = NULL;
    return jt_issuer_worker_new(app, &worker) == JT_OK ? worker : NULL;
}

static void worker_free(void *thread)
{
    jt_issuer_worker_free(thread);
}

static void fill_admin(struct service *service, struct jt_admin *admin, struct jt_listen *listen,
                       struct jt_server_conf *conf)
{
    admin->issuer = service->issuer;
    admin->tally = &service->tally;
    jt_admin_routes_make(admin);
    *conf = (struct jt_server_conf){
        .listen = listen,
        .threads = ADMIN_THREADS,
        .handlers_wait = true,
        .max_connections = ADMIN_CONNECTIONS,
        .routes = admin->routes,
        .n_routes = admin->n_routes,
        .refusal = jt_problem_refuse_http,
        .app = admin,
        .thread_new = jt_admin_thread_new,
        .thread_free = jt_admin_thread_free,
        .log = service->serve->log,
    };
}

static void fill_confs(struct service *service)
{
    const struct jt_config *config = jt_issuer_config(service->issuer);
    service->drain_ms = (unsigned)config->drain_s * 1000;
    service->public_conf = (struct jt_server_conf){
        .listen = &service->public_listen,
        .threads = (unsigned)config->threads,
        .max_connections = (unsigned)config->max_connections,
        .max_per_source = (unsigned)config->max_per_source,
        .idle_s = (unsigned)config->idle_s,
        .request_deadline_s = (unsigned)config->deadline_s,
        .lifetime_s = (unsigned)config->lifetime_s,
        .tally = &service->tally,
        .memory = (size_t)config->head + ANSWER_ROOM,
        .answer_room = ANSWER_ROOM,
        .routes = service->routes.routes,
        .n_routes = service->routes.n,
        .refusal = jt_oauth_refuse_http,
        .app = service->issuer,
        .thread_new = worker_new,
        .thread_free = worker_free,
        .log = service->serve->log,
    };
    fill_admin(service, &service->admin, &service->admin_listen, &service->admin_conf);
    service->token_admin.by_token = true;
    fill_admin(service, &service->token_admin, &service->token_listen, &service->token_conf);
    service->trusted = jt_config_proxies(config);
    service->public_conf.trusted = service->token_conf.trusted = &service->trusted;
    service->public_conf.forwarded = service->token_conf.forwarded = jt_config_forwarded(config);
    service->public_conf.proxy_protocol = jt_config_proxy_protocol(config);
    if (service->certificate.is_open) {
        service->public_conf.tls = service->token_conf.tls = &service->certificate.tls;
    }
}

/* The admin socket's file is who may do everything: it is where the configuration says, and open to no
 * more than that says. */
static enum jt_err adopt_admin(struct service *service, int fd, struct jt_diag *diag)
{
    const struct jt_config *config = service->serve->config;
    unsigned mode = jt_config_admin_mode(config);
    JT_TRY(jt_listen_adopt(fd, "admin", mode, &service->admin_listen, diag));
    if (!jt_span_is(jt_span_str(config->admin_socket), service->admin_listen.address)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "admin.socket: %.108s, but the socket that was handed over as 'admin' "
                            "is at %.108s; let ListenStream= name that path",
                            config->admin_socket, service->admin_listen.address);
    }
    return JT_OK;
}

static enum jt_err open_sockets(struct service *service, struct jt_diag *diag)
{
    const struct jt_config *config = service->serve->config;
    int public_fd = jt_handed_take(&service->handed, "public");
    int admin_fd = jt_handed_take(&service->handed, "admin");
    if (public_fd >= 0) { /* whoever may open a UNIX socket: tokens are for who proves himself */
        JT_TRY(jt_listen_adopt(public_fd, "public", 0777, &service->public_listen, diag));
    } else if (service->serve->listen != NULL) {
        service->public_listen = *service->serve->listen;
        service->serve->listen->fd = -1;
    } else {
        JT_TRY(jt_listen_open(config->listen, 0, &service->public_listen, diag));
    }
    if (config->admin_listen != NULL) {
        JT_TRY(jt_listen_open(config->admin_listen, 0, &service->token_listen, diag));
    }
    return admin_fd >= 0 ? adopt_admin(service, admin_fd, diag)
                         : jt_listen_open(config->admin_socket, jt_config_admin_mode(config),
                                          &service->admin_listen, diag);
}

/* What of the keys' memory could not be guarded is told once. */
static void tell_memory(const struct service *service)
{
    struct jt_memory_state state = jt_memory_guard_state();
    struct jt_signer_status signer;
    jt_signer_status(service->issuer->signer, &signer);
    if (!signer.memory_locked || !state.closed) {
        const char *why = state.why[0] != 0 ? state.why : "the signer may not lock its memory";
        jt_log(service->serve->log, JT_EV_MEMORY_OPEN, jt_log_str("why", why));
    }
}

/* For doctor, which other threads ask. */
static void tell_certificate(const struct service *service)
{
    struct jt_issuer_certificate *told = &service->issuer->certificate;
    if (service->certificate.is_open) {
        atomic_store(&told->end_s, service->certificate.about.not_after_s);
        atomic_store(&told->refused, service->certificate.refused);
    }
}

static enum jt_err start(struct service *service, struct jt_diag *diag)
{
    struct jt_log *log = service->serve->log;
    struct jt_issuer_deps deps = {&jt_clock_system, &jt_random_system, log};
    JT_TRY(jt_notify_open(&service->notify, diag));
    JT_TRY(jt_handed_open(&service->handed, diag));
    JT_TRY(open_sockets(service, diag));
    JT_TRY(jt_handed_check(&service->handed, "public and admin", diag));
    JT_TRY(jt_certificate_open(&service->certificate, service->serve->config, log, diag));
    JT_TRY(jt_issuer_open(&deps, service->serve->config, &service->issuer, diag));
    service->issuer->config_path = service->serve->config_path;
    tell_certificate(service);
    tell_memory(service);
    struct jt_store_where where = jt_config_store(jt_issuer_config(service->issuer));
    JT_TRY(jt_store_watch_new(&where, &service->watch, diag));
    const struct jt_config *config = jt_issuer_config(service->issuer);
    JT_TRY(jt_oauth_routes_make(jt_config_issuer_path(config), &service->routes));
    JT_TRY(jt_turnstile_init(&service->admin.turnstile, ADMIN_THREADS - 1));
    JT_TRY(jt_turnstile_init(&service->token_admin.turnstile, ADMIN_THREADS - 1));
    fill_confs(service);
    JT_TRY(jt_server_start(&service->admin_conf, &service->admin_server, diag));
    if (config->admin_listen != NULL) {
        JT_TRY(jt_server_start(&service->token_conf, &service->token_server, diag));
    }
    JT_TRY(jt_server_start(&service->public_conf, &service->public_server, diag));
    const char *address = jt_server_address(service->public_server);
    if (service->serve->ready != NULL) {
        JT_TRY(service->serve->ready(service->serve->ready_ctx, service->issuer, address, diag));
    }
    jt_log(log, JT_EV_DAEMON_READY, jt_log_str("issuer", config->issuer),
           jt_log_str("tls", service->certificate.is_open ? "on" : "off"),
           jt_log_str("listen", address),
           jt_log_str("admin", jt_server_address(service->admin_server)),
           jt_log_str("admin_listen", config->admin_listen == NULL
                                          ? "off"
                                          : jt_server_address(service->token_server)));
    return JT_OK;
}

static void stop(struct service *service)
{
    /* both stop accepting and end what is in flight before what they read is freed */
    jt_server_stop(service->public_server, service->drain_ms);
    jt_server_stop(service->admin_server, service->drain_ms);
    jt_server_stop(service->token_server, service->drain_ms);
    jt_turnstile_release(&service->admin.turnstile);
    jt_turnstile_release(&service->token_admin.turnstile);
    jt_listen_close(&service->public_listen);
    jt_listen_close(&service->admin_listen);
    jt_listen_close(&service->token_listen);
    jt_oauth_routes_release(&service->routes);
    jt_certificate_release(&service->certificate);
    jt_store_watch_free(service->watch);
    jt_issuer_free(service->issuer);
    jt_handed_release(&service->handed);
    jt_notify_release(&service->notify);
}

enum jt_err jt_serve_check(const struct jt_config *config, struct jt_diag *diag)
{
    struct jt_log log = {-1, JT_LOG_ERROR, &jt_clock_system};
    struct jt_issuer_deps deps = {&jt_clock_system, &jt_random_system, &log};
    JT_TRY(jt_listen_check(config->listen, diag));
    JT_TRY(jt_listen_check(config->admin_socket, diag));
    if (config->admin_listen != NULL) {
        JT_TRY(jt_listen_check(config->admin_listen, diag));
    }
    JT_TRY(jt_certificate_check(config, &jt_clock_system, diag));
    return jt_issuer_check(&deps, config, diag);
}

/* --- signals and ticks --- */

/* The certificate, which can be refused for what is in files, first; both or none. */
static enum jt_err reload_parts(struct service *service, struct jt_config *config,
                                struct jt_diag *diag)
{
    struct jt_tls_pair *pair = NULL;
    JT_TRY(jt_certificate_load(config, &pair, diag));
    enum jt_err err = jt_issuer_reload(service->issuer, config, diag);
    if (err != JT_OK) {
        jt_tls_pair_free(pair);
        return err;
    }
    if (pair != NULL) {
        jt_certificate_use(&service->certificate, jt_issuer_config(service->issuer), pair,
                           service->serve->log);
    }
    return JT_OK;
}

/* What `systemctl status` shows. */
static void tell_serving(const struct service *service)
{
    bool away = jt_issuer_is_cut_off(service->issuer);
    jt_notify_status(
        &service->notify, "issuing as %s on %s%s", jt_issuer_config(service->issuer)->issuer,
        jt_server_address(service->public_server), away ? "; the database is away" : "");
}

static void refuse_reload(const struct service *service, const char *why)
{
    jt_log(service->serve->log, JT_EV_CONFIG_REFUSE, jt_log_str("why", why));
    jt_notify_status(&service->notify, "nothing was reloaded: %s", why);
}

/* Carries on with `config` where that does without a restart. */
static void reload_with(struct service *service, struct jt_config *config)
{
    struct jt_log *log = service->serve->log;
    struct jt_diag diag = JT_DIAG_INIT;
    const char *key = jt_config_restart_key(jt_issuer_config(service->issuer), config);
    if (key != NULL) {
        jt_log(log, JT_EV_CONFIG_RESTART, jt_log_str("key", key),
               jt_log_str("fix", "restart; nothing was reloaded"));
        jt_notify_status(&service->notify, "nothing was reloaded: %s needs a restart", key);
        return;
    }
    enum jt_err err = reload_parts(service, config, &diag);
    if (err != JT_OK) {
        refuse_reload(service, jt_diag_text(&diag, err));
        return;
    }
    tell_certificate(service);
    jt_log(log, JT_EV_CONFIG_LOAD, jt_log_str("file", service->serve->config_path));
    tell_serving(service);
}

static void reload(void *ctx)
{
    struct service *service = ctx;
    struct jt_config config = {0};
    struct jt_diag diag = JT_DIAG_INIT;
    if (service->serve->config_path == NULL) {
        return;
    }
    enum jt_err err = jt_config_load_file(service->serve->config_path, &config, &diag);
    if (err != JT_OK) {
        refuse_reload(service, jt_diag_text(&diag, err));
        return;
    }
    reload_with(service, &config);
    jt_config_release(&config);
}

static void tick(void *ctx)
{
    struct service *service = ctx;
    struct jt_diag diag = JT_DIAG_INIT;
    (void)jt_store_watch_take(service->watch); /* the version tells */
    jt_certificate_tick(&service->certificate, jt_issuer_config(service->issuer),
                        service->serve->log, &jt_clock_system);
    tell_certificate(service);
    enum jt_err err = jt_issuer_tick(service->issuer, &diag);
    bool away = jt_issuer_is_cut_off(service->issuer);
    if (err != JT_OK && !away) { /* that is told elsewhere */
        jt_log(service->serve->log, JT_EV_KEY_TICK_FAIL, jt_log_err(err),
               jt_log_str("why", jt_diag_text(&diag, err)));
    }
    if (away != service->told_away) {
        service->told_away = away;
        tell_serving(service);
    }
}

static int wake(void *ctx)
{
    const struct service *service = ctx;
    return jt_store_watch_fd(service->watch);
}

enum jt_err jt_serve_run(struct jt_serve *serve, struct jt_diag *diag)
{
    struct service service = {.serve = serve};
    service.public_listen.fd = service.admin_listen.fd = service.token_listen.fd = -1;
    service.notify.fd = -1;
    const struct jt_daemon daemon = {&service, reload, tick, TICK_S, wake, &service.notify};
    jt_daemon_limits();
    enum jt_err err = start(&service, diag);
    if (err != JT_OK) {
        jt_notify_status(&service.notify, "%s", jt_diag_text(diag, err));
    } else {
        tell_serving(&service);
        jt_daemon_loop(&daemon);
        jt_log(serve->log, JT_EV_DAEMON_STOP, jt_log_str("why", "signal"));
    }
    stop(&service);
    return err;
}
