/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/cli/cli_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/base.h"

#define CONNECT_MS   5000L
#define TOTAL_MS     30000L
#define UPLOAD_PIECE (256L * 1024)

/* Grows without leaving the old bytes behind. */
static enum jt_err grow(struct jt_cli_http_answer *answer, size_t need)
{
    size_t room = answer->memory.n < 16384 ? 16384 : answer->memory.n;
    while (room < need) {
        room *= 2;
    }
    struct jt_secret bigger = JT_SECRET_INIT;
    JT_TRY(jt_secret_alloc(&bigger, room));
    if (answer->len > 0) {
        memcpy(bigger.p, answer->memory.p, answer->len);
    }
    jt_secret_release(&answer->memory);
    answer->memory = bigger;
    return JT_OK;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct jt_cli_http_answer *answer = ctx;
    n *= size; /* libcurl's size is 1 */
    if (n > JT_CLI_HTTP_MAX - answer->len) {
        return 0;
    }
    if (answer->len + n > answer->memory.n && grow(answer, answer->len + n) != JT_OK) {
        return 0;
    }
    if (n > 0) {
        memcpy(answer->memory.p + answer->len, bytes, n);
    }
    answer->len += n;
    return n;
}

/* RFC 9110 sec. 6.6.1: when the answer was made, by the clock over there */
static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
    struct jt_cli_http_answer *answer = ctx;
    char text[64];
    n *= size; /* libcurl's size is 1 */
    if (n > 5 && n - 5 < sizeof text && jt_span_eq_nocase(jt_span_of(bytes, 5), JT_SPAN("date:"))) {
        memcpy(text, bytes + 5, n - 5);
        text[n - 5] = 0;
        time_t at = curl_getdate(text, NULL);
        answer->date_s = at < 0 ? 0 : (int64_t)at;
    }
    return n;
}

void jt_cli_http_answer_release(struct jt_cli_http_answer *answer)
{
    jt_secret_release(&answer->memory);
    answer->len = 0;
}

/* The sentence for a socket that does not answer, by what the kernel said. */
static enum jt_err socket_failed(const char *path, long os_errno, const char *detail,
                                 struct jt_diag *diag)
{
    switch (os_errno) {
    case ENOENT:
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "there is no admin socket %s; start jetond, or name its socket with "
                            "--socket or JETON_SOCKET",
                            path);
    case EACCES:
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "no permission to open the admin socket %s; become a user who may",
                            path);
    case ECONNREFUSED:
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "no jetond listens on %s; start it, or name its socket with --socket "
                            "or JETON_SOCKET",
                            path);
    default:
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "the admin socket %s does not answer (%s); look at jetond's log", path,
                            detail);
    }
}

static enum jt_err failed(CURL *curl, const struct jt_cli_http_request *request,
                          const struct jt_cli_http_answer *answer, CURLcode code,
                          const char *detail, struct jt_diag *diag)
{
    if (code == CURLE_OUT_OF_MEMORY) {
        return JT_ERR_NOMEM;
    }
    if (code == CURLE_WRITE_ERROR) {
        return jt_diag_fail(diag, JT_ERR_UNREACHABLE,
                            "the answer of %s is too large (over %zu bytes) for here", request->url,
                            answer->len);
    }
    if (request->socket != NULL) {
        long os_errno = 0;
        (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_errno); /* 0 when not known */
        return socket_failed(request->socket, os_errno, detail, diag);
    }
    return jt_diag_fail(diag, JT_ERR_UNREACHABLE, "%s cannot be reached (%s); %s", request->url,
                        detail,
                        code == CURLE_PEER_FAILED_VERIFICATION
                            ? "give its CA by --ca-file PEM, or check the name in the URL"
                            : "check URL and network");
}

static CURLcode set_peer(CURL *curl, const struct jt_cli_http_request *request)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, request->url);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    }
    if (code == CURLE_OK) {
        /* a client called ".." is a segment, not a step up */
        code = curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    }
    if (code == CURLE_OK && request->socket != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    }
    if (code == CURLE_OK && strncmp(request->url, "http:", 5) == 0) {
        code = curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* a socket or loopback has no proxy */
    }
    if (code == CURLE_OK && request->ca_file != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    }
    return code;
}

static CURLcode set_request(CURL *curl, const struct jt_cli_http_request *request,
                            struct curl_slist *headers)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (code == CURLE_OK && request->body.n > 0) {
        code = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
    }
    if (code == CURLE_OK && request->body.n > 0) {
        code = curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.p);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    }
    return code;
}

static CURLcode set_authorization(CURL *curl, const struct jt_cli_http_request *request)
{
    CURLcode code = CURLE_OK;
    if (request->user != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
    }
    if (code == CURLE_OK && request->user != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    }
    if (code == CURLE_OK && request->bearer != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    }
    if (code == CURLE_OK && request->bearer != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, request->bearer);
    }
    return code;
}

static CURLcode set_answer(CURL *curl, const struct jt_cli_http_request *request,
                           struct jt_cli_http_answer *answer, char *detail)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                                request->timeout_ms > 0 ? request->timeout_ms : TOTAL_MS);
    }
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) : code;
}

/* Appends "NAME: VALUE" to `*list`; with an empty value, what keeps libcurl from sending its own. */
static enum jt_err add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[256];
    int n = snprintf(line, sizeof line, "%s:%s%s", name, value[0] != 0 ? " " : "", value);
    if (n < 0 || (size_t)n >= sizeof line) {
        return JT_ERR_LIMIT;
    }
    struct curl_slist *more = curl_slist_append(*list, line);
    if (more == NULL) {
        return JT_ERR_NOMEM;
    }
    *list = more;
    return JT_OK;
}

static enum jt_err make_headers(const struct jt_cli_http_request *request, struct curl_slist **list)
{
    JT_TRY(add_header(list, "Accept", "application/json"));
    if (request->body.n == 0 && request->upload == NULL) {
        return JT_OK;
    }
    JT_TRY(add_header(list, "Content-Type", request->content_type));
    /* RFC 9110 sec. 10.1.1: an upload is not begun when its head alone is refused */
    return add_header(list, "Expect", request->upload != NULL ? "100-continue" : "");
}

/* An upload on its way. */
struct upload {
    const struct jt_cli_http_upload *of; /* NULL: none */
    size_t sent;
};

static size_t on_read(char *bytes, size_t size, size_t n, void *ctx)
{
    struct upload *upload = ctx;
    size_t left = upload->of->len - upload->sent;
    n = n * size < left ? n * size : left; /* libcurl's size is 1 */
    ssize_t got = n == 0 ? 0 : pread(upload->of->fd, bytes, n, (off_t)upload->sent);
    if (got < 0 || (got == 0 && n > 0)) {
        return CURL_READFUNC_ABORT; /* the file is ours: its disk failed */
    }
    upload->sent += (size_t)got;
    if (upload->of->progress != NULL) {
        upload->of->progress(upload->of->ctx, upload->sent);
    }
    return (size_t)got;
}

/* When a connection turns out to be dead, libcurl opens another and begins the body anew. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct upload *upload = ctx;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > upload->of->len) {
        return CURL_SEEKFUNC_FAIL;
    }
    upload->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static CURLcode set_upload(CURL *curl, struct upload *upload)
{
    CURLcode code = curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->of->len);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_READDATA, upload);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
    }
    if (code == CURLE_OK) {
        code = curl_easy_setopt(curl, CURLOPT_SEEKDATA, upload);
    }
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_PIECE)
                            : code;
}

static CURLcode set_all(CURL *curl, const struct jt_cli_http_request *request,
                        struct curl_slist *headers, struct jt_cli_http_answer *answer, char *detail)
{
    CURLcode code = set_peer(curl, request);
    code = code == CURLE_OK ? set_request(curl, request, headers) : code;
    code = code == CURLE_OK ? set_authorization(curl, request) : code;
    return code == CURLE_OK ? set_answer(curl, request, answer, detail) : code;
}

static enum jt_err perform(CURL *curl, const struct jt_cli_http_request *request,
                           struct curl_slist *headers, struct jt_cli_http_answer *answer,
                           struct jt_diag *diag)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct upload upload = {request->upload, 0};
    CURLcode code = set_all(curl, request, headers, answer, detail);
    code = code == CURLE_OK && upload.of != NULL ? set_upload(curl, &upload) : code;
    code = code == CURLE_OK ? curl_easy_perform(curl) : code;
    if (code == CURLE_OK) {
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    }
    if (code != CURLE_OK) {
        const char *why = detail[0] != 0 ? detail : curl_easy_strerror(code);
        return failed(curl, request, answer, code, why, diag);
    }
    return JT_OK;
}

enum jt_err jt_cli_http_send(const struct jt_cli_http_request *request,
                             struct jt_cli_http_answer *out_answer, struct jt_diag *diag)
{
    if (request->socket != NULL &&
        strlen(request->socket) >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
        return jt_diag_fail(diag, JT_ERR_USAGE,
                            "the socket's path is longer than a socket's can be: %s",
                            request->socket);
    }
    struct curl_slist *headers = NULL;
    CURL *curl = curl_easy_init();
    enum jt_err err = curl == NULL ? JT_ERR_NOMEM : make_headers(request, &headers);
    err = err == JT_OK ? perform(curl, request, headers, out_answer, diag) : err;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return err;
}

static bool is_loopback(const char *host)
{
    struct jt_span name = jt_span_str(host);
    if (jt_span_is(name, "localhost") || jt_span_is(name, "[::1]")) {
        return true;
    }
    /* libcurl has normalised an IPv4 address to four decimal numbers */
    size_t digits = strspn(host, "0123456789.");
    return jt_span_starts(name, JT_SPAN("127.")) && digits == name.n;
}

static char *url_part(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    (void)curl_url_get(parsed, part, &text, 0); /* NULL: the URL has no such part */
    return text;
}

static enum jt_err check_parts(CURLU *parsed, const char *what, struct jt_diag *diag)
{
    static const CURLUPart refused[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                        CURLUPART_FRAGMENT};
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        char *text = url_part(parsed, refused[i]);
        if (text != NULL) {
            curl_free(text);
            return jt_diag_fail(diag, JT_ERR_USAGE,
                                "%s must have no user, query or fragment; leave them out", what);
        }
    }
    char *scheme = url_part(parsed, CURLUPART_SCHEME);
    char *host = url_part(parsed, CURLUPART_HOST);
    bool good =
        scheme != NULL && host != NULL &&
        (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host)));
    curl_free(scheme);
    curl_free(host);
    return good ? JT_OK
                : jt_diag_fail(diag, JT_ERR_USAGE,
                               "%s must be https, or http on loopback; correct the URL", what);
}

enum jt_err jt_cli_http_check_url(const char *what, const char *url, struct jt_diag *diag)
{
    CURLU *parsed = curl_url();
    if (parsed == NULL) {
        return JT_ERR_NOMEM;
    }
    enum jt_err err;
    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        err = jt_diag_fail(diag, JT_ERR_USAGE, "%s is not an absolute URL; write https://HOST/...",
                           what);
    } else {
        err = check_parts(parsed, what, diag);
    }
    curl_url_cleanup(parsed);
    return err;
}

enum jt_err jt_cli_http_encode(struct jt_buf *out, struct jt_span text)
{
    /* RFC 3986 sec. 2.3: what stands for itself */
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = memchr(unreserved, c, sizeof unreserved - 1) != NULL;
        JT_TRY(plain ? jt_buf_putc(out, (char)c) : jt_buf_printf(out, "%%%02X", c));
    }
    return JT_OK;
}
