/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/guard.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/folder.h"
#include "common/daemon/daemon.h"
#include "common/daemon/handed.h"
#include "common/daemon/notify.h"
#include "common/http/listen.h"
#include "common/http/server.h"
#include "verifier/guard/guardops.h"

#include "common/base/base.h"

#define TICK_S          10
#define OPS_THREADS     1
#define OPS_CONNECTIONS 64
#define RELOAD_WAIT_S   5 /* at least: the present rules go on meanwhile */

struct service {
    const char *path;
    struct jt_log *log;
    struct jt_notify notify; /* who started us */
    struct jt_handed handed;
    struct jt_slots *generations;
    struct jt_authorize authorize;
    struct jt_guardops ops;
    struct jt_listen listen, ops_listen;
    struct jt_server_conf conf, ops_conf;
    struct jt_server *server, *ops_server;
    unsigned drain_ms;
};

static void free_generation(void *root)
{
    jt_generation_free(root);
}

/* --- start and stop --- */

static unsigned mode_of(const char *text)
{
    return (unsigned)strtoul(text, NULL, 8); /* the table checked it */
}

static void fill_confs(struct service *service, const struct jt_guardconf *conf)
{
    service->drain_ms = (unsigned)conf->drain_s * 1000;
    service->conf = (struct jt_server_conf){
        .listen = &service->listen,
        .threads = (unsigned)service->authorize.n_threads,
        .max_connections = (unsigned)conf->max_connections,
        .idle_s = (unsigned)conf->idle_s,
        .request_deadline_s = (unsigned)conf->deadline_s,
        .memory = JT_AUTHORIZE_MEMORY,
        .answer_room = JT_AUTHORIZE_ANSWER_ROOM,
        .routes = jt_authorize_routes,
        .n_routes = jt_authorize_n_routes,
        .refusal = jt_authorize_refuse,
        .app = &service->authorize,
        .thread_new = jt_authorize_thread_new,
        .thread_free = jt_authorize_thread_free,
        .log = service->log,
    };
    service->ops_conf = (struct jt_server_conf){
        .listen = &service->ops_listen,
        .threads = OPS_THREADS,
        .max_connections = OPS_CONNECTIONS,
        .routes = jt_guardops_routes,
        .n_routes = jt_guardops_n_routes,
        .refusal = jt_guardops_refuse,
        .app = &service->ops,
        .thread_new = jt_guardops_thread_new,
        .thread_free = jt_guardops_thread_free,
        .log = service->log,
    };
}

/* Takes `generation`. */
static enum jt_err publish(struct service *service, struct jt_generation *generation)
{
    int unavailable = jt_guardconf_unavailable(&generation->conf);
    enum jt_err err = jt_slots_publish(service->generations, generation);
    if (err != JT_OK) {
        jt_generation_free(generation);
        return err;
    }
    atomic_store(&service->authorize.unavailable, unavailable);
    return JT_OK;
}

/* Takes `conf`. */
static enum jt_err publish_first(struct service *service, struct jt_guardconf *conf,
                                 struct jt_diag *diag)
{
    struct jt_generation *generation = NULL;
    JT_TRY(jt_generation_new(conf, service->path, service->authorize.n_threads, service->log,
                             &generation, diag));
    return publish(service, generation);
}

static enum jt_err open_one(struct service *service, const char *name, const char *address,
                            const char *mode, struct jt_listen *out_listen, struct jt_diag *diag)
{
    int fd = jt_handed_take(&service->handed, name);
    return fd < 0 ? jt_listen_open(address, mode_of(mode), out_listen, diag)
                  : jt_listen_adopt(fd, name, mode_of(mode), out_listen, diag);
}

/* Sockets first: what is wrong with them is told before issuers are asked. */
static enum jt_err open_sockets(struct service *service, const struct jt_guardconf *conf,
                                struct jt_diag *diag)
{
    JT_TRY(jt_notify_open(&service->notify, diag));
    JT_TRY(jt_handed_open(&service->handed, diag));
    JT_TRY(open_one(service, "proxies", conf->listen, conf->mode, &service->listen, diag));
    JT_TRY(open_one(service, "ops", conf->ops_listen, conf->ops_mode, &service->ops_listen, diag));
    return jt_handed_check(&service->handed, "proxies and ops", diag);
}

static enum jt_err start(struct service *service, struct jt_guardconf *conf, struct jt_diag *diag)
{
    service->authorize.n_threads = jt_server_threads((unsigned)conf->threads);
    JT_TRY(jt_slots_new(free_generation, &service->generations));
    service->authorize.generations = service->ops.generations = service->generations;
    JT_TRY(open_sockets(service, conf, diag));
    fill_confs(service, conf);
    JT_TRY(publish_first(service, conf, diag));
    JT_TRY(jt_server_start(&service->ops_conf, &service->ops_server, diag));
    JT_TRY(jt_server_start(&service->conf, &service->server, diag));
    const struct jt_generation *generation = jt_slots_current(service->generations);
    jt_log(service->log, JT_EV_DAEMON_READY,
           jt_log_str("listen", jt_server_address(service->server)),
           jt_log_str("ops", jt_server_address(service->ops_server)),
           jt_log_int("rules", (int64_t)generation->rules.n),
           jt_log_str("keys", jeton_verifier_ready(generation->verifier) == 1 ? "all" : "missing"));
    return JT_OK;
}

static void stop(struct service *service)
{
    /* both stop accepting and end what is in flight before what they read is freed */
    jt_server_stop(service->server, service->drain_ms);
    jt_server_stop(service->ops_server, service->drain_ms);
    jt_listen_close(&service->listen);
    jt_listen_close(&service->ops_listen);
    jt_slots_free(service->generations);
    jt_handed_release(&service->handed);
    jt_notify_release(&service->notify);
}

/* Port 0 is another one each time. */
static enum jt_err check_apart(const struct jt_guardconf *conf, const char *path,
                               struct jt_diag *diag)
{
    struct jt_span listen = jt_span_str(conf->listen);
    bool any_port = listen.n >= 2 && jt_span_is(jt_span_of(listen.p + listen.n - 2, 2), ":0");
    if (any_port || !jt_span_is(listen, conf->ops_listen)) {
        return JT_OK;
    }
    return jt_diag_fail(diag, JT_ERR_CONFIG,
                        "%s: listen and ops.listen are both %.128s; give each its own", path,
                        conf->listen);
}

static enum jt_err check_files(const struct jt_guardconf *conf, const char *path,
                               struct jt_diag *diag)
{
    if (conf->ca_file != NULL && access(conf->ca_file, R_OK) != 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "%s: ca_file: cannot read %.200s; is it there, and may this user read "
                            "it?",
                            path, conf->ca_file);
    }
    for (size_t i = 0; i < conf->issuers.n; i++) {
        const char *cache = jt_guardconf_issuers(conf)[i].jwks_cache;
        JT_TRY(cache == NULL ? JT_OK : jt_folder_check(cache, diag));
    }
    return JT_OK;
}

enum jt_err jt_guard_check(const struct jt_guardconf *conf, const char *path, struct jt_diag *diag)
{
    JT_TRY(jt_listen_check(conf->listen, diag));
    JT_TRY(jt_listen_check(conf->ops_listen, diag));
    JT_TRY(check_apart(conf, path, diag));
    JT_TRY(check_files(conf, path, diag));
    return jt_generation_check(conf, path, diag);
}

/* --- signals --- */

/* The first issuer that has keys now and would have none then; NULL when none. */
static const char *loses_keys(const struct jt_generation *now, const struct jt_generation *then)
{
    for (size_t i = 0; i < now->conf.issuers.n; i++) {
        struct jeton_issuer_info had = JETON_INIT(jeton_issuer_info);
        struct jeton_issuer_info has = JETON_INIT(jeton_issuer_info);
        size_t place =
            jt_guardconf_find_issuer(&then->conf, jt_guardconf_issuers(&now->conf)[i].issuer);
        if (jeton_verifier_info(now->verifier, i, &had) == JETON_OK && had.keys > 0 &&
            jeton_verifier_info(then->verifier, place, &has) == JETON_OK && has.keys == 0) {
            return jt_guardconf_issuers(&then->conf)[place].issuer;
        }
    }
    return NULL;
}

/* An issuer that cannot be reached at the moment of a reload must not stop what works, and one that
 * is new and wrong shall be seen, unless keys are missing as it is. */
static enum jt_err check_keys(const struct service *service, const struct jt_generation *then,
                              struct jt_diag *diag)
{
    const struct jt_generation *now = jt_slots_current(service->generations);
    const char *lost = loses_keys(now, then);
    bool worse =
        jeton_verifier_ready(now->verifier) == 1 && jeton_verifier_ready(then->verifier) != 1;
    if (lost == NULL && !worse) {
        return JT_OK;
    }
    const char *why = jeton_verifier_error(then->verifier);
    return jt_diag_fail(diag, JT_ERR_CONFIG,
                        "%s: issuers: keys are missing%s%.128s%s%.200s; try again when the issuer "
                        "answers, or set jwks_cache",
                        service->path, lost == NULL ? "" : " of ", lost == NULL ? "" : lost,
                        why[0] == 0 ? "" : ": ", why);
}

/* Takes `conf`. */
static enum jt_err replace(struct service *service, struct jt_guardconf *conf, struct jt_diag *diag)
{
    struct jt_generation *then = NULL;
    enum jt_log_level level = jt_guardconf_log_level(conf);
    if (conf->wait_s < RELOAD_WAIT_S) {
        conf->wait_s = RELOAD_WAIT_S; /* without keys the reload would be refused */
    }
    JT_TRY(jt_generation_new(conf, service->path, service->authorize.n_threads, service->log, &then,
                             diag));
    enum jt_err err = check_keys(service, then, diag);
    if (err != JT_OK) {
        jt_generation_free(then);
        return err;
    }
    JT_TRY(publish(service, then));
    service->log->level = level;
    return JT_OK;
}

static enum jt_err load_and_replace(struct service *service, const char **out_restart,
                                    struct jt_diag *diag)
{
    struct jt_guardconf conf = {0};
    JT_TRY(jt_guardconf_load_file(service->path, &conf, diag));
    const struct jt_generation *now = jt_slots_current(service->generations);
    *out_restart = jt_guardconf_restart_key(&now->conf, &conf);
    if (*out_restart != NULL) {
        jt_guardconf_release(&conf);
        return JT_OK;
    }
    return replace(service, &conf, diag);
}

/* What `systemctl status` shows. */
static void tell_serving(const struct service *service)
{
    const struct jt_generation *now = jt_slots_current(service->generations);
    jt_notify_status(&service->notify, "answering on %s by %zu rules%s",
                     jt_server_address(service->server), now->rules.n,
                     jeton_verifier_ready(now->verifier) == 1 ? "" : "; keys are missing");
}

static void reload(void *ctx)
{
    struct service *service = ctx;
    struct jt_diag diag = JT_DIAG_INIT;
    const char *restart = NULL;
    enum jt_err err = load_and_replace(service, &restart, &diag);
    atomic_fetch_add(&service->ops.reloads[err == JT_OK && restart == NULL], 1);
    if (err != JT_OK) {
        jt_log(service->log, JT_EV_CONFIG_REFUSE, jt_log_str("why", jt_diag_text(&diag, err)));
        jt_notify_status(&service->notify, "nothing was reloaded: %s", jt_diag_text(&diag, err));
    } else if (restart != NULL) {
        jt_log(service->log, JT_EV_CONFIG_RESTART, jt_log_str("key", restart),
               jt_log_str("fix", "restart; nothing was reloaded"));
        jt_notify_status(&service->notify, "nothing was reloaded: %s needs a restart", restart);
    } else {
        jt_log(service->log, JT_EV_CONFIG_LOAD, jt_log_str("file", service->path));
        tell_serving(service);
    }
}

static void tick(void *ctx)
{
    struct service *service = ctx;
    (void)jt_slots_reclaim(service->generations); /* those still read: the next time */
}

enum jt_err jt_guard_run(struct jt_guardconf *conf, const char *path, struct jt_log *log,
                         struct jt_diag *diag)
{
    struct service service = {.path = path, .log = log};
    service.listen.fd = service.ops_listen.fd = -1;
    service.authorize.log = log;
    service.ops.authorize = &service.authorize;
    service.ops.version = JETON_VERSION;
    service.notify.fd = -1;
    const struct jt_daemon daemon = {&service, reload, tick, TICK_S, NULL, &service.notify};
    jt_daemon_limits();
    enum jt_err err = start(&service, conf, diag);
    if (err != JT_OK) {
        jt_notify_status(&service.notify, "%s", jt_diag_text(diag, err));
    } else {
        tell_serving(&service);
        jt_daemon_loop(&daemon);
        jt_log(log, JT_EV_DAEMON_STOP, jt_log_str("why", "signal"));
    }
    stop(&service);
    jt_guardconf_release(conf); /* where start failed before it was taken */
    return err;
}
