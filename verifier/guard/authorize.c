/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/guard/authorize.h"

#include <stdio.h>
#include <stdlib.h>

#include "verifier/guard/identity.h"

#include "common/base/base.h"

#define PREFIX     "/authorize/prefix"
#define HEADER_MAX (JT_AUTHORIZE_MEMORY - JT_AUTHORIZE_ANSWER_ROOM) /* of Authorization */

const int jt_authorize_status[JT_AUTHORIZE_ANSWERS] = {
    [JT_AUTHORIZE_200] = 200, [JT_AUTHORIZE_400] = 400, [JT_AUTHORIZE_401] = 401,
    [JT_AUTHORIZE_403] = 403, [JT_AUTHORIZE_404] = 404, [JT_AUTHORIZE_431] = 431,
    [JT_AUTHORIZE_503] = 503,
};

/* The original request, for the log: as read, or as told when it could not be read. */
struct asked {
    struct jt_span method, host, path;
};

/* What a thread needs for the request that it answers. */
struct thread {
    struct jt_authorize *app;
    size_t index;
    struct jt_slot *slot;
    struct jt_forward request;
    struct asked asked;
    struct jt_identity identity;
    struct jt_answer_line challenge_line;
    char challenge[JT_RULES_CHALLENGE_MAX + 1];
    char authorization[HEADER_MAX + 1];
};

/* The header lines that count, gathered in one pass. */
struct gathered {
    struct jt_forward_told told;
    struct jt_span authorization;
};

/* --- answers --- */

static size_t place_of(int status)
{
    size_t i = 0;
    while (i < JT_AUTHORIZE_503 && jt_authorize_status[i] != status) {
        i++;
    }
    return i;
}

static void answer_with(struct thread *thread, int status, struct jt_answer *answer)
{
    atomic_uint_fast64_t *count = &thread->app->counts[thread->index].answers[place_of(status)];
    /* written by this thread alone: no need to lock the line */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    answer->status = status;
    answer->cache_control = "no-store"; /* RFC 9111 sec. 5.2.2.5: a decision is for one request */
}

static void allow(struct thread *thread, struct jt_answer *answer)
{
    answer->lines = thread->identity.lines;
    answer->n_lines = JT_IDENTITY_LINES;
    answer_with(thread, 200, answer);
}

static void deny(struct thread *thread, int status, const char *why, struct jt_span client,
                 struct jt_answer *answer)
{
    const struct asked *asked = &thread->asked;
    jt_log(thread->app->log, JT_EV_GUARD_DENY, jt_log_int("status", status), jt_log_str("why", why),
           jt_log_peer("method", asked->method), jt_log_peer("host", asked->host),
           jt_log_peer("path", asked->path), jt_log_peer("client", client));
    answer_with(thread, status, answer);
}

static void challenge(struct thread *thread, jeton_status status,
                      const struct jeton_require *require, struct jt_answer *answer)
{
    if (jeton_www_authenticate(status, require, thread->challenge, sizeof thread->challenge) > 0 &&
        thread->challenge[0] != 0) {
        thread->challenge_line = (struct jt_answer_line){"WWW-Authenticate", thread->challenge};
        answer->lines = &thread->challenge_line;
        answer->n_lines = 1;
    }
}

/* --- the decision --- */

/* The value of Authorization as a string; NULL when there is none. */
static const char *authorization_of(struct thread *thread, struct jt_span value)
{
    if (value.p == NULL || value.n > HEADER_MAX) {
        return NULL; /* longer than a head may be: cannot come here */
    }
    memcpy(thread->authorization, value.p, value.n);
    thread->authorization[value.n] = 0;
    return thread->authorization;
}

static jeton_status verify(struct thread *thread, const struct jt_generation *generation,
                           const struct jt_rule *rule, struct jt_span authorization,
                           struct jeton_result *result)
{
    jeton_worker *worker = generation->workers[thread->index];
    jeton_status status = jeton_verify_header(worker, authorization_of(thread, authorization),
                                              &rule->require, result);
    bool other = rule->issuer != JT_RULES_ANY_ISSUER && result->policy != rule->issuer &&
                 result->policy < generation->conf.issuers.n;
    /* what another issuer's token lacks is nothing to tell, and neither that its keys are missing:
     * such a token need not even be signed */
    return other && jeton_status_class(status) != 401 ? JETON_WRONG_ISSUER : status;
}

static void ask_for_token(struct thread *thread, const struct jt_generation *generation,
                          const struct jt_rule *rule, struct jt_span authorization,
                          struct jt_answer *answer)
{
    struct jeton_result result = JETON_INIT(jeton_result);
    jeton_status status = verify(thread, generation, rule, authorization, &result);
    int class = jeton_status_class(status);
    if (class >= 500) {
        deny(thread, jt_guardconf_unavailable(&generation->conf), jeton_status_name(status),
             JT_SPAN_NONE, answer);
        return;
    }
    const char *header = NULL;
    if (jt_identity_fill(&thread->identity, &result, &header) != JT_OK && status == JETON_OK) {
        char why[96];
        (void)snprintf(why, sizeof why, "a claim cannot be sent as %s", header); /* fits */
        deny(thread, 403, why, jt_span_of(result.client_id.p, result.client_id.n), answer);
        return;
    }
    if (status != JETON_OK) {
        challenge(thread, status, &rule->require, answer);
        deny(thread, class, jeton_status_name(status),
             jt_span_str(thread->identity.values[JT_IDENTITY_CLIENT]), answer);
        return;
    }
    jt_log(thread->app->log, JT_EV_GUARD_ALLOW,
           jt_log_peer("client", jt_span_str(thread->identity.values[JT_IDENTITY_CLIENT])),
           jt_log_peer("jti", jt_span_of(result.token_id.p, result.token_id.n)),
           jt_log_peer("path", thread->asked.path));
    allow(thread, answer);
}

static void refuse_request(struct thread *thread, const struct jt_forward_fault *fault,
                           struct jt_answer *answer)
{
    if (fault->fix == NULL) {
        deny(thread, 403, fault->why, JT_SPAN_NONE, answer);
        return;
    }
    jt_log(thread->app->log, JT_EV_GUARD_PROXY, jt_log_str("why", fault->why),
           jt_log_str("fix", fault->fix), jt_log_peer("method", thread->asked.method),
           jt_log_peer("host", thread->asked.host), jt_log_peer("path", thread->asked.path));
    answer_with(thread, 403, answer);
}

/* What the proxy told, without the query: it may hold what no log is for. */
static struct asked asked_as_told(const struct jt_forward_told *told)
{
    struct asked asked = {told->part[JT_FORWARD_METHOD], told->part[JT_FORWARD_HOST],
                          told->part[JT_FORWARD_TARGET]};
    const uint8_t *mark = asked.path.n == 0 ? NULL : memchr(asked.path.p, '?', asked.path.n);
    asked.path.n = mark == NULL ? asked.path.n : (size_t)(mark - asked.path.p);
    return asked;
}

static struct asked asked_as_read(const struct jt_forward *request)
{
    return (struct asked){request->method, jt_span_of(request->host, request->host_n),
                          jt_span_of(request->path, request->path_n)};
}

static void decide(struct thread *thread, const struct jt_generation *generation,
                   const struct gathered *from, struct jt_answer *answer)
{
    struct jt_forward_fault fault;
    jt_identity_clear(&thread->identity);
    thread->asked = asked_as_told(&from->told);
    if (jt_forward_read(&from->told, &thread->request, &fault) != JT_OK) {
        refuse_request(thread, &fault, answer);
        return;
    }
    thread->asked = asked_as_read(&thread->request);
    const struct jt_rule *rule = jt_rules_find(&generation->rules, &thread->request);
    if (rule == NULL) {
        deny(thread, 403, "no rule", JT_SPAN_NONE, answer);
        return;
    }
    if (rule->conf->is_public) {
        allow(thread, answer);
        return;
    }
    ask_for_token(thread, generation, rule, from->authorization, answer);
}

/* --- the endpoints --- */

static void gather(void *ctx, struct jt_span name, struct jt_span value)
{
    struct gathered *gathered = ctx;
    if (jt_span_eq_nocase(name, JT_SPAN("Authorization"))) {
        gathered->authorization = value; /* the front door lets one pass */
        return;
    }
    jt_forward_line(&gathered->told, name, value);
}

static void handle(const struct jt_request *request, struct gathered *gathered,
                   struct jt_answer *answer)
{
    struct thread *thread = request->thread;
    jt_request_each_header(request, gather, gathered);
    const struct jt_generation *generation = jt_slots_enter(thread->slot);
    decide(thread, generation, gathered, answer);
    jt_slots_exit(thread->slot);
}

static void on_original(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the thread's state has it */
    struct gathered gathered = {.told = {.source = JT_FORWARD_ORIGINAL}};
    handle(request, &gathered, answer);
}

static void on_forwarded(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the thread's state has it */
    struct gathered gathered = {.told = {.source = JT_FORWARD_FORWARDED}};
    handle(request, &gathered, answer);
}

static void on_prefix(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app; /* the thread's state has it */
    struct gathered gathered = {.told = {.source = JT_FORWARD_REQUEST}};
    struct jt_forward_told *told = &gathered.told;
    told->part[JT_FORWARD_METHOD] = jt_span_str(request->method);
    told->part[JT_FORWARD_TARGET] =
        jt_span_of(request->path.p + sizeof PREFIX - 1, request->path.n - (sizeof PREFIX - 1));
    told->times[JT_FORWARD_METHOD] = told->times[JT_FORWARD_TARGET] = 1;
    handle(request, &gathered, answer);
}

const struct jt_route jt_authorize_routes[] = {
    {.method = "*",
     .path = "/authorize/original",
     .handler = on_original,
     .max_body = JT_ROUTE_AT_HEAD},
    {.method = "*",
     .path = "/authorize/forwarded",
     .handler = on_forwarded,
     .max_body = JT_ROUTE_AT_HEAD},
    {.method = "*", .path = PREFIX "/{*}", .handler = on_prefix, .max_body = JT_ROUTE_AT_HEAD},
};
const size_t jt_authorize_n_routes = JT_COUNT(jt_authorize_routes);

void jt_authorize_refuse(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)sentence; /* is logged; proxies pass on what stands in a body */
    struct jt_authorize *authorize = app;
    bool unavailable = status == 503 && atomic_load(&authorize->unavailable) != 0;
    answer->status = unavailable ? atomic_load(&authorize->unavailable) : status;
    /* of any thread, also one that has no state */
    atomic_fetch_add_explicit(&authorize->refused[place_of(answer->status)], 1,
                              memory_order_relaxed);
    answer->cache_control = "no-store";
}

/* --- threads --- */

void *jt_authorize_thread_new(void *app)
{
    struct jt_authorize *authorize = app;
    struct thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL || jt_slots_join(authorize->generations, &thread->slot) != JT_OK) {
        free(thread);
        return NULL;
    }
    thread->app = authorize;
    thread->index = atomic_fetch_add(&authorize->next_thread, 1);
    if (thread->index >= authorize->n_threads) {
        jt_authorize_thread_free(thread);
        return NULL; /* more threads than the server was told to have */
    }
    return thread;
}

void jt_authorize_thread_free(void *state)
{
    struct thread *thread = state;
    if (thread != NULL) {
        jt_slots_leave(thread->app->generations, thread->slot);
        free(thread);
    }
}

uint64_t jt_authorize_count(const struct jt_authorize *authorize, enum jt_authorize_answer answer)
{
    uint64_t sum = atomic_load_explicit(&authorize->refused[answer], memory_order_relaxed);
    for (size_t i = 0; i < authorize->n_threads; i++) {
        sum += atomic_load_explicit(&authorize->counts[i].answers[answer], memory_order_relaxed);
    }
    return sum;
}
