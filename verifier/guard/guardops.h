/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener for operators: /livez (the process answers), /readyz (each issuer has keys; else 503
 * naming those that have none) and /metrics (Prometheus text). Apart from the endpoint that proxies
 * ask, so that no client's path can reach it.
 * Ownership: the app is the caller's; a thread's state is made by thread_new and freed by
 * thread_free.
 * Thread rule: handlers on the server's threads.
 */
#ifndef JT_GUARD_GUARDOPS_H
#define JT_GUARD_GUARDOPS_H

#include "verifier/guard/authorize.h"

struct jt_guardops {
    struct jt_slots *generations;
    const struct jt_authorize *authorize;
    const char *version;
    atomic_uint_fast64_t reloads[2]; /* refused, done */
};

/* With struct jt_guardops as `app`. */
extern const struct jt_route jt_guardops_routes[];
extern const size_t jt_guardops_n_routes;
void *jt_guardops_thread_new(void *app);
void jt_guardops_thread_free(void *state);

/* The server's own refusals, without a body. */
void jt_guardops_refuse(void *app, int status, const char *sentence, struct jt_answer *answer);

#endif
