/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/issue_floor.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http/server.h"
#include "tests/bench/meter.h"

#include "common/base/base.h"

#define MAX_BODY (16 * 1024)

struct issue_floor_key {
    const struct jt_alg_row *alg;
    EVP_PKEY *pkey;
};

struct issue_floor_key *issue_floor_key_new(const struct jt_alg_row *alg)
{
    struct issue_floor_key *key = malloc(sizeof *key);
    if (key == NULL) {
        abort();
    }
    key->alg = alg;
    if (alg->kty == JT_KTY_EC) {
        key->pkey = EVP_EC_gen(alg->group);
    } else if (alg->kty == JT_KTY_RSA) {
        key->pkey = EVP_RSA_gen(2048);
    } else {
        key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, alg->group);
    }
    meter_must(key->pkey != NULL, "a key");
    return key;
}

void issue_floor_key_free(struct issue_floor_key *key)
{
    EVP_PKEY_free(key->pkey);
    free(key);
}

/* --- the bare signature --- */

/* EdDSA has only the one-shot form, on a context that is initialised again. */
struct bare {
    const struct issue_floor_key *key;
    EVP_PKEY_CTX *ctx;
    EVP_MD_CTX *md;
    size_t digest_len;
};

static void bare_init(struct bare *bare, const struct issue_floor_key *key)
{
    const struct jt_alg_row *alg = key->alg;
    *bare = (struct bare){key, EVP_PKEY_CTX_new(key->pkey, NULL), EVP_MD_CTX_new(), 0};
    meter_must(bare->ctx != NULL && bare->md != NULL, "a context");
    if (alg->md == NULL) {
        return;
    }
    const EVP_MD *hash = EVP_get_digestbyname(alg->md);
    bare->digest_len = (size_t)EVP_MD_get_size(hash);
    meter_must(EVP_PKEY_sign_init(bare->ctx) == 1 &&
                   EVP_PKEY_CTX_set_signature_md(bare->ctx, hash) == 1,
               "EVP_PKEY_sign_init");
    meter_must(!alg->pss ||
                   (EVP_PKEY_CTX_set_rsa_padding(bare->ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(bare->ctx, RSA_PSS_SALTLEN_DIGEST) == 1),
               "PSS");
}

static void bare_release(struct bare *bare)
{
    EVP_PKEY_CTX_free(bare->ctx);
    EVP_MD_CTX_free(bare->md);
}

static bool bare_sign(struct bare *bare)
{
    uint8_t digest[64] = {1}, sig[1024];
    size_t len = sizeof sig;
    if (bare->digest_len > 0) {
        return EVP_PKEY_sign(bare->ctx, sig, &len, digest, bare->digest_len) == 1;
    }
    return EVP_DigestSignInit(bare->md, NULL, NULL, NULL, bare->key->pkey) == 1 &&
           EVP_DigestSign(bare->md, sig, &len, digest, sizeof digest) == 1;
}

double issue_floor_us(const struct issue_floor_key *key, int n)
{
    struct bare bare;
    bare_init(&bare, key);
    double before = meter_cpu_us();
    for (int i = 0; i < n; i++) {
        meter_must(bare_sign(&bare), "sign");
    }
    double us = (meter_cpu_us() - before) / n;
    bare_release(&bare);
    return us;
}

/* --- the server --- */

struct constant {
    const struct issue_floor_key *key;
    struct jt_span answer;
};

static void *thread_new(void *app)
{
    const struct constant *constant = app;
    struct bare *bare = malloc(sizeof *bare);
    if (bare != NULL) {
        bare_init(bare, constant->key);
    }
    return bare;
}

static void thread_free(void *thread)
{
    bare_release(thread);
    free(thread);
}

static void on_post(void *app, const struct jt_request *request, struct jt_answer *answer)
{
    const struct constant *constant = app;
    if (bare_sign(request->thread)) {
        answer->status = 200;
        answer->content_type = "application/json";
        answer->cache_control = "no-store";
        answer->shared_body = constant->answer;
    }
}

static void refuse(void *app, int status, const char *sentence, struct jt_answer *answer)
{
    (void)app;
    (void)status; /* the server sets it; who asks here reads no sentence */
    (void)sentence;
    (void)answer;
}

static void serve(const struct issue_floor_key *key, struct jt_span answer, int told)
{
    static const struct jt_route routes[] = {
        {.method = "POST", .path = "/oauth2/token", .handler = on_post, .max_body = MAX_BODY}};
    struct constant constant = {key, answer};
    const struct jt_log log = {.fd = -1, .clock = &jt_clock_system};
    struct jt_server_conf conf = {.address = "127.0.0.1:0",
                                  .routes = routes,
                                  .n_routes = JT_COUNT(routes),
                                  .refusal = refuse,
                                  .app = &constant,
                                  .thread_new = thread_new,
                                  .thread_free = thread_free,
                                  .log = &log};
    struct jt_server *server = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    meter_must(jt_server_start(&conf, &server, &diag) == JT_OK, "the constant server");
    int port = (int)strtol(strrchr(jt_server_address(server), ':') + 1, NULL, 10);
    meter_must(write(told, &port, sizeof port) == sizeof port, "write");
    for (;;) {
        (void)pause(); /* until killed */
    }
}

struct issue_floor_server issue_floor_start(const struct issue_floor_key *key,
                                            struct jt_span answer)
{
    struct issue_floor_server server = {.pid = -1};
    int told[2];
    meter_must(pipe(told) == 0, "pipe");
    server.pid = fork();
    if (server.pid == 0) {
        serve(key, answer, told[1]);
        _exit(1);
    }
    (void)close(told[1]);
    meter_must(server.pid > 0 &&
                   read(told[0], &server.port, sizeof server.port) == sizeof server.port,
               "the constant server");
    (void)close(told[0]);
    meter_must(clock_getcpuclockid(server.pid, &server.clock) == 0, "its clock");
    return server;
}

void issue_floor_stop(const struct issue_floor_server *server)
{
    (void)kill(server->pid, SIGTERM);
    (void)waitpid(server->pid, NULL, 0);
}
