/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/http/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/base.h"

static int connect_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof addr.sun_path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_tcp(const char *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v6 = address[0] == '[';
    const char *colon = strrchr(address, ':');
    uint16_t port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    char host[64] = "";
    memcpy(host, address + is_v6, (size_t)(colon - address) - 2 * is_v6);
    v4.sin_port = v6.sin6_port = port;
    assert_int_equal(is_v6 ? inet_pton(AF_INET6, host, &v6.sin6_addr)
                           : inet_pton(AF_INET, host, &v4.sin_addr),
                     1);
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const int on = 1;
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    int failed = is_v6 ? connect(fd, (struct sockaddr *)&v6, sizeof v6)
                       : connect(fd, (struct sockaddr *)&v4, sizeof v4);
    if (failed) {
        close(fd);
        return -1;
    }
    return fd;
}

int wire_try_connect(const char *address)
{
    int fd = strchr(address, '/') != NULL ? connect_unix(address) : connect_tcp(address);
    if (fd >= 0) {
        const struct timeval wait = {.tv_sec = WIRE_WAIT_S};
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait), 0);
    }
    return fd;
}

int wire_connect(const char *address)
{
    int fd = wire_try_connect(address);
    assert_true(fd >= 0);
    return fd;
}

void wire_send(int fd, struct jt_span bytes, size_t piece)
{
    size_t at = 0;
    while (at < bytes.n) {
        size_t n = bytes.n - at;
        n = piece > 0 && n > piece ? piece : n;
        ssize_t sent = send(fd, bytes.p + at, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        at += (size_t)sent;
    }
}

size_t wire_read_all(int fd, char *text, size_t size)
{
    size_t n = 0;
    for (;;) {
        assert_true(n + 1 < size);
        ssize_t got = recv(fd, text + n, size - 1 - n, 0);
        if (got <= 0) {
            assert_true(got == 0 || errno != EAGAIN); /* it ended; a reset is an end too */
            break;
        }
        n += (size_t)got;
    }
    text[n] = 0;
    close(fd);
    return n;
}

/* The length of the answer whose head is complete at `end`. */
static size_t answer_length(const char *text, const char *end, bool head_only)
{
    size_t head = (size_t)(end - text) + 4;
    const char *field = strcasestr(text, "\r\nContent-Length: ");
    if (head_only || field == NULL || field > end) {
        return head;
    }
    return head + strtoul(field + sizeof "\r\nContent-Length: " - 1, NULL, 10);
}

void wire_read_answer(int fd, bool head_only, char *text, size_t size)
{
    size_t n = 0, want = 0;
    while (want == 0 || n < want) {
        assert_true(n + 1 < size);
        /* byte by byte up to the body, so that nothing of a next answer is taken */
        ssize_t got = recv(fd, text + n, want == 0 ? 1 : want - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        text[n] = 0;
        const char *end = want == 0 ? strstr(text, "\r\n\r\n") : NULL;
        if (end != NULL) {
            want = answer_length(text, end, head_only);
        }
        assert_true(want < size);
    }
}

int wire_status(const char *text)
{
    return strncmp(text, "HTTP/1.", 7) == 0 ? (int)strtoul(text + 9, NULL, 10) : 0;
}

size_t wire_count(const char *text)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")) != NULL; at++) {
        n += at[9] >= '1' && at[9] <= '9'; /* not the words of a body */
    }
    return n;
}

const char *wire_next(const char *text)
{
    return text[0] == 0 ? NULL : strstr(text + 1, "HTTP/1.1 ");
}
