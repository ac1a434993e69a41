/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint with tokens that no issuer of ours makes. What proxies send is in tests/flow. */
#include "verifier/guard/authorize.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tests/attack/http/wire.h"
#include "tests/support/token_maker.h"
#include "tests/unit/unit.h"

#include "common/base/base.h"

#define ISSUER   "https://id.example.com"
#define AUDIENCE "https://payment.example.com/api"

static const struct token_key *key;
static struct jt_slots *generations;
static struct jt_authorize authorize;
static struct jt_server_conf conf;
static struct jt_server *server;
static char folder[] = "/tmp/jeton-authorize-XXXXXX";
static char text[16384];

static void free_generation(void *root)
{
    jt_generation_free(root);
}

static int write_keys(const char *path)
{
    key = token_maker_key("ES256");
    const char *keys = token_maker_jwks(token_maker_jwk(key, "\"kid\":\"k\""), NULL);
    FILE *file = fopen(path, "w");
    int failed = file == NULL || fputs(keys, file) < 0;
    return file == NULL || fclose(file) != 0 || failed;
}

static int start(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || write_keys(token_maker_text("%s/jwks", folder)) != 0) {
        return -1;
    }
    const char *yaml =
        token_maker_text("issuers: [{issuer: '" ISSUER "', jwks_file: '%s/jwks'}]\n"
                         "rules:\n  - {audience: '" AUDIENCE "'}\n"
                         "  - {path: /scoped, audience: '" AUDIENCE "', any_of: [r, w]}\n",
                         folder);
    struct jt_guardconf loaded;
    struct jt_generation *generation = NULL;
    struct jt_diag diag = JT_DIAG_INIT;
    authorize.n_threads = 1;
    if (jt_slots_new(free_generation, &generations) != JT_OK ||
        jt_guardconf_load(jt_span_str(yaml), "g.yaml", &loaded, &diag) != JT_OK ||
        jt_generation_new(&loaded, "g.yaml", 1, NULL, &generation, &diag) != JT_OK ||
        jt_slots_publish(generations, generation) != JT_OK) {
        print_error("%s\n", diag.text);
        return -1;
    }
    authorize.generations = generations;
    conf = (struct jt_server_conf){.address = "127.0.0.1:0",
                                   .threads = 1,
                                   .memory = JT_AUTHORIZE_MEMORY,
                                   .answer_room = JT_AUTHORIZE_ANSWER_ROOM,
                                   .routes = jt_authorize_routes,
                                   .n_routes = jt_authorize_n_routes,
                                   .refusal = jt_authorize_refuse,
                                   .app = &authorize,
                                   .thread_new = jt_authorize_thread_new,
                                   .thread_free = jt_authorize_thread_free};
    return jt_server_start(&conf, &server, &diag) == JT_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    jt_server_stop(server, 0);
    jt_slots_free(generations);
    (void)unlink(token_maker_text("%s/jwks", folder)); /* else the folder stays, and is seen */
    (void)rmdir(folder);
    token_maker_release();
    return 0;
}

/* Asks as Envoy does; the answer is in `text`. */
static int ask(const char *path, const char *authorization)
{
    int fd = wire_connect(jt_server_address(server));
    const char *head = token_maker_text("GET /authorize/prefix%s HTTP/1.1\r\nHost: a\r\n"
                                        "Connection: close\r\nAuthorization: %s\r\n\r\n",
                                        path, authorization);
    wire_send(fd, jt_span_str(head), 0);
    (void)wire_read_all(fd, text, sizeof text);
    return wire_status(text);
}

/* A token with these members beside iss, aud and exp. */
static const char *token(const char *members)
{
    const char *claims =
        token_maker_text("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":%lld%s}",
                         (long long)time(NULL) + 3600, members);
    return token_maker_sign(key, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}", claims);
}

static int ask_with(const char *members)
{
    return ask("/", token_maker_text("Bearer %s", token(members)));
}

static bool has_line(const char *line)
{
    return strstr(text, token_maker_text("\r\n%s\r\n", line)) != NULL;
}

static void claim_that_is_no_header_value_denied(void **state)
{
    (void)state;
    static const struct {
        const char *bad, *good, *line;
    } pairs[] = {
        {",\"sub\":\"a\\r\\nX-Auth-Scope: admin\"", ",\"sub\":\"a\"", "X-Auth-Subject: a"},
        {",\"sub\":\"Ren\\u00e9\"", ",\"sub\":\"Rene\"", "X-Auth-Subject: Rene"},
        {",\"sub\":\" admin\"", ",\"sub\":\"admin\"", "X-Auth-Subject: admin"},
        {",\"client_id\":\"a\\tb\"", ",\"client_id\":\"a b\"", "X-Auth-Client-Id: a b"},
        {",\"jti\":\"a\\u007f\"", ",\"jti\":\"a~\"", "X-Auth-Token-Id: a~"},
        {",\"scope\":\"r\\u0080\"", ",\"scope\":\"r w\"", "X-Auth-Scope: r w"},
    };
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_int_equal(ask_with(pairs[i].bad), 403);
        assert_null(strstr(text, "X-Auth-"));
        assert_null(strstr(text, "WWW-Authenticate"));
        assert_int_equal(ask_with(pairs[i].good), 200);
        assert_true(has_line(pairs[i].line));
    }
}

static void long_scope_sent_whole(void **state)
{
    (void)state;
    char scope[1025] = {0};
    memset(scope, 's', 1024);
    assert_int_equal(ask_with(token_maker_text(",\"scope\":\"%s\"", scope)), 200);
    assert_true(has_line(token_maker_text("X-Auth-Scope: %s", scope)));
    assert_int_equal(ask_with(token_maker_text(",\"scope\":\"%ss\"", scope)), 403);
}

/* The answer's status to a request with a header line of `n` bytes more, or 0 for none. */
static int ask_large(const char *name, size_t n, const char *authorization)
{
    int fd = wire_connect(jt_server_address(server));
    char pad[JT_AUTHORIZE_MEMORY];
    memset(pad, 'p', n);
    pad[n] = 0;
    const char *head = token_maker_text("GET /authorize/prefix/ HTTP/1.1\r\nHost: a\r\n"
                                        "Connection: close\r\n%s: %s\r\nAuthorization: %s\r\n\r\n",
                                        name, pad, authorization);
    wire_send(fd, jt_span_str(head), 0);
    return wire_read_all(fd, text, sizeof text) == 0 ? 0 : wire_status(text);
}

static void head_that_leaves_no_room_answered_431(void **state)
{
    (void)state;
    char large[1025] = {0};
    memset(large, 'x', 1024);
    const char *claims =
        token_maker_text(",\"sub\":\"%s\",\"client_id\":\"%s\",\"jti\":\"%s\",\"scope\":\"%s\"",
                         large, large, large, large);
    const char *bearer = token_maker_text("Bearer %s", token(claims));
    uint64_t refused = jt_authorize_count(&authorize, JT_AUTHORIZE_431);
    static const struct {
        const char *name;
        size_t most; /* what of such a line is taken beside the token of 6 KiB */
    } lines[] = {{"X-Pad", 17250}, {"Cookie", 8550}}; /* the library has a copy of a cookie */
    for (size_t i = 0; i < JT_COUNT(lines); i++) {
        for (size_t n = 0; n < 22000; n += 500) {
            int status = ask_large(lines[i].name, n, bearer);
            if (status != (n < lines[i].most ? 200 : 431)) {
                fail_msg("%s of %zu bytes: %d", lines[i].name, n, status);
            }
        }
    }
    assert_true(jt_authorize_count(&authorize, JT_AUTHORIZE_431) > refused);
}

static void scheme_other_than_bearer_is_no_token(void **state)
{
    (void)state;
    const char *good = token("");
    assert_int_equal(ask("/", token_maker_text("bearer %s", good)), 200);
    assert_int_equal(ask("/", token_maker_text("BEARER  %s \t", good)), 200);
    static const char *const others[] = {"Basic %s", "DPoP %s", "Bearer%s", "%s", "Bearer, %s"};
    for (size_t i = 0; i < JT_COUNT(others); i++) {
        char value[4096];
        const char *at = strstr(others[i], "%s");
        (void)snprintf(value, sizeof value, "%.*s%s", (int)(at - others[i]), others[i], good);
        assert_int_equal(ask("/", value), 401);
    }
    assert_int_equal(ask("/", ""), 401);
    assert_true(has_line("WWW-Authenticate: Bearer realm=\"api\""));
}

static void scope_one_of_those_asked(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        int status;
    } rows[] = {{",\"scope\":\"r\"", 200},
                {",\"scope\":\"x w\"", 200},
                {",\"scp\":[\"w\"]", 200},
                {",\"scope\":\"rw\"", 403},
                {"", 403}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        assert_int_equal(ask("/scoped", token_maker_text("Bearer %s", token(rows[i].members))),
                         rows[i].status);
    }
    assert_non_null(strstr(text, "error=\"insufficient_scope\""));
    assert_non_null(strstr(text, "scope=\"r w\""));
}

/* What the front door refuses is for one request, too. */
static void refusal_of_the_front_door_not_stored(void **state)
{
    (void)state;
    const char *good = token("");
    assert_int_equal(ask("/", token_maker_text("Bearer %s\r\nAuthorization: Bearer x", good)), 400);
    assert_true(has_line("Cache-Control: no-store"));
    assert_int_equal(ask("/", token_maker_text("Bearer %s", good)), 200);
    assert_true(has_line("Cache-Control: no-store"));
}

static void answers_counted(void **state)
{
    (void)state;
    uint64_t allowed = jt_authorize_count(&authorize, JT_AUTHORIZE_200);
    uint64_t denied = jt_authorize_count(&authorize, JT_AUTHORIZE_401);
    assert_int_equal(ask_with(""), 200);
    assert_int_equal(ask("/", "Bearer x"), 401);
    assert_int_equal(jt_authorize_count(&authorize, JT_AUTHORIZE_200), allowed + 1);
    assert_int_equal(jt_authorize_count(&authorize, JT_AUTHORIZE_401), denied + 1);
}

static void servers_own_503_as_configured(void **state)
{
    (void)state;
    static struct jt_authorize other; /* has no generation: a thread's state could not be made */
    static const struct {
        int unavailable, status, answered;
    } rows[] = {{0, 503, 503}, {503, 503, 503}, {403, 503, 403}, {403, 404, 404}};
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        struct jt_answer answer = {0};
        atomic_store(&other.unavailable, rows[i].unavailable);
        jt_authorize_refuse(&other, rows[i].status, "text", &answer);
        assert_int_equal(answer.status, rows[i].answered);
        assert_int_equal(answer.body.len, 0);
    }
    assert_int_equal(jt_authorize_count(&other, JT_AUTHORIZE_503), 2);
    assert_int_equal(jt_authorize_count(&other, JT_AUTHORIZE_403), 1);
    assert_int_equal(jt_authorize_count(&other, JT_AUTHORIZE_404), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claim_that_is_no_header_value_denied),
        cmocka_unit_test(long_scope_sent_whole),
        cmocka_unit_test(head_that_leaves_no_room_answered_431),
        cmocka_unit_test(scheme_other_than_bearer_is_no_token),
        cmocka_unit_test(scope_one_of_those_asked),
        cmocka_unit_test(refusal_of_the_front_door_not_stored),
        cmocka_unit_test(answers_counted),
        cmocka_unit_test(servers_own_503_as_configured),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
