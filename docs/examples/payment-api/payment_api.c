/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example API: takes and lists payments, kept in memory, for callers with an access token.
 * This file is the HTTP part and knows nothing of tokens; gate.c judges them.
 *
 *     payment-api --issuer URL --audience URI [--listen ADDR:PORT]
 *
 *     POST /payments {"amount":1250,"currency":"EUR"}   needs payments:write
 *     GET  /payments                                    needs payments:read
 */
#include "gate.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/http/server.h"
#include "common/json/json.h"

#include "common/base/base.h"

#define AUDIENCE          "https://payment.example.com/api"
#define MAX_PAYMENTS      1000
#define MAX_BODY          4096
#define MAX_AUTHORIZATION 65536
#define DRAIN_MS          1000

struct api {
    jeton_verifier *gate;
    pthread_mutex_t lock; /* guards payments */
    json_t *payments;     /* an array */
};

/* Fills `answer` with `body`, which is taken; NULL, or no memory: 500 stays. */
static void answer_json(struct jt_answer *answer, int status, json_t *body)
{
    if (body != NULL && jt_json_dump(body, &answer->body) == JT_OK) {
        answer->status = status;
        answer->content_type = "application/json";
        answer->cache_control = "no-store";
    }
    json_decref(body);
}

static void refuse(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app; /* all refusals look alike */
    answer_json(answer, status, json_pack("{s:s, s:s}", "status", "refused", "detail", sentence));
}

/* True, and whose request it is, when the caller may use `scope`; else the answer is made. */
static bool pass(const struct jt_request *request, const char *scope, struct jt_answer *answer,
                 struct gate_verdict *out_verdict)
{
    struct jt_span sent = jt_request_header(request, "Authorization");
    JT_AUTO(buf) header = JT_BUF_INIT(MAX_AUTHORIZATION);
    if (jt_buf_put(&header, sent) != JT_OK) {
        refuse(NULL, 431, "The Authorization header is too long.", answer);
        return false;
    }
    gate_judge(request->thread, sent.p == NULL ? NULL : jt_buf_str(&header), scope, out_verdict);
    if (out_verdict->http_status == 200) {
        return true;
    }
    if (out_verdict->challenge[0] != 0) {
        jt_answer_header(answer, "WWW-Authenticate", "%s", out_verdict->challenge);
    }
    if (out_verdict->http_status == 503) {
        jt_answer_header(answer, "Retry-After", "1");
    }
    answer_json(answer, out_verdict->http_status,
                json_pack("{s:s, s:s}", "status", out_verdict->name, "detail", out_verdict->text));
    return false;
}

/* Gives a copy of the payment as kept; NULL when there is no room. */
static json_t *keep(struct api *api, json_int_t amount, struct jt_span currency, const char *client)
{
    json_t *payment = NULL;
    (void)pthread_mutex_lock(&api->lock); /* a plain mutex, taken once: cannot fail */
    size_t n = json_array_size(api->payments);
    if (n < MAX_PAYMENTS) {
        payment = json_pack("{s:I, s:I, s:s%, s:s}", "id", (json_int_t)n + 1, "amount", amount,
                            "currency", currency.p, currency.n, "client", client);
        if (json_array_append_new(api->payments, json_copy(payment)) != 0) {
            json_decref(payment);
            payment = NULL;
        }
    }
    (void)pthread_mutex_unlock(&api->lock); /* it is held */
    return payment;
}

static void post_payment(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    struct gate_verdict verdict;
    JT_JSON_AUTO json_t *asked = NULL;
    struct jt_span currency;
    if (!pass(request, "payments:write", answer, &verdict)) {
        return;
    }
    if (jt_json_load_object(request->body, JT_JSON_DEPTH, &asked) != JT_OK ||
        json_integer_value(json_object_get(asked, "amount")) <= 0 ||
        jt_json_string(asked, "currency", &currency) != JT_OK) {
        refuse(app, 400, "Send {\"amount\":1250,\"currency\":\"EUR\"}, the amount in cents.",
               answer);
        return;
    }
    json_t *payment =
        keep(app, json_integer_value(json_object_get(asked, "amount")), currency, verdict.client);
    if (payment == NULL) {
        refuse(app, 503, "No room for more payments: start this example again.", answer);
        return;
    }
    answer_json(answer, 200, json_pack("{s:s, s:o}", "status", "ok", "payment", payment));
}

static void get_payments(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    struct api *api = app;
    struct gate_verdict verdict;
    if (!pass(request, "payments:read", answer, &verdict)) {
        return;
    }
    (void)pthread_mutex_lock(&api->lock); /* a plain mutex, taken once: cannot fail */
    answer_json(answer, 200, json_pack("{s:s, s:O}", "status", "ok", "payments", api->payments));
    (void)pthread_mutex_unlock(&api->lock); /* it is held */
}

static const struct jt_route routes[] = {
    {.method = "POST", .path = "/payments", .handler = post_payment, .max_body = MAX_BODY},
    {.method = "GET", .path = "/payments", .handler = get_payments},
};

/* Each thread of the server judges through a pass of its own. */
static void *thread_new(void *app)
{
    struct api *api = app;
    jeton_worker *worker = NULL;
    return jeton_worker_new(api->gate, &worker) == JETON_OK ? worker : NULL;
}

static void thread_free(void *thread)
{
    jeton_worker_free(thread);
}

static int serve(struct api *api, const char *listen, const sigset_t *signals)
{
    struct jt_server_conf conf = {.address = listen,
                                  .routes = routes,
                                  .n_routes = JT_COUNT(routes),
                                  .refusal = refuse,
                                  .app = api,
                                  .thread_new = thread_new,
                                  .thread_free = thread_free};
    struct jt_diag diag = JT_DIAG_INIT;
    struct jt_server *server = NULL;
    enum jt_err err = jt_server_start(&conf, &server, &diag);
    if (err != JT_OK) {
        (void)fprintf(stderr, "payment-api: %s\n", jt_diag_text(&diag, err));
        return EXIT_FAILURE;
    }
    (void)printf("http://%s\n", jt_server_address(server));
    (void)fflush(stdout); /* who waits for the address sees that none comes */
    int signal;
    (void)sigwait(signals, &signal); /* a valid set: cannot fail */
    jt_server_stop(server, DRAIN_MS);
    return EXIT_SUCCESS;
}

struct args {
    const char *issuer, *audience, *listen;
};

static bool read_args(int argc, char **argv, struct args *out)
{
    static const struct option options[] = {{"issuer", required_argument, NULL, 'i'},
                                            {"audience", required_argument, NULL, 'a'},
                                            {"listen", required_argument, NULL, 'l'},
                                            {NULL, 0, NULL, 0}};
    *out = (struct args){.audience = AUDIENCE, .listen = "127.0.0.1:0"};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **value = option == 'i'   ? &out->issuer
                             : option == 'a' ? &out->audience
                             : option == 'l' ? &out->listen
                                             : NULL;
        if (value == NULL) {
            return false;
        }
        *value = optarg;
    }
    return optind == argc && out->issuer != NULL;
}

int main(int argc, char **argv)
{
    struct args args;
    struct api api = {.lock = PTHREAD_MUTEX_INITIALIZER};
    sigset_t signals;
    if (!read_args(argc, argv, &args)) {
        (void)fprintf(stderr, "usage: payment-api --issuer URL [--audience URI] "
                              "[--listen ADDR:PORT]\n");
        return EXIT_FAILURE;
    }
    /* before any thread starts, so that only this one gets them */
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!gate_open(args.issuer, args.audience, stderr, &api.gate)) {
        return EXIT_FAILURE;
    }
    api.payments = json_array();
    int status = serve(&api, args.listen, &signals);
    json_decref(api.payments);
    jeton_verifier_free(api.gate);
    return status;
}
