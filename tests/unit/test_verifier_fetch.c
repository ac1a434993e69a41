/* SPDX-License-Identifier: Apache-2.0 */
/* The libcurl fetch against a real HTTP server on loopback: a thread that plays one answer each. */
#include "tests/unit/unit.h"

#include "tests/support/verify_desk.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "verifier/source/fetch.h"

struct server {
    int listener, port;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint requests;
    const char *head, *body; /* what each request gets; both NULL: it is closed at once */
    size_t pad;              /* so many spaces after the body */
    const char *root;        /* http://127.0.0.1:PORT */
    char last[4096];         /* the last request, whole */
};

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the client had enough: what it is tested for */
        }
        bytes += sent;
        n -= (size_t)sent;
    }
}

static void answer(struct server *server, int fd)
{
    size_t n = 0;
    while (n + 1 < sizeof server->last) {
        ssize_t got = recv(fd, server->last + n, sizeof server->last - 1 - n, 0);
        if (got <= 0) {
            return;
        }
        n += (size_t)got;
        server->last[n] = 0;
        if (strstr(server->last, "\r\n\r\n") != NULL) {
            break;
        }
    }
    atomic_fetch_add(&server->requests, 1);
    if (server->head == NULL) {
        return;
    }
    send_all(fd, server->head, strlen(server->head));
    send_all(fd, server->body, strlen(server->body));
    char spaces[4096];
    memset(spaces, ' ', sizeof spaces);
    for (size_t left = server->pad; left > 0;) {
        size_t part = left < sizeof spaces ? left : sizeof spaces;
        send_all(fd, spaces, part);
        left -= part;
    }
}

static void *serve(void *ctx)
{
    struct server *server = ctx;
    while (!atomic_load(&server->stop)) {
        struct pollfd ready = {.fd = server->listener, .events = POLLIN};
        if (poll(&ready, 1, 50) <= 0) {
            continue;
        }
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0) {
            answer(server, fd);
            close(fd);
        }
    }
    return NULL;
}

static void open_server(struct server *server)
{
    *server = (struct server){.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &n), 0);
    server->port = ntohs(address.sin_port);
    server->root = token_maker_text("http://127.0.0.1:%d", server->port);
}

/* From here on the thread reads `head` and `body`: they are set before. */
static void start_server(struct server *server)
{
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void close_server(struct server *server)
{
    atomic_store(&server->stop, true);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    close(server->listener);
}

/* One fetch of `head` and `body`; the reason of a failure goes to `reason` of 256 bytes. */
static jeton_status fetch_once(const char *head, const char *body, size_t pad, size_t max_body,
                               struct jeton_response *response, char *reason)
{
    struct server server;
    struct jt_fetch *fetch = NULL;
    open_server(&server);
    server.head = head;
    server.body = body;
    server.pad = pad;
    start_server(&server);
    assert_ok(jt_fetch_new(NULL, NULL, &fetch));
    const char *url = token_maker_text("%s/jwks.json", server.root);
    jeton_status status = jt_fetch_get(fetch, url, max_body, response);
    (void)snprintf(reason, 256, "%s", jt_fetch_reason(fetch));
    if (status == JETON_OK) {
        response->body =
            token_maker_text("%.*s", (int)response->body_len, (const char *)response->body);
        assert_non_null(strstr(server.last, "GET /jwks.json HTTP/1.1\r\n"));
        assert_null(strcasestr(server.last, "accept-encoding"));
    }
    jt_fetch_free(fetch);
    close_server(&server);
    return status;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"

static void get_of_200_gives_body_and_max_age(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int64_t max_age_s;
    } rows[] = {
        {"", -1},
        {"Cache-Control: public, max-age=300\r\n", 300},
        {"cache-control: max-age=10\r\nCache-Control: no-store\r\n", 0},
        {"Cache-Control: private\r\nCache-Control: max-age=7\r\n", 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jeton_response response;
        char reason[256];
        const char *head = token_maker_text(OK_HEAD "%s\r\n", rows[i].headers);
        assert_status(fetch_once(head, "{\"keys\":1}", 0, 1000, &response, reason), JETON_OK);
        assert_string_equal(response.body, "{\"keys\":1}");
        assert_int_equal(response.max_age_s, rows[i].max_age_s);
    }
}

static void get_of_anything_but_200_fails(void **state)
{
    (void)state;
    static const struct {
        const char *head, *reason;
    } rows[] = {
        {"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", "404"},
        {"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", "204"},
        {"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n", "500"},
        {"nonsense\r\n\r\n", ""},
        {OK_HEAD "Content-Length: 100\r\n\r\n", ""}, /* half a body */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct jeton_response response;
        char reason[256];
        assert_status(fetch_once(rows[i].head, "{}", 0, 1000, &response, reason),
                      JETON_FETCH_FAILED);
        assert_non_null(strstr(reason, rows[i].reason));
        assert_true(reason[0] != 0);
    }
}

static void get_of_a_redirect_fails_and_goes_nowhere(void **state)
{
    (void)state;
    struct server server, target;
    struct jt_fetch *fetch = NULL;
    struct jeton_response response;
    open_server(&target);
    target.head = OK_HEAD "\r\n";
    target.body = "{}";
    start_server(&target);
    open_server(&server);
    server.head = token_maker_text(
        "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: %s/\r\n\r\n", target.root);
    server.body = "";
    start_server(&server);
    assert_ok(jt_fetch_new(NULL, NULL, &fetch));
    assert_status(jt_fetch_get(fetch, server.root, 1000, &response), JETON_FETCH_FAILED);
    assert_string_equal(jt_fetch_reason(fetch), "HTTP status 302");
    assert_int_equal(atomic_load(&server.requests), 1);
    assert_int_equal(atomic_load(&target.requests), 0);
    assert_status(jt_fetch_get(fetch, target.root, 1000, &response), JETON_OK);
    jt_fetch_free(fetch);
    close_server(&server);
    close_server(&target);
}

static void get_of_a_body_over_the_limit_fails(void **state)
{
    (void)state;
    struct jeton_response response;
    char reason[256];
    assert_status(fetch_once(OK_HEAD "\r\n", "{}", 256 * 1024 - 2, 256 * 1024, &response, reason),
                  JETON_OK);
    assert_int_equal(response.body_len, 256 * 1024);
    assert_status(fetch_once(OK_HEAD "\r\n", "{}", 256 * 1024 - 1, 256 * 1024, &response, reason),
                  JETON_FETCH_FAILED);
    assert_string_equal(reason, "the body is too large");
}

static void get_of_other_urls_refused_before_any_connection(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://id.example.com/", "file:///etc/passwd",
                                      "ftp://127.0.0.1/", "http://127.0.0.1@evil.example/", ""};
    struct jt_fetch *fetch = NULL;
    struct jeton_response response;
    assert_ok(jt_fetch_new(NULL, NULL, &fetch));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(jt_fetch_get(fetch, bad[i], 1000, &response), JETON_FETCH_FAILED);
        assert_non_null(strstr(jt_fetch_reason(fetch), "https"));
    }
    jt_fetch_free(fetch);
}

static void get_of_a_closed_port_fails_with_a_reason(void **state)
{
    (void)state;
    struct server server;
    struct jt_fetch *fetch = NULL;
    struct jeton_response response;
    open_server(&server);
    close(server.listener);
    assert_ok(jt_fetch_new(NULL, NULL, &fetch));
    assert_status(jt_fetch_get(fetch, server.root, 1000, &response), JETON_FETCH_FAILED);
    assert_true(jt_fetch_reason(fetch)[0] != 0);
    /* a CA file that is not there is named, too */
    jt_fetch_free(fetch);
    assert_ok(jt_fetch_new("/nonexistent.pem", NULL, &fetch));
    assert_status(jt_fetch_get(fetch, "https://127.0.0.1:1/", 1000, &response), JETON_FETCH_FAILED);
    assert_true(jt_fetch_reason(fetch)[0] != 0);
    jt_fetch_free(fetch);
}

/* Waits for the first fetch of a verifier with this issuer. */
static jeton_verifier *open_verifier(const char *issuer, const char *jwks_uri)
{
    struct jeton_options options = JETON_INIT(jeton_options);
    struct jeton_policy policy = desk_policy();
    jeton_verifier *verifier = NULL;
    options.wait_ms = 60000;
    policy.issuer = issuer;
    policy.jwks_uri = jwks_uri;
    assert_status(jeton_verifier_new(&options, &policy, 1, &verifier), JETON_OK);
    return verifier;
}

static void verifier_fetches_a_set_and_refuses_other_content(void **state)
{
    (void)state;
    const struct token_key *key = token_maker_key("ES256");
    const struct {
        const char *body;
        int ready;
        const char *error;
    } rows[] = {{desk_jwks(key), 1, ""},
                {"<html>hello</html>", 0, "refused"},
                {"{\"keys\":[]}", 0, "usable"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server server;
        open_server(&server);
        server.head = OK_HEAD "\r\n";
        server.body = rows[i].body;
        start_server(&server);
        jeton_verifier *verifier = open_verifier(DESK_ISSUER, server.root);
        assert_int_equal(jeton_verifier_ready(verifier), rows[i].ready);
        assert_non_null(strstr(jeton_verifier_error(verifier), rows[i].error));
        jeton_verifier_free(verifier);
        close_server(&server);
    }
}

/* One body for both: the metadata and the set in one object. */
static void discover_over_http(const char *told_issuer, int ready, const char *error)
{
    struct server server;
    open_server(&server);
    const char *set = desk_jwks(token_maker_key("ES256"));
    server.head = OK_HEAD "\r\n";
    server.body =
        token_maker_text("{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\",%s",
                         told_issuer != NULL ? told_issuer : server.root, server.root, set + 1);
    start_server(&server);
    jeton_verifier *verifier = open_verifier(server.root, NULL);
    assert_int_equal(jeton_verifier_ready(verifier), ready);
    assert_non_null(strstr(jeton_verifier_error(verifier), error));
    jeton_verifier_free(verifier);
    close_server(&server);
    assert_int_equal(atomic_load(&server.requests), ready != 0 ? 2 : 1);
}

static void verifier_discovers_and_refuses_another_issuer(void **state)
{
    (void)state;
    discover_over_http("https://evil.example", 0, "issuer");
    discover_over_http(NULL, 1, "");
}

static int release(void **state)
{
    (void)state;
    token_maker_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_of_200_gives_body_and_max_age),
        cmocka_unit_test(get_of_anything_but_200_fails),
        cmocka_unit_test(get_of_a_redirect_fails_and_goes_nowhere),
        cmocka_unit_test(get_of_a_body_over_the_limit_fails),
        cmocka_unit_test(get_of_other_urls_refused_before_any_connection),
        cmocka_unit_test(get_of_a_closed_port_fails_with_a_reason),
        cmocka_unit_test(verifier_fetches_a_set_and_refuses_other_content),
        cmocka_unit_test(verifier_discovers_and_refuses_another_issuer),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
