/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a route's function and back. */
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/base/secret.h"
#include "common/json/json.h"
#include "issuer/admin/admin.h"
#include "issuer/admin/admin_metrics.h"
#include "issuer/admin/authority.h"
#include "issuer/admin/health.h"
#include "issuer/admin/problem.h"
#include "issuer/admin/query.h"

#include "common/base/base.h"

static const struct jt_actor socket_actor = {.name = "admin-socket"};

/* --- who asks --- */

/* What the request needs; `looks` when it only asks what would be done. */
static const char *needed(const struct jt_admin_route *route, bool looks)
{
    return looks && route->look_scope != NULL ? route->look_scope : route->scope;
}

/* Does the query say dry_run=true? It is not checked yet: anything unclear needs more rights. */
static bool only_looks(struct jt_span query)
{
    struct jt_form form = {0};
    bool looks = false;
    if (jt_form_parse(query, &form) != JT_OK) {
        return false;
    }
    for (size_t i = 0; i < form.n; i++) {
        looks = looks || (jt_span_is(form.fields[i].name, "dry_run") &&
                          jt_span_is(form.fields[i].value, "true"));
    }
    jt_form_release(&form);
    return looks;
}

static void judge(const struct jt_admin *admin, const struct jt_request *request,
                  struct jt_authority_verdict *out_verdict)
{
    const struct jt_admin_thread *thread = request->thread;
    const struct jt_admin_route *route = request->arg;
    if (!admin->by_token) {
        *out_verdict = (struct jt_authority_verdict){.actor = socket_actor};
        return;
    }
    bool looks = route->look_scope != NULL && only_looks(request->query);
    const struct jt_root *root = jt_issuer_enter(thread->worker);
    jt_authority_judge(thread->pass, root, jt_request_header(request, "Authorization"),
                       needed(route, looks), out_verdict);
    jt_issuer_exit(thread->worker);
}

/* --- the body on its way in --- */

/* What the server calls a request's stream: the route's own, or the body kept whole. It is opened for
 * who may make the request, so that nobody else's body is read. */
struct intake {
    const struct jt_admin_route *route;
    void *state;
    struct jt_buf whole;
    bool lost; /* a piece of it found no memory */
};

static void *open_intake(void *app, const struct jt_request *head)
{
    const struct jt_admin_route *route = head->arg;
    struct jt_authority_verdict verdict;
    judge(app, head, &verdict);
    struct intake *intake = verdict.status == 0 ? calloc(1, sizeof *intake) : NULL;
    if (intake == NULL) {
        return NULL;
    }
    intake->route = route;
    intake->whole.max = JT_ADMIN_MAX_BODY;
    if (route->stream != NULL) {
        intake->state = route->stream->open(app, head);
        if (intake->state == NULL) {
            free(intake);
            return NULL;
        }
    }
    return intake;
}

static bool take_piece(void *state, struct jt_span bytes)
{
    struct intake *intake = state;
    if (intake->route->stream != NULL) {
        return intake->route->stream->take(intake->state, bytes);
    }
    intake->lost = jt_buf_put(&intake->whole, bytes) != JT_OK;
    return !intake->lost;
}

static void close_intake(void *state)
{
    struct intake *intake = state;
    if (intake->route->stream != NULL) {
        intake->route->stream->close(intake->state);
    }
    jt_buf_release(&intake->whole);
    free(intake);
}

static const struct jt_stream stream = {open_intake, take_piece, close_intake};

static enum jt_err read_body(struct jt_admin_call *call, json_t **out_body)
{
    const struct jt_admin_route *route = call->route;
    const struct intake *intake = call->request->stream;
    if (route->body == NULL && route->stream == NULL) {
        return JT_OK;
    }
    if (intake == NULL || intake->lost) {
        return JT_ERR_NOMEM; /* the part that is there may be a whole object, or nothing */
    }
    if (route->stream != NULL) {
        call->stream = intake->state;
        return JT_OK;
    }
    struct jt_span text = jt_buf_span(&intake->whole);
    if (text.n == 0 && route->may_be_empty) {
        *out_body = json_object();
        return *out_body == NULL ? JT_ERR_NOMEM : JT_OK;
    }
    enum jt_err err = jt_json_load_object(text, JT_JSON_DEPTH, out_body);
    return err == JT_OK || err == JT_ERR_NOMEM
               ? err
               : jt_diag_fail(&call->diag, err,
                              "the body is not one JSON object (valid UTF-8, no member twice, at "
                              "most %d levels)",
                              JT_JSON_DEPTH);
}

enum jt_err jt_admin_only(struct jt_admin_call *call, const char *const *names)
{
    json_t *readable = (json_t *)(uintptr_t)call->body; /* jansson reads it only */
    for (void *iter = json_object_iter(readable); iter != NULL;
         iter = json_object_iter_next(readable, iter)) {
        const char *const *name = names;
        while (*name != NULL && !jt_span_is(jt_span_str(json_object_iter_key(iter)), *name)) {
            name++;
        }
        if (*name == NULL) {
            return jt_diag_fail(&call->diag, JT_ERR_INVALID,
                                "%.64s: no such member here; leave it out",
                                json_object_iter_key(iter));
        }
    }
    return JT_OK;
}

/* --- idempotency --- */

static enum jt_err add_hashed(struct jt_buf *text, struct jt_span part)
{
    uint8_t hash[JT_SHA256_LEN];
    JT_TRY(jt_digest_sha256(part, hash));
    return jt_buf_put(text, jt_span_of(hash, sizeof hash));
}

/* What tells one request from another. Each part is hashed first: none can run into the next. */
static enum jt_err hash_request(const struct jt_admin_call *call, uint8_t out[JT_SHA256_LEN])
{
    const struct intake *intake = call->request->stream;
    const struct jt_span parts[] = {jt_span_str(call->request->method), call->request->path,
                                    jt_buf_span(&intake->whole)};
    struct jt_buf text = JT_BUF_INIT(sizeof parts / sizeof *parts * JT_SHA256_LEN);
    enum jt_err err = JT_OK;
    for (size_t i = 0; i < JT_COUNT(parts) && err == JT_OK; i++) {
        err = add_hashed(&text, parts[i]);
    }
    if (err == JT_OK) {
        err = jt_digest_sha256(jt_buf_span(&text), out);
    }
    jt_buf_release(&text);
    return err;
}

/* Runs the function. The store keeps each actor's keys apart. */
static enum jt_err run(struct jt_admin_call *call, struct jt_admin_reply *reply)
{
    uint8_t hash[JT_SHA256_LEN];
    if (call->how.key.n > 0) {
        JT_TRY(hash_request(call, hash));
        call->how.request_hash = jt_span_of(hash, sizeof hash);
    }
    return call->route->run(call, reply);
}

/* --- the answer --- */

static void put_answer(const struct jt_request *request, struct jt_admin_reply *reply,
                       struct jt_answer *answer)
{
    bool get = strcmp(request->method, "POST") != 0 && strcmp(request->method, "PATCH") != 0 &&
               strcmp(request->method, "DELETE") != 0;
    answer->status = reply->status;
    answer->cache_control = "no-store"; /* some answers hold a secret */
    if (reply->version != 0) {
        char tag[JT_QUERY_ETAG_MAX];
        jt_query_etag(reply->version, tag);
        jt_answer_header(answer, "ETag", "%s", tag);
    }
    if (reply->replayed) {
        jt_answer_header(answer, "Idempotency-Replayed", "true");
    }
    if (get && reply->version != 0 && jt_query_none_match(request, reply->version)) {
        answer->status = 304;
        return;
    }
    if (reply->json == NULL) {
        return;
    }
    enum jt_err err = jt_json_dump(reply->json, &answer->body);
    if (err != JT_OK) {
        jt_problem_refuse(answer, err, NULL);
        return;
    }
    answer->content_type = "application/json";
}

static enum jt_err answer_call(struct jt_admin_call *call, struct jt_answer *answer)
{
    struct jt_form form = {0};
    json_t *body = NULL;
    struct jt_admin_reply reply = {.status = call->route->status};
    JT_TRY(jt_query_params(call, &form));
    enum jt_err err = jt_query_headers(call);
    if (err == JT_OK) {
        err = read_body(call, &body);
    }
    if (err == JT_OK) {
        call->body = body;
        err = run(call, &reply);
    }
    if (err == JT_OK) {
        put_answer(call->request, &reply, answer);
    }
    json_decref(reply.json);
    json_decref(body);
    jt_form_release(&form);
    return err;
}

/* The rows that lock, or may: what another call does meanwhile is waited for. */
static bool may_wait(const struct jt_admin_route *route)
{
    return route->waits || strcmp(route->method, "GET") != 0;
}

static enum jt_err answer_in_turn(struct jt_admin *admin, struct jt_admin_call *call,
                                  struct jt_answer *answer)
{
    if (!may_wait(call->route)) {
        return answer_call(call, answer);
    }
    if (!jt_turnstile_enter(&admin->turnstile, jt_issuer_is_cut_off(admin->issuer))) {
        jt_answer_header(answer, "Retry-After", "1");
        return jt_diag_fail(&call->diag, JT_ERR_STORE,
                            "other requests wait for the database; try again, and should it last "
                            "look at the database and the way to it");
    }
    enum jt_err err = answer_call(call, answer);
    jt_turnstile_leave(&admin->turnstile);
    return err;
}

void jt_admin_handle(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    struct jt_admin *admin = app;
    const struct jt_admin_thread *thread = request->thread;
    struct jt_authority_verdict verdict;
    judge(admin, request, &verdict);
    if (verdict.status != 0) {
        char peer[JT_REQUEST_PEER];
        jt_log(admin->issuer->log, JT_EV_ADMIN_REFUSE, jt_log_str("why", verdict.code),
               jt_log_str("operation", ((const struct jt_admin_route *)request->arg)->operation),
               jt_log_own("peer", jt_request_peer(request, peer)));
        jt_authority_refuse(&verdict, answer);
        return;
    }
    struct jt_admin_call call = {.issuer = admin->issuer,
                                 .worker = thread->worker,
                                 .request = request,
                                 .route = request->arg,
                                 .actor = &verdict.actor,
                                 .how = {.actor = &verdict.actor},
                                 .diag = JT_DIAG_INIT};
    enum jt_err err = answer_in_turn(admin, &call, answer);
    if (err != JT_OK) {
        jt_problem_refuse(answer, err, &call.diag);
    }
}

/* --- for the server --- */

void jt_admin_routes_make(struct jt_admin *admin)
{
    static const struct jt_route open_to_all[] = {
        {.method = "GET", .path = "/livez", .handler = jt_health_live},
        {.method = "GET", .path = "/readyz", .handler = jt_health_ready},
        {.method = "GET", .path = "/metrics", .handler = jt_admin_metrics_get},
    };
    admin->n_routes = 0;
    for (size_t i = 0; i < JT_COUNT(open_to_all); i++) {
        admin->routes[admin->n_routes++] = open_to_all[i];
    }
    for (size_t i = 0; i < jt_admin_n_table && admin->n_routes < JT_ADMIN_MAX_ROUTES; i++) {
        const struct jt_admin_route *route = &jt_admin_table[i];
        bool has_body = route->body != NULL || route->stream != NULL;
        size_t max = route->stream != NULL ? route->max_body : JT_ADMIN_MAX_BODY;
        admin->routes[admin->n_routes++] = (struct jt_route){.method = route->method,
                                                             .path = route->path,
                                                             .handler = jt_admin_handle,
                                                             .max_body = has_body ? max : 0,
                                                             .arg = route,
                                                             .stream = has_body ? &stream : NULL};
    }
}

void *jt_admin_thread_new(void *app)
{
    const struct jt_admin *admin = app;
    struct jt_admin_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL) {
        return NULL;
    }
    enum jt_err err = jt_issuer_worker_new(admin->issuer, &thread->worker);
    if (err == JT_OK && admin->by_token) {
        err = jt_authority_pass_new(admin->issuer->clock, &thread->pass);
    }
    if (err != JT_OK) {
        jt_admin_thread_free(thread);
        return NULL;
    }
    return thread;
}

void jt_admin_thread_free(void *state)
{
    struct jt_admin_thread *thread = state;
    jt_authority_pass_free(thread->pass);
    jt_issuer_worker_free(thread->worker);
    free(thread);
}
