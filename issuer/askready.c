/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/askready.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/span.h"

#include "common/base/base.h"

#define PATIENCE_S 5
#define ANSWER_MAX 4096

static enum jt_err fail_system(struct jt_diag *diag, const char *path)
{
    return jt_diag_fail(diag, JT_ERR_IO,
                        "no issuer answers at %s: %s; is it running, with this admin.socket?", path,
                        strerrordesc_np(errno));
}

static enum jt_err say_and_hear(int fd, const char *path, char *answer, struct jt_diag *diag)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    size_t n = strlen(path), heard = 0;
    if (n >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return fail_system(diag, path);
    }
    memcpy(addr.sun_path, path, n);
    /* both are options that a socket has: cannot fail */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1)) {
        return fail_system(diag, path);
    }
    while (heard < ANSWER_MAX - 1) {
        ssize_t got = recv(fd, answer + heard, ANSWER_MAX - 1 - heard, 0);
        if (got < 0) {
            return fail_system(diag, path);
        }
        if (got == 0) {
            break;
        }
        heard += (size_t)got;
    }
    answer[heard] = 0;
    return JT_OK;
}

static enum jt_err judge(const char *path, const char *answer, struct jt_diag *diag)
{
    struct jt_span whole = jt_span_str(answer);
    const char *body = strstr(answer, "\r\n\r\n");
    if (body == NULL || !jt_span_starts(whole, JT_SPAN("HTTP/1.1 "))) {
        return jt_diag_fail(diag, JT_ERR_IO, "what answers at %s is no issuer", path);
    }
    if (jt_span_starts(whole, JT_SPAN("HTTP/1.1 200 "))) {
        return JT_OK;
    }
    body += 4;
    return jt_diag_fail(diag, JT_ERR_IO, "the issuer serves no tokens: %.*s",
                        (int)strcspn(body, "\r\n"), body);
}

enum jt_err jt_askready(const char *path, struct jt_diag *diag)
{
    char answer[ANSWER_MAX];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail_system(diag, path);
    }
    enum jt_err err = say_and_hear(fd, path, answer, diag);
    (void)close(fd); /* all that was to be said was sent */
    return err == JT_OK ? judge(path, answer, diag) : err;
}
