/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/http/answer.h"
#include "common/http/door.h"
#include "common/http/form.h"
#include "common/http/intake.h"
#include "common/http/peer.h"
#include "common/http/route.h"

#include "common/base/base.h"

#define ANSWER_HEAD 384 /* bytes: the head of a refusal */
#define ALLOW_MAX   128

struct exchange {
    struct jt_exchange_set *set;
    struct jt_exchange_lane *lane;
    struct jt_reaper_entry *entry;
    struct jt_route_match match;
    struct jt_span path, query;
    struct jt_intake body;
    bool begun, chunked;
    bool unread;       /* a body was announced and is left where it is */
    uint8_t *segments; /* room for the decoded segments, behind the target */
    char target[];     /* as sent; the library's own copy is overwritten by its parser */
};

enum jt_err jt_exchange_init(struct jt_exchange_set *set, const struct jt_server_conf *conf,
                             struct jt_reaper *reaper)
{
    *set = (struct jt_exchange_set){.conf = conf, .reaper = reaper};
    atomic_init(&set->in_flight, 0);
    atomic_init(&set->draining, false);
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return JT_ERR_NOMEM;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC); /* a clock it knows */
    int failed = pthread_cond_init(&set->idle, &monotonic);
    (void)pthread_condattr_destroy(&monotonic); /* was initialised */
    if (failed == 0 && pthread_mutex_init(&set->lock, NULL) == 0) {
        if (jt_perthread_init(&set->threads, conf) == JT_OK) {
            return JT_OK;
        }
        (void)pthread_mutex_destroy(&set->lock); /* not locked */
    }
    if (failed == 0) {
        (void)pthread_cond_destroy(&set->idle); /* nobody waits */
    }
    return JT_ERR_NOMEM;
}

void jt_exchange_drain(struct jt_exchange_set *set, unsigned ms)
{
    struct timespec until = jt_clock_in_ms(ms);
    atomic_store(&set->draining, true);
    (void)pthread_mutex_lock(&set->lock); /* a plain mutex, never recursive: cannot fail */
    int waited = 0;
    while (waited == 0 && atomic_load(&set->in_flight) > 0) {
        waited = pthread_cond_timedwait(&set->idle, &set->lock, &until);
    }
    (void)pthread_mutex_unlock(&set->lock);
}

void jt_exchange_release(struct jt_exchange_set *set)
{
    jt_perthread_release(&set->threads);
    (void)pthread_mutex_destroy(&set->lock); /* not locked */
    (void)pthread_cond_destroy(&set->idle);  /* nobody waits */
}

void *jt_exchange_open(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct jt_exchange_lane *lane = cls;
    struct jt_exchange_set *set = lane->set;
    size_t n = target == NULL ? 0 : strlen(target);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    /* without an entry: it was refused, and what it had sent before is read all the same */
    struct exchange *ex = info->socket_context == NULL ? NULL : malloc(sizeof *ex + n + 1 + n);
    if (ex == NULL) {
        return NULL; /* the first step closes the connection */
    }
    *ex = (struct exchange){.set = set, .lane = lane, .entry = info->socket_context};
    if (n > 0) {
        memcpy(ex->target, target, n);
    }
    ex->target[n] = 0;
    ex->segments = (uint8_t *)ex->target + n + 1;
    (void)atomic_fetch_add(&set->in_flight, 1);
    (void)atomic_fetch_add_explicit(&lane->begun, 1, memory_order_relaxed);
    jt_reaper_request(set->reaper, ex->entry);
    return ex;
}

void jt_exchange_close(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode how)
{
    (void)connection;
    (void)how; /* an answer that did not arrive is the client's to notice */
    struct jt_exchange_lane *lane = cls;
    struct jt_exchange_set *set = lane->set;
    struct exchange *ex = *context;
    if (ex == NULL) {
        return;
    }
    jt_reaper_await(set->reaper, ex->entry);
    jt_intake_release(&ex->body);
    free(ex);
    *context = NULL;
    if (atomic_fetch_sub(&set->in_flight, 1) == 1 && atomic_load(&set->draining)) {
        (void)pthread_mutex_lock(&set->lock);
        (void)pthread_cond_signal(&set->idle);
        (void)pthread_mutex_unlock(&set->lock);
    }
}

struct jt_span jt_request_header(const struct jt_request *request, const char *name)
{
    const char *text = NULL;
    size_t n = 0;
    if (MHD_lookup_connection_value_n(request->connection, MHD_HEADER_KIND, name, strlen(name),
                                      &text, &n) != MHD_YES) {
        return JT_SPAN_NONE;
    }
    /* RFC 9112 sec. 5.1: white space around a value is no part of it; the library leaves the
     * trailing one */
    return jt_span_trim(jt_span_of(text, n));
}

struct each {
    void (*call)(void *ctx, struct jt_span name, struct jt_span value);
    void *ctx;
};

static enum MHD_Result call_each(void *cls, enum MHD_ValueKind kind, const char *name,
                                 size_t name_n, const char *value, size_t value_n)
{
    (void)kind; /* only header lines are asked for */
    const struct each *each = cls;
    each->call(each->ctx, jt_span_of(name, name_n), jt_span_trim(jt_span_of(value, value_n)));
    return MHD_YES;
}

void jt_request_each_header(const struct jt_request *request,
                            void (*each)(void *ctx, struct jt_span name, struct jt_span value),
                            void *ctx)
{
    struct each all = {each, ctx};
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, call_each,
                                      &all); /* a count */
}

static enum MHD_Result send_answer(struct exchange *ex, struct MHD_Connection *connection,
                                   struct jt_answer *answer)
{
    /* What follows a chunked body on its connection is not trusted: the library takes chunk lines
     * more freely than RFC 9112 sec. 7.1 allows. */
    answer->close = answer->close || ex->chunked || ex->unread ||
                    jt_reaper_is_old(ex->set->reaper, ex->entry) || atomic_load(&ex->set->draining);
    if (!jt_answer_queue(connection, answer)) {
        jt_log(ex->set->conf->log, JT_EV_HTTP_LIBRARY,
               jt_log_str("text", "an answer could not be made; its connection is closed"));
        return MHD_NO;
    }
    return MHD_YES;
}

/* An answer of the server's own. `close`: the rest of what was sent cannot be or is not to be read.
 */
static enum MHD_Result refuse(struct exchange *ex, struct MHD_Connection *connection, int status,
                              const char *sentence, bool close)
{
    const struct jt_server_conf *conf = ex->set->conf;
    JT_UNCLEARED struct jt_answer answer;
    jt_answer_init(&answer);
    answer.status = status;
    conf->refusal(conf->app, status, sentence, &answer);
    answer.close = answer.close || close;
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        /* RFC 9110 sec. 15.5.6: a 405 says which methods there are */
        char allow[ALLOW_MAX];
        jt_route_allow(conf->routes, conf->n_routes, ex->path, allow, sizeof allow);
        jt_answer_header(&answer, MHD_HTTP_HEADER_ALLOW, "%s", allow);
    }
    char peer[JT_PEERS_TEXT];
    jt_log(conf->log, JT_EV_HTTP_REFUSE, jt_log_int("status", status), jt_log_str("why", sentence),
           jt_log_peer("path", ex->path), jt_log_own("peer", jt_peer_text(conf, connection, peer)));
    return send_answer(ex, connection, &answer);
}

static enum MHD_Result refuse_route(struct exchange *ex, struct MHD_Connection *connection,
                                    bool close)
{
    if (ex->match.path_known) {
        return refuse(ex, connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                      "this path does not take this method; Allow names those it takes", close);
    }
    return refuse(ex, connection, MHD_HTTP_NOT_FOUND, "there is nothing at this path", close);
}

static enum MHD_Result refuse_size(struct exchange *ex, struct MHD_Connection *connection)
{
    char sentence[96];
    (void)snprintf(sentence, sizeof sentence, "the body is larger than the %zu bytes taken here",
                   ex->match.route->max_body);
    return refuse(ex, connection, MHD_HTTP_CONTENT_TOO_LARGE, sentence, true);
}

/* Where the head has left the library no memory for that of an answer, it closes without one: this one
 * is written past it, unless TLS stands between. Answers before it have gone out. */
static enum MHD_Result refuse_head(struct exchange *ex, struct MHD_Connection *connection)
{
    static const char past[] = "HTTP/1.1 431 Request Header Fields Too Large\r\n"
                               "Connection: close\r\nCache-Control: no-store\r\n"
                               "Content-Length: 0\r\n\r\n";
    static const char why[] = "the head is too large";
    const struct jt_server_conf *conf = ex->set->conf;
    if (conf->tls != NULL || jt_door_leaves(connection, conf->memory, ANSWER_HEAD)) {
        return refuse(ex, connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, why, true);
    }
    char peer[JT_PEERS_TEXT];
    jt_log(conf->log, JT_EV_HTTP_REFUSE,
           jt_log_int("status", MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE), jt_log_str("why", why),
           jt_log_own("peer", jt_peer_text(conf, connection, peer)));
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    (void)send(fd, past, sizeof past - 1, MSG_DONTWAIT | MSG_NOSIGNAL); /* or closed without */
    return MHD_NO;
}

static void split_target(struct exchange *ex)
{
    struct jt_span target = jt_span_str(ex->target);
    const uint8_t *mark = memchr(target.p, '?', target.n);
    ex->path = target;
    if (mark != NULL) {
        ex->path.n = (size_t)(mark - target.p);
        ex->query = jt_span_of(mark + 1, target.n - ex->path.n - 1);
    }
}

/* The announced length: the library has made sure that it is digits. */
static size_t announced(const struct jt_request *head)
{
    struct jt_span text = jt_request_header(head, MHD_HTTP_HEADER_CONTENT_LENGTH);
    size_t length = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (length > SIZE_MAX / 16) {
            return SIZE_MAX;
        }
        length = length * 10 + (size_t)(text.p[i] - '0');
    }
    return length;
}

static enum MHD_Result finish(struct exchange *ex, struct MHD_Connection *connection,
                              const char *method);
static enum MHD_Result open_stream(struct exchange *ex, struct MHD_Connection *connection,
                                   const char *method);

/* The head is there, nothing of the body: what is refused here closes the connection unread. */
static enum MHD_Result begin(struct exchange *ex, struct MHD_Connection *connection,
                             const char *method, const char *version)
{
    const struct jt_server_conf *conf = ex->set->conf;
    const char *why = NULL;
    if (jt_door_check(connection, method, ex->target, version, &why) != JT_OK) {
        return refuse(ex, connection, MHD_HTTP_BAD_REQUEST, why, true);
    }
    if (conf->answer_room > 0 && !jt_door_leaves(connection, conf->memory, conf->answer_room)) {
        return refuse_head(ex, connection);
    }
    split_target(ex);
    jt_route_find(conf->routes, conf->n_routes, method, ex->path, &ex->match);
    const struct jt_request head = {.connection = connection};
    size_t length = announced(&head);
    ex->chunked = jt_request_header(&head, MHD_HTTP_HEADER_TRANSFER_ENCODING).p != NULL;
    if (ex->match.route == NULL) {
        /* without a body the connection can be kept: answered when the request is whole */
        return length > 0 || ex->chunked ? refuse_route(ex, connection, true) : MHD_YES;
    }
    if (ex->match.route->max_body == JT_ROUTE_AT_HEAD) {
        ex->unread = length > 0 || ex->chunked;
        return ex->unread ? finish(ex, connection, method) : MHD_YES;
    }
    if (length > ex->match.route->max_body) {
        return refuse_size(ex, connection);
    }
    if (jt_intake_begin(&ex->body, ex->match.route, length) != JT_OK) {
        return MHD_NO;
    }
    return ex->body.stream == NULL ? MHD_YES : open_stream(ex, connection, method);
}

static enum MHD_Result collect(struct exchange *ex, struct jt_span data)
{
    if (ex->body.stream != NULL) {
        jt_reaper_progress(ex->set->reaper, ex->entry);
    }
    return jt_intake_take(&ex->body, data) ? MHD_YES : MHD_NO;
}

static enum jt_err decode_segments(struct exchange *ex, struct jt_request *request)
{
    uint8_t *at = ex->segments;
    for (size_t i = 0; i < ex->match.n_segments; i++) {
        size_t n = 0;
        JT_TRY(jt_form_decode_segment(ex->match.segments[i], at, &n));
        request->segments[i] = jt_span_of(at, n);
        at += n;
    }
    request->n_segments = ex->match.n_segments;
    return JT_OK;
}

/* The request without its body. 0, or the status and the sentence of why it cannot be handed on. */
static int make_request(struct exchange *ex, struct MHD_Connection *connection, const char *method,
                        struct jt_request *out_request, const char **out_why)
{
    *out_request = (struct jt_request){
        .method = method,
        .path = ex->path,
        .query = ex->query,
        .arg = ex->match.route->arg,
        .connection = connection,
        .server = ex->set->conf,
    };
    if (!jt_perthread_get(&ex->set->threads, &out_request->thread)) {
        *out_why = "the server is short of memory; try again";
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (decode_segments(ex, out_request) != JT_OK) {
        *out_why = "a path segment that is not percent-encoded UTF-8";
        return MHD_HTTP_BAD_REQUEST;
    }
    return 0;
}

/* At the head: a body that is not wanted is left where it is. */
static enum MHD_Result open_stream(struct exchange *ex, struct MHD_Connection *connection,
                                   const char *method)
{
    struct jt_request head;
    const char *why = NULL;
    int refused = make_request(ex, connection, method, &head, &why);
    if (refused != 0) {
        return refuse(ex, connection, refused, why, true);
    }
    if (jt_intake_open(&ex->body, ex->set->conf->app, &head)) {
        return MHD_YES;
    }
    ex->unread = true;
    return finish(ex, connection, method);
}

static enum MHD_Result dispatch(struct exchange *ex, struct MHD_Connection *connection,
                                const char *method)
{
    struct jt_request request;
    const char *why = NULL;
    int refused = make_request(ex, connection, method, &request, &why);
    if (refused != 0) {
        return refuse(ex, connection, refused, why, refused == MHD_HTTP_SERVICE_UNAVAILABLE);
    }
    request.body = jt_buf_span(&ex->body.whole);
    request.stream = ex->body.state;
    JT_UNCLEARED struct jt_answer answer;
    jt_answer_init(&answer);
    atomic_store_explicit(&ex->lane->busy, true, memory_order_relaxed);
    ex->match.route->handler(ex->set->conf->app, &request, &answer);
    atomic_store_explicit(&ex->lane->busy, false, memory_order_relaxed);
    return send_answer(ex, connection, &answer);
}

static enum MHD_Result answer_whole(struct exchange *ex, struct MHD_Connection *connection,
                                    const char *method)
{
    if (ex->match.route == NULL) {
        return refuse_route(ex, connection, false);
    }
    if (ex->body.too_large) {
        return refuse_size(ex, connection);
    }
    return dispatch(ex, connection, method);
}

static enum MHD_Result finish(struct exchange *ex, struct MHD_Connection *connection,
                              const char *method)
{
    jt_reaper_hold(ex->entry); /* how long the handler takes is not the client's doing */
    enum MHD_Result result = answer_whole(ex, connection, method);
    jt_reaper_answer(ex->set->reaper, ex->entry);
    return result;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the library's */
enum MHD_Result jt_exchange_step(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_n, void **context)
{
    (void)cls; /* the exchange knows its set */
    (void)url; /* without its query; the exchange has the whole target */
    struct exchange *ex = *context;
    if (ex == NULL) {
        return MHD_NO; /* out of memory when it was to be made */
    }
    if (!ex->begun) {
        ex->begun = true;
        return begin(ex, connection, method, version);
    }
    if (*data_n == 0) {
        return finish(ex, connection, method);
    }
    struct jt_span part = jt_span_of(data, *data_n);
    *data_n = 0;
    return collect(ex, part);
}
