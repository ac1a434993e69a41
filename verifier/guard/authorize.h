/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoint that proxies ask: one decision about one original request, by the rules and the
 * verifier of the present generation. 200 with identity headers lets it through; 401 and 403 deny
 * it; 503 (or 403, as configured) says that keys are missing. The body is always empty (but for
 * what the library refuses itself), and a body that a proxy announces is never waited for.
 * Ownership: the app is the caller's; a thread's state is made by thread_new and freed by
 * thread_free.
 * Thread rule: handlers on the server's threads, each with its state.
 * Sources: RFC 6750 sec. 3; RFC 9111 sec. 5.2.2.5.
 */
#ifndef JT_GUARD_AUTHORIZE_H
#define JT_GUARD_AUTHORIZE_H

#include "common/base/slots.h"
#include "common/http/server.h"
#include "verifier/guard/generation.h"

#include <stdatomic.h>

/* For struct jt_server_conf: six identity headers of 1 KiB, or a challenge of 8 KiB, and the rest
 * of an answer's head fit behind the largest request. */
#define JT_AUTHORIZE_MEMORY      ((size_t)32 * 1024)
#define JT_AUTHORIZE_ANSWER_ROOM ((size_t)9 * 1024)

/* The statuses that are answered, each with a counter. */
enum jt_authorize_answer {
    JT_AUTHORIZE_200,
    JT_AUTHORIZE_400,
    JT_AUTHORIZE_401,
    JT_AUTHORIZE_403,
    JT_AUTHORIZE_404,
    JT_AUTHORIZE_431,
    JT_AUTHORIZE_503, /* and whatever else there might be */
    JT_AUTHORIZE_ANSWERS
};
extern const int jt_authorize_status[JT_AUTHORIZE_ANSWERS];

/* Of one thread, written by it alone; on cache lines of its own. */
struct jt_authorize_count {
    _Alignas(64) atomic_uint_fast64_t answers[JT_AUTHORIZE_ANSWERS];
};

struct jt_authorize {
    struct jt_slots *generations; /* of struct jt_generation */
    const struct jt_log *log;
    size_t n_threads; /* as many as each generation has workers; at most JT_SERVER_THREADS_MAX */
    atomic_size_t next_thread;
    atomic_int unavailable; /* what 503 is answered with where no generation is at hand; 0: 503 */
    atomic_uint_fast64_t refused[JT_AUTHORIZE_ANSWERS]; /* by jt_authorize_refuse */
    struct jt_authorize_count counts[JT_SERVER_THREADS_MAX];
};

/* With struct jt_authorize as `app`. */
extern const struct jt_route jt_authorize_routes[];
extern const size_t jt_authorize_n_routes;
void *jt_authorize_thread_new(void *app);
void jt_authorize_thread_free(void *state);

/* The server's own refusals, without a body, counted; `app` is the struct jt_authorize. */
void jt_authorize_refuse(void *app, int status, const char *sentence, struct jt_answer *answer);

/* How often `answer` was given, over all threads. Any thread. */
uint64_t jt_authorize_count(const struct jt_authorize *authorize, enum jt_authorize_answer answer);

#endif
