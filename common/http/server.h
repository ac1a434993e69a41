/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 server over libmicrohttpd: one listener, epoll and a thread per core, a table of
 * routes. Every request passes the front door (door.h) before any of it is looked at. A handler
 * sees a whole request, bounded, and fills an answer; it may not block on disk or network when the
 * listener is public. It speaks TLS with what it is
 * given (tls.h) and does not know OAuth.
 * Ownership: the server is the caller's from start to stop; a request is borrowed for the handler's
 * call; an answer's body is taken.
 * Thread rule: start and stop by one thread; handlers run on the server's threads, each request on
 * one of them.
 * Sources: RFC 9110, RFC 9112.
 */
#ifndef JT_HTTP_SERVER_H
#define JT_HTTP_SERVER_H

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/diag.h"
#include "common/http/forwarded.h"
#include "common/log/log.h"

struct jt_server;
struct jt_listen;
struct jt_tls;
struct jt_server_conf;
struct jt_crowd_tally;
struct MHD_Connection;

/* A request, whole. Spans are borrowed until the handler returns. */
struct jt_request {
    const char *method;   /* HEAD comes to the handler of GET, whose body is then not sent */
    struct jt_span path;  /* as sent, percent-encoding kept, without the query */
    struct jt_span query; /* as sent, without '?'; empty when none */
    struct jt_span body;
    struct jt_span segments[4]; /* of the route's {} parts, percent-decoded, valid UTF-8 */
    size_t n_segments;
    const void *arg;                     /* the route's */
    void *stream;                        /* what the route's stream gave; NULL: none */
    void *thread;                        /* what thread_new gave for this thread */
    struct MHD_Connection *connection;   /* for jt_request_header */
    const struct jt_server_conf *server; /* for jt_request_peer */
};

/* The value of header `name` (any case); the empty span with p NULL when absent. The front door has
 * made sure that Authorization, Content-Type, Content-Length and Host stand at most once. */
struct jt_span jt_request_header(const struct jt_request *request, const char *name);

/* Calls `each` with every header line, in no promised order, the value without white space around
 * it: for who must see that one stands twice. */
void jt_request_each_header(const struct jt_request *request,
                            void (*each)(void *ctx, struct jt_span name, struct jt_span value),
                            void *ctx);

/* Whose request it is, for the log: the address of the connection's peer or, where that is a proxy
 * of `trusted`, of who it says is behind it; "unix" for a UNIX socket. Borrowed from `out`. */
#define JT_REQUEST_PEER JT_PEERS_TEXT
struct jt_span jt_request_peer(const struct jt_request *request, char out[JT_REQUEST_PEER]);

struct jt_answer_header {
    const char *name; /* a literal */
    char value[512];
};

/* A header of any length, borrowed until the server has queued the answer: of the handler's thread
 * state, say. An empty value is sent as one. */
struct jt_answer_line {
    const char *name, *value;
};

/* Filled by the handler; starts as status 500 with an empty body. */
struct jt_answer {
    int status;
    const char *content_type;   /* a literal; NULL: none */
    const char *cache_control;  /* a literal or of the handler's thread state; NULL: none */
    struct jt_buf body;         /* taken by the server */
    struct jt_span shared_body; /* instead of body: sent without a copy until *release is called */
    void (*shared_release)(void *ctx);
    void *shared_ctx;
    const struct jt_answer_line *lines; /* further ones */
    size_t n_lines;
    bool close; /* close the connection after it */
    size_t n_headers;
    struct jt_answer_header headers[4]; /* the last: what is unused is not cleared */
};

#define JT_ANSWER_BODY_MAX ((size_t)16 * 1024 * 1024)

/* Adds a header; the value is cut at 511 bytes. At most 4. */
void jt_answer_header(struct jt_answer *answer, const char *name, const char *format, ...)
    JT_PRINTF(3, 4);

typedef void (*jt_handler_fn)(void *app, const struct jt_request *request,
                              struct jt_answer *answer);

/* Takes a body piece by piece, as it comes, instead of whole: max_body still holds for all of it, but
 * none of it is kept, and each piece gives the client a request's time anew to send the next. */
struct jt_stream {
    /* Gives what the others are called with. `head` is the request without a body. NULL: nothing of
     * the body is read, the handler is called at once and the connection closed after its answer. */
    void *(*open)(void *app, const struct jt_request *head);
    /* False: enough. What else comes is read, for a client listens only then, and dropped; then the
     * handler is called. */
    bool (*take)(void *state, struct jt_span bytes);
    /* Called once for each state: after the handler, or without it when the connection ended. */
    void (*close)(void *state);
};

/* Methods of one path are consecutive rows; HEAD is answered by GET. A segment `{}` or `{name}`
 * matches any non-empty segment (percent-encoded '/' belongs to it). Another method: 405 with Allow. */
struct jt_route {
    const char *method; /* "*": any */
    const char *path;   /* with "/{*}" at the end: whatever follows that slash, or nothing */
    jt_handler_fn handler;
    size_t max_body;                /* 0: a body is refused; or JT_ROUTE_AT_HEAD */
    const void *arg;                /* for the handler: request->arg */
    const struct jt_stream *stream; /* NULL: the body is handed on whole */
};

/* The handler is called when the head is there; a body that is announced is neither waited for nor
 * read, and the connection is closed after the answer. */
#define JT_ROUTE_AT_HEAD SIZE_MAX

/* The answers that the server itself makes: 400, 404, 405, 413, 431, 503. Fills body and content
 * type for `status` and one sentence; lets the public listener speak OAuth's error shape and the
 * admin listener problem documents. (What libmicrohttpd refuses by itself, such as a head that
 * `memory` does not hold, it answers in text/html.) */
typedef void (*jt_refusal_fn)(void *app, int status, const char *sentence,
                              struct jt_answer *answer);

struct jt_server_conf {
    /* "127.0.0.1:8080", "[::1]:8080", or a path for a UNIX socket; port 0: any */
    const char *address;
    unsigned socket_mode; /* of a UNIX socket, e.g. 0660; 0: 0600 */
    /* A socket opened before (listen.h), instead of the two above; taken, and left closed. */
    struct jt_listen *listen;
    struct jt_tls *tls; /* TLS is spoken (tls.h), and nothing else; NULL: plain HTTP */
    /* Proxies whose word counts as to who is behind them (peers.h); NULL: nobody's. */
    const struct jt_peers *trusted;
    bool proxy_protocol;          /* their connections begin with its header, or are closed */
    enum jt_forwarded forwarded;  /* the header lines that count */
    unsigned threads;             /* 0: one per core */
    bool handlers_wait;           /* for seconds, maybe: for what others do */
    unsigned max_connections;     /* 0: 10000; no more than descriptors allow */
    unsigned max_per_source;      /* of one IPv4 address or IPv6 /64 not trusted; 0: any number */
    unsigned idle_s;              /* keep-alive without a request; 0: 30 */
    unsigned request_deadline_s;  /* from a request's first line to its last byte; 0: 10 */
    unsigned lifetime_s;          /* a connection older than this is not kept; 0: 3600 */
    struct jt_crowd_tally *tally; /* counts for others to read; NULL: nobody does */
    size_t
        memory; /* of a connection, for a head, its parsed form and the answer's head; 0: 20 KiB */
    size_t answer_room; /* a head that leaves less of `memory` is answered 431; 0: not looked at */
    const struct jt_route *routes;
    size_t n_routes;
    jt_refusal_fn refusal;
    void *app;
    /* On a thread's first request; a NULL answer: 503 for that request. */
    void *(*thread_new)(void *app);
    void (*thread_free)(void *thread);
    const struct jt_log *log;
};

/* How many threads a server has that is asked for `threads` (as in struct jt_server_conf). */
#define JT_SERVER_THREADS_MAX 256
size_t jt_server_threads(unsigned threads);

/* Listens and serves. JT_ERR_IO with a sentence: port in use (naming it), address malformed, no
 * right to it. `conf` and what it points to must outlive the server, `address` only this call. */
JT_MUST_USE enum jt_err jt_server_start(const struct jt_server_conf *conf,
                                        struct jt_server **out_server, struct jt_diag *diag);

/* The bound address as "127.0.0.1:43210" or the socket's path; borrowed for the server's life. */
const char *jt_server_address(const struct jt_server *server);

/* Stops accepting, lets requests in flight end for up to `drain_ms`, then closes all and frees. A
 * UNIX socket's file is removed. NULL is harmless. */
void jt_server_stop(struct jt_server *server, unsigned drain_ms);

#endif
