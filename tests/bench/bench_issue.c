/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_issue [--alg A] [--rounds N] [-o json] [--jetond PATH]: CPU microseconds of the daemon per
 * token, over kept-alive HTTP on loopback, beside two floors (issue_floor.h): the bare signature,
 * and the bare signature with a constant answer of the same size, asked for in the same way. The
 * daemon is the real one; its log goes to /dev/null. Medians of interleaved rounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/jose/alg.h"
#include "tests/bench/issue_floor.h"
#include "tests/bench/meter.h"

#include "common/base/base.h"

#define ROUNDS      9
#define CONNECTIONS 4
#define MAX_ANSWER  (64 * 1024)

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_issue: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the daemon --- */

struct daemon {
    pid_t pid;
    clockid_t clock;
    int port;
    json_t *told;
};

/* Whom the client asks, through connections of its own. */
struct asked {
    clockid_t clock;
    int fds[CONNECTIONS];
};

static struct daemon start_daemon(const char *path, const char *alg)
{
    int out[2];
    if (pipe(out) != 0) {
        die("pipe");
    }
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)close(out[0]);
        (void)execl(path, path, "dev", "--listen", "127.0.0.1:0", "--alg", alg, "-o", "json",
                    (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    FILE *told = fdopen(out[0], "r");
    struct daemon daemon = {.pid = pid};
    daemon.told = json_loadf(told, JSON_DISABLE_EOF_CHECK, NULL);
    (void)fclose(told);
    const char *issuer = json_string_value(json_object_get(daemon.told, "issuer"));
    if (issuer == NULL || clock_getcpuclockid(pid, &daemon.clock) != 0) {
        (void)fprintf(stderr, "bench_issue: %s does not start\n", path);
        exit(1);
    }
    daemon.port = (int)strtol(strrchr(issuer, ':') + 1, NULL, 10);
    return daemon;
}

/* --- the client: a few connections, each with one request in flight --- */

static int open_connection(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        die("connect");
    }
    return fd;
}

static void make_request(const struct daemon *daemon, struct jt_buf *out)
{
    struct jt_buf body = JT_BUF_INIT(1024);
    enum jt_err err = jt_buf_printf(
        &body, "grant_type=client_credentials&client_id=%s&client_secret=%s&resource=%s",
        json_string_value(json_object_get(daemon->told, "client_id")),
        json_string_value(json_object_get(daemon->told, "client_secret")),
        "https%3A%2F%2Fpayment.example.com%2Fapi");
    if (err == JT_OK) {
        err = jt_buf_printf(out,
                            "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            "Content-Type: application/x-www-form-urlencoded\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            body.len, jt_buf_str(&body));
    }
    jt_buf_release(&body);
    if (err != JT_OK) {
        die("request");
    }
}

static void send_request(int fd, const struct jt_buf *request)
{
    if (send(fd, request->p, request->len, MSG_NOSIGNAL) != (ssize_t)request->len) {
        die("send");
    }
}

/* Reads one whole answer, which must be 200; answers are smaller than a segment of loopback. Gives
 * its body, until the next one is read. */
static struct jt_span read_answer(int fd)
{
    static char text[MAX_ANSWER];
    size_t body = 0;
    size_t have = 0;
    for (;;) {
        ssize_t n = recv(fd, text + have, sizeof text - 1 - have, 0);
        if (n <= 0) {
            die("recv");
        }
        have += (size_t)n;
        text[have] = 0;
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        body = end == NULL ? 0 : (size_t)(end - text) + 4;
        if (end != NULL && length != NULL && have >= body + strtoul(length + 16, NULL, 10)) {
            break;
        }
    }
    if (!jt_span_starts(jt_span_of(text, have), JT_SPAN("HTTP/1.1 200 "))) {
        (void)fprintf(stderr, "bench_issue: answered %.300s\n", text);
        exit(1);
    }
    return jt_span_of(text + body, have - body);
}

static struct asked connect_all(clockid_t clock, int port)
{
    struct asked asked = {.clock = clock};
    for (int i = 0; i < CONNECTIONS; i++) {
        asked.fds[i] = open_connection(port);
    }
    return asked;
}

static void close_all(const struct asked *asked)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        (void)close(asked->fds[i]);
    }
}

/* CPU of who is asked for one of `n` requests. */
static double asked_us(const struct asked *asked, const struct jt_buf *request, int n)
{
    struct pollfd polls[CONNECTIONS];
    int sent = 0, done = 0;
    double before = meter_us(asked->clock);
    for (int i = 0; i < CONNECTIONS; i++, sent++) {
        polls[i] = (struct pollfd){asked->fds[i], POLLIN, 0};
        send_request(asked->fds[i], request);
    }
    while (done < n) {
        if (poll(polls, CONNECTIONS, 10000) <= 0) {
            die("poll");
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            if (polls[i].revents == 0) {
                continue;
            }
            (void)read_answer(asked->fds[i]);
            done++;
            if (sent < n) {
                send_request(asked->fds[i], request);
                sent++;
            }
        }
    }
    return (meter_us(asked->clock) - before) / n;
}

/* --- the run --- */

struct figures {
    double token, floor, bare;
};

static struct figures measure(const struct asked *daemon, const struct asked *constant,
                              const struct issue_floor_key *key, const struct jt_buf *request,
                              int n, size_t rounds)
{
    double tokens[METER_MAX_ROUNDS], floors[METER_MAX_ROUNDS], bares[METER_MAX_ROUNDS];
    (void)asked_us(daemon, request, n / 2); /* warm */
    (void)asked_us(constant, request, n / 2);
    (void)issue_floor_us(key, n / 4);
    for (size_t i = 0; i < rounds; i++) {
        tokens[i] = asked_us(daemon, request, n);
        floors[i] = asked_us(constant, request, n);
        bares[i] = issue_floor_us(key, n / 2);
    }
    return (struct figures){meter_median(tokens, rounds), meter_median(floors, rounds),
                            meter_median(bares, rounds)};
}

static void tell(const struct jt_alg_row *alg, const struct figures *us, bool json)
{
    (void)printf(json ? "{\"alg\":\"%s\",\"cpu_us\":%.2f,\"constant_us\":%.2f,\"floor_us\":%.2f,"
                        "\"ratio\":%.3f}\n"
                      : "%-6s %8.2f us a token  %8.2f us constant answer and bare signature  "
                        "%8.2f us bare signature  %.3f x\n",
                 alg->name, us->token, us->floor, us->bare, us->token / us->bare);
}

static void run(const struct jt_alg_row *alg, const char *jetond, size_t rounds, bool json)
{
    struct issue_floor_key *key = issue_floor_key_new(alg);
    struct daemon daemon = start_daemon(jetond, alg->name);
    struct jt_buf request = JT_BUF_INIT(4096), body = JT_BUF_INIT(MAX_ANSWER);
    make_request(&daemon, &request);
    struct asked tokens = connect_all(daemon.clock, daemon.port);
    send_request(tokens.fds[0], &request);
    meter_must(jt_buf_put(&body, read_answer(tokens.fds[0])) == JT_OK, "malloc");
    struct issue_floor_server server = issue_floor_start(key, jt_buf_span(&body));
    struct asked constant = connect_all(server.clock, server.port);
    struct figures us =
        measure(&tokens, &constant, key, &request, alg->kty == JT_KTY_RSA ? 1000 : 4000, rounds);
    tell(alg, &us, json);
    close_all(&constant);
    close_all(&tokens);
    issue_floor_stop(&server);
    issue_floor_key_free(key);
    jt_buf_release(&body);
    jt_buf_release(&request);
    json_decref(daemon.told);
    (void)kill(daemon.pid, SIGTERM);
    (void)waitpid(daemon.pid, NULL, 0);
}

int main(int argc, char **argv)
{
    const char *name = "ES256", *jetond = JETOND;
    size_t rounds = ROUNDS;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        struct jt_span arg = jt_span_str(argv[i]);
        if (jt_span_is(arg, "--alg") && i + 1 < argc) {
            name = argv[++i];
        } else if (jt_span_is(arg, "--rounds") && i + 1 < argc) {
            rounds = strtoul(argv[++i], NULL, 10);
        } else if (jt_span_is(arg, "--jetond") && i + 1 < argc) {
            jetond = argv[++i];
        } else if (jt_span_is(arg, "-o") && i + 1 < argc) {
            json = jt_span_is(jt_span_str(argv[++i]), "json");
        } else {
            (void)fprintf(stderr, "bench_issue [--alg A] [--rounds N] [-o json] [--jetond PATH]\n");
            return 1;
        }
    }
    const struct jt_alg_row *alg = jt_alg_find(jt_span_str(name));
    if (alg == NULL || !alg->issue) {
        (void)fprintf(stderr, "bench_issue: --alg: one of ES256 ES384 ES512 RS256 PS256 EdDSA\n");
        return 1;
    }
    if (rounds < 1 || rounds > METER_MAX_ROUNDS) {
        (void)fprintf(stderr, "bench_issue: --rounds: 1 to %d\n", METER_MAX_ROUNDS);
        return 1;
    }
    run(alg, jetond, rounds, json);
    return 0;
}
