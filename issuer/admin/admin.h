/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin API (docs/admin-api.md): one table of routes, from which come dispatch, the scopes that
 * each route needs, and the OpenAPI document. One handler of common/http/server.h serves them all: it
 * finds out who asks, checks his scopes, the query, the headers and the body, and calls the route's
 * function; what that gives or refuses becomes the answer.
 * Ownership: as server.h says; a call is borrowed by the route's function, a reply's json is taken
 * from it.
 * Thread rule: the admin servers' threads, which may block on the store.
 * Sources: RFC 9457 (problem documents), RFC 9110 sec. 8.8.3, 13.1 (entity tags).
 */
#ifndef JT_ADMIN_ADMIN_H
#define JT_ADMIN_ADMIN_H

#include "common/http/crowd.h"
#include "common/http/server.h"
#include "issuer/actor.h"
#include "issuer/admin/turnstile.h"
#include "issuer/edit.h"
#include "issuer/issuer.h"

#include <jansson.h>

#define JT_ADMIN_PREFIX     "/admin/v1"
#define JT_ADMIN_MAX_BODY   (1024 * 1024)
#define JT_ADMIN_MAX_PARAMS 10
#define JT_ADMIN_MAX_ROUTES 64

/* What the admin servers' `app` is. */
struct jt_admin {
    struct jt_issuer *issuer;
    const struct jt_crowd_tally *tally; /* of the public listener, for /metrics; NULL: none */
    bool by_token;                      /* else who can open the listener may do everything */
    struct jt_route routes[JT_ADMIN_MAX_ROUTES];
    size_t n_routes;
    struct jt_turnstile turnstile; /* to what may wait for the database */
};

/* What each thread of an admin server has. */
struct jt_admin_thread {
    struct jt_issuer_worker *worker;
    struct jt_authority_pass *pass; /* NULL unless by_token */
};

/* A query parameter. The value is checked before the route's function is called. */
enum jt_admin_type { JT_ADMIN_TEXT, JT_ADMIN_INT, JT_ADMIN_BOOL, JT_ADMIN_CHOICE };
struct jt_admin_param {
    const char *name;
    enum jt_admin_type type;
    int64_t min, max;    /* of JT_ADMIN_INT; of JT_ADMIN_TEXT max is bytes, 0: 512 */
    const char *choices; /* of JT_ADMIN_CHOICE: "a b c" */
    bool required;
    const char *help;
};

/* One request on its way to a route's function. */
struct jt_admin_call {
    struct jt_issuer *issuer;
    struct jt_issuer_worker *worker; /* for the root of this thread */
    const struct jt_request *request;
    const struct jt_admin_route *route;
    const struct jt_actor *actor;
    const json_t *body;                         /* an object; NULL when the route takes none */
    void *stream;                               /* what the route's own stream gave; else NULL */
    struct jt_span params[JT_ADMIN_MAX_PARAMS]; /* as in route->params; p NULL: absent */
    struct jt_edit_how how;
    struct jt_diag diag;
};

struct jt_admin_reply {
    int status;      /* starts as the route's */
    json_t *json;    /* taken; NULL: no body */
    int64_t version; /* not 0: the answer's entity tag */
    bool replayed;   /* of an earlier request with this Idempotency-Key */
};

/* On anything but JT_OK the reply is not looked at, and the answer is a problem document with the
 * sentence in call->diag: its member is what stands before the first ": ". */
typedef enum jt_err (*jt_admin_fn)(struct jt_admin_call *call, struct jt_admin_reply *reply);

struct jt_admin_route {
    const char *method, *path; /* {name} is a segment */
    jt_admin_fn run;
    const char *scope;      /* needed of a token, all of these, separated by spaces; "": none */
    const char *look_scope; /* instead of it when the parameter `dry_run` is true; NULL: the same */
    enum jt_store_kind kind;
    const struct jt_admin_param *params; /* ends with a name of NULL; NULL: none */
    const char *body;  /* schema of the request's body (openapi.h); NULL: it has none */
    bool may_be_empty; /* the body; an empty one is {} */
    bool if_match;     /* takes If-Match */
    bool key;          /* takes Idempotency-Key */
    bool waits;        /* a GET that takes the issuer's write lock; every other method may */
    bool etag;         /* answers with an entity tag; GET takes If-None-Match */
    const struct jt_stream *stream; /* takes the body piece by piece; NULL: one JSON object */
    size_t max_body;                /* of the stream */
    const char *body_type;          /* of the stream: its media type */
    int status;
    const char *answer; /* schema of the answer's body; NULL: it has none */
    const char *operation, *summary;
};

/* The table. */
extern const struct jt_admin_route jt_admin_table[];
extern const size_t jt_admin_n_table;

/* Fills admin->routes from the table. */
void jt_admin_routes_make(struct jt_admin *admin);

/* The only handler of the table's routes. */
void jt_admin_handle(void *app, const struct jt_request *request, struct jt_answer *answer);

/* For struct jt_server_conf. */
void *jt_admin_thread_new(void *app);
void jt_admin_thread_free(void *state);

/* --- for the routes' functions --- */

/* Is each member of the call's body one of `names` (NULL-ended)? JT_ERR_INVALID. */
JT_MUST_USE enum jt_err jt_admin_only(struct jt_admin_call *call, const char *const *names);

/* The parameter at `at` as a number or a truth, `otherwise` when absent: it has been checked. */
int64_t jt_admin_int(const struct jt_admin_call *call, size_t at, int64_t otherwise);
bool jt_admin_true(const struct jt_admin_call *call, size_t at);

#endif
