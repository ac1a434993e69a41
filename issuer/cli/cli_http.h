/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP request and its answer, over libcurl: to a UNIX socket, or to an https URL (http only on
 * loopback). Never follows a redirect. It does not judge the answer's status.
 * Ownership: an answer is its holder's; its body is wiped on release.
 * Thread rule: one thread.
 * Sources: RFC 9110; RFC 6749 sec. 2.3.1 (Basic); RFC 6750 sec. 2.1 (Bearer).
 */
#ifndef JT_CLI_HTTP_H
#define JT_CLI_HTTP_H

#include "common/base/buf.h"
#include "common/base/diag.h"
#include "common/base/secret.h"

#define JT_CLI_HTTP_MAX ((size_t)64 * 1024 * 1024) /* a list of 100,000 clients takes 40 MB */

/* A body in a file: read from its start, `len` bytes. */
struct jt_cli_http_upload {
    int fd;
    size_t len;
    void (*progress)(void *ctx, size_t sent); /* NULL: nobody looks */
    void *ctx;
};

struct jt_cli_http_request {
    const char *method;
    const char *url;
    const char *socket;          /* path of a UNIX socket; NULL: connect as `url` says */
    const char *ca_file;         /* PEM; NULL: the system's */
    const char *content_type;    /* of `body` */
    struct jt_span body;         /* empty: none is sent */
    const char *user, *password; /* for Basic, already encoded for it; NULL: none */
    long timeout_ms;             /* for all of it; 0: 30 s */
    const char *bearer;          /* a token; NULL: none */
    const struct jt_cli_http_upload *upload; /* instead of `body`; NULL: none */
};

struct jt_cli_http_answer {
    long status;
    int64_t date_s;          /* of the Date header; 0: none */
    struct jt_secret memory; /* what holds the body; longer than it */
    size_t len;
};

#define JT_CLI_HTTP_ANSWER_INIT \
    {                           \
        0, 0, JT_SECRET_INIT, 0 \
    }

void jt_cli_http_answer_release(struct jt_cli_http_answer *answer);

static inline struct jt_span jt_cli_http_body(const struct jt_cli_http_answer *answer)
{
    return (struct jt_span){answer->memory.p, answer->len};
}

/* Sends and waits. JT_ERR_UNREACHABLE with a sentence that names the cause;
 * JT_ERR_USAGE for a socket path or URL that cannot be one; JT_ERR_NOMEM. `out_answer` needs
 * release whatever is returned. */
JT_MUST_USE enum jt_err jt_cli_http_send(const struct jt_cli_http_request *request,
                                         struct jt_cli_http_answer *out_answer,
                                         struct jt_diag *diag);

/* JT_OK for an https URL, or http on loopback (localhost, 127.0.0.0/8, ::1), without credentials,
 * query or fragment. JT_ERR_USAGE, `what` naming the URL to people. */
JT_MUST_USE enum jt_err jt_cli_http_check_url(const char *what, const char *url,
                                              struct jt_diag *diag);

/* Appends `text` with all but unreserved characters (RFC 3986 sec. 2.3) percent-encoded: right for
 * a path segment and for a form value alike. JT_ERR_LIMIT, JT_ERR_NOMEM. */
JT_MUST_USE enum jt_err jt_cli_http_encode(struct jt_buf *out, struct jt_span text);

#endif
