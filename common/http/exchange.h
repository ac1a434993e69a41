/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, from the request line to the last byte sent: the callbacks that
 * libmicrohttpd makes on the way.
 * Ownership: an exchange is the library's context for its request, made by open, freed by close.
 * Thread rule: the callbacks run on the connection's thread; init, drain, release on the server's
 * owner's.
 * Sources: RFC 9110 sec. 10.2.1, 15.5; RFC 9112 sec. 2.2, 9.6.
 */
#ifndef JT_HTTP_EXCHANGE_H
#define JT_HTTP_EXCHANGE_H

#include "common/http/perthread.h"
#include "common/http/reaper.h"
#include "common/http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the exchanges of a server share. */
struct jt_exchange_set {
    const struct jt_server_conf *conf;
    struct jt_reaper *reaper;
    struct jt_perthread threads;
    atomic_size_t in_flight;
    atomic_bool draining;
    pthread_mutex_t lock; /* guards nothing but the wait for in_flight to become 0 */
    pthread_cond_t idle;
};

/* One of the library's threads, as its callbacks are told. */
struct jt_exchange_lane {
    struct jt_exchange_set *set;
    atomic_bool busy;   /* inside a handler: what is dealt to it has to wait */
    atomic_size_t open; /* its connections */
    atomic_uint begun;  /* requests: whether it turns */
};

/* `reaper` and `conf` are borrowed until release. JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_exchange_init(struct jt_exchange_set *set,
                                         const struct jt_server_conf *conf,
                                         struct jt_reaper *reaper);

/* From here on every answer closes its connection; waits until none is in flight or `ms` passed. */
void jt_exchange_drain(struct jt_exchange_set *set, unsigned ms);

/* After the library's threads have ended. */
void jt_exchange_release(struct jt_exchange_set *set);

/* For MHD_OPTION_URI_LOG_CALLBACK, MHD_start_daemon, MHD_OPTION_NOTIFY_COMPLETED; `cls` is the
 * thread's lane. The connection's socket context is its reaper entry. */
void *jt_exchange_open(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result jt_exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_n, void **context);
void jt_exchange_close(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode how);

#endif
