/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that each of a server's threads has for its handlers: made on its first request, freed
 * when it ends.
 * Ownership: in place; `conf` is borrowed until release.
 * Thread rule: init and release by one thread, release when the server's threads have ended; get by
 * any of those.
 */
#ifndef JT_HTTP_PERTHREAD_H
#define JT_HTTP_PERTHREAD_H

#include "common/http/server.h"

#include <pthread.h>

struct jt_perthread {
    const struct jt_server_conf *conf;
    pthread_key_t key;
};

/* JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_perthread_init(struct jt_perthread *threads,
                                          const struct jt_server_conf *conf);
void jt_perthread_release(struct jt_perthread *threads);

/* The calling thread's; NULL when the server has no thread_new. False when it cannot be made. */
bool jt_perthread_get(struct jt_perthread *threads, void **out_state);

#endif
