/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door behind libmicrohttpd, over a socket pair and without threads: what it lets in of a
 * stream of requests is what the strict parser of tests/attack/http finds in it, to the last byte.
 * With 0.9.7x what the library hides (strict_read_head_as_taken) is granted; any other library may
 * let in less.
 */
#include "common/http/door.h"
#include "tests/attack/http/strict.h"
#include "tests/fuzz/fuzz.h"

#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/base.h"

#define MAX_INPUT    1024
#define MAX_REQUESTS 64
#define MEMORY       ((size_t)96 * 1024) /* so that what the door lets in is never too large */
#define QUIET_RUNS   4

struct let_in {
    char method[64], path[256]; /* cut */
    size_t body;
};

static struct let_in seen[MAX_REQUESTS];
static size_t n_seen;
static bool closed;

struct request {
    bool begun, chunked;
    size_t body;
    char target[];
};

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    (void)cls;
    (void)connection;
    size_t n = strlen(target);
    struct request *request = calloc(1, sizeof *request + n + 1);
    MUST(request != NULL);
    memcpy(request->target, target, n);
    return request;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode how)
{
    (void)cls;
    (void)connection;
    (void)how; /* the socket may be gone */
    free(*context);
    *context = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    (void)cls;
    (void)connection;
    (void)context;
    closed = what == MHD_CONNECTION_NOTIFY_CLOSED;
}

static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, bool close)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MUST(response != NULL);
    if (close) {
        MUST(MHD_add_response_header(response, "Connection", "close") == MHD_YES);
    }
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static void note(const struct request *request, const char *method)
{
    MUST(n_seen < MAX_REQUESTS);
    struct let_in *let_in = &seen[n_seen++];
    size_t path_n = strcspn(request->target, "?");
    *let_in = (struct let_in){.body = request->body};
    (void)snprintf(let_in->method, sizeof let_in->method, "%s", method);
    (void)snprintf(let_in->path, sizeof let_in->path, "%.*s", (int)path_n, request->target);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are the library's */
static enum MHD_Result on_step(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_n, void **context)
{
    (void)cls;
    (void)url;
    (void)data; /* counted */
    struct request *request = *context;
    const char *why = NULL;
    if (!request->begun) {
        request->begun = true;
        request->chunked =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") != NULL;
        if (jt_door_check(connection, method, request->target, version, &why) == JT_OK) {
            return MHD_YES;
        }
        MUST(why != NULL);
        return answer(connection, 400, true);
    }
    if (*data_n > 0) {
        request->body += *data_n;
        *data_n = 0;
        return MHD_YES;
    }
    note(request, method);
    return answer(connection, 200, request->chunked);
}

static struct MHD_Daemon *start(void)
{
    /* clang-format off: one option a line */
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, on_step, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, jt_door_knows_library() ? 0 : 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
        NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_END);
    /* clang-format on */
    MUST(daemon != NULL);
    return daemon;
}

/* Sends the stream and lets the library work until nothing happens any more. */
static void serve(struct jt_span stream)
{
    static struct MHD_Daemon *daemon; /* one for all inputs */
    static char answers[65536];
    int fds[2];
    const struct sockaddr peer = {.sa_family = AF_UNIX};
    daemon = daemon == NULL ? start() : daemon;
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    n_seen = 0;
    closed = false;
    MUST(stream.n == 0 || send(fds[0], stream.p, stream.n, MSG_NOSIGNAL) == (ssize_t)stream.n);
    MUST(MHD_add_connection(daemon, fds[1], &peer, sizeof peer) == MHD_YES);
    for (int quiet = 0; !closed && quiet < QUIET_RUNS; quiet++) {
        size_t before = n_seen;
        (void)MHD_run(daemon); /* looks at what is ready, without waiting */
        ssize_t got = recv(fds[0], answers, sizeof answers, 0);
        quiet = got > 0 || n_seen != before ? 0 : quiet;
    }
    (void)close(fds[0]); /* what it did not answer it will not */
    while (!closed) {
        (void)MHD_run(daemon);
    }
}

static bool is_same(const struct let_in *let_in, const struct strict_head *head, size_t body)
{
    char path[sizeof let_in->path], method[sizeof let_in->method];
    (void)snprintf(path, sizeof path, "%.*s", (int)head->path.n, (const char *)head->path.p);
    (void)snprintf(method, sizeof method, "%.*s", (int)head->method.n,
                   (const char *)head->method.p);
    return strcmp(let_in->path, path) == 0 && strcmp(let_in->method, method) == 0 &&
           let_in->body == body;
}

/* Takes the next request off the stream: it was the `i`th that was let in, or nothing was from there
 * on. True: another may follow. */
static bool check_next(struct jt_span *stream, size_t i)
{
    struct strict_head head;
    size_t body = 0, n = 0;
    enum strict how = jt_door_knows_library() ? strict_read_head_as_taken(*stream, &head)
                                              : strict_read_head(*stream, &head);
    if (how != STRICT_OK) {
        MUST(n_seen == i);
        return false;
    }
    how = strict_read_body(*stream, &head, &body, &n);
    if (how != STRICT_OK) {
        /* the library reads chunks more freely; the connection ends there */
        MUST(n_seen == i || (head.chunked && n_seen == i + 1));
        return false;
    }
    if (n_seen == i && (head.either || !jt_door_knows_library())) {
        return false; /* refused more than it had to */
    }
    MUST(n_seen > i && is_same(&seen[i], &head, body));
    if (head.close || head.chunked) {
        MUST(n_seen == i + 1);
        return false;
    }
    *stream = jt_span_of(stream->p + head.n + n, stream->n - head.n - n);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct jt_span stream = jt_span_of(bytes, n);
    if (n > MAX_INPUT) {
        return 0;
    }
    serve(stream);
    if (jt_door_knows_library() && strict_hides_end(stream)) {
        return 0; /* which heads it ends so depends on all of it: the table of attacks has each form */
    }
    for (size_t i = 0; check_next(&stream, i); i++) {
    }
    return 0;
}
