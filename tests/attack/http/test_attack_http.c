/* SPDX-License-Identifier: Apache-2.0 */
/* The attacks against a server in this process, whose handlers count what they are asked. */
#include "common/http/server.h"

#include "tests/attack/http/attacks.h"
#include "tests/attack/http/target.h"
#include "tests/unit/unit.h"

#include <stdatomic.h>

#include "common/base/base.h"

#define MAX_BODY 16
#define CANARY                                                \
    "GET /canary HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n" \
    "Connection: close\r\n\r\n"

static atomic_size_t served, canaries;

static void on_ok(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    atomic_fetch_add(&served, 1);
    answer->status = jt_buf_puts(&answer->body, "ok") == JT_OK ? 200 : 500;
}

static void on_canary(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    (void)app;
    (void)request;
    atomic_fetch_add(&canaries, 1);
    answer->status = jt_buf_puts(&answer->body, "tweet") == JT_OK ? 200 : 500;
}

static void on_refusal(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    answer->content_type = "text/plain";
    answer->status = jt_buf_puts(&answer->body, sentence) == JT_OK ? status : 500;
}

static const struct jt_route routes[] = {
    {.method = "GET", .path = "/ok", .handler = on_ok},
    {.method = "POST", .path = "/ok", .handler = on_ok, .max_body = MAX_BODY},
    {.method = "GET", .path = "/canary", .handler = on_canary},
};

static const struct jt_server_conf conf = {
    .address = "127.0.0.1:0",
    .threads = 1,
    .routes = routes,
    .n_routes = JT_COUNT(routes),
    .refusal = on_refusal,
};

static struct jt_server *server;

static void reset(void)
{
    atomic_store(&served, 0);
    atomic_store(&canaries, 0);
}

static size_t get_served(void)
{
    return atomic_load(&served);
}

static size_t get_canaries(void)
{
    return atomic_load(&canaries);
}

static struct target here = {
    .get = "/ok",
    .post = "/ok",
    .get_status = 200,
    .post_status = 200,
    .max_body = MAX_BODY,
    .canary = {(const uint8_t *)CANARY, sizeof CANARY - 1},
    .canary_method = "GET",
    .canary_path = "/canary",
    .canary_mark = "tweet",
    .reset = reset,
    .served = get_served,
    .canaries = get_canaries,
};

static int start(void **state)
{
    (void)state;
    struct jt_diag diag = JT_DIAG_INIT;
    if (jt_server_start(&conf, &server, &diag) != JT_OK) {
        return -1;
    }
    here.address = jt_server_address(server);
    target = &here;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    jt_server_stop(server, 0);
    return 0;
}

int main(void)
{
    return attacks_run("attack.http", start, stop);
}
