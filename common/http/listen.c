/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/folder.h"

#include "common/base/base.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
};

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static enum jt_err fail_system(struct jt_diag *diag, const char *address)
{
    switch (errno) {
    case EADDRINUSE:
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: the port is in use; stop what listens there "
                            "(`ss -ltnp` names it) or choose another port",
                            address);
    case EACCES:
    case EPERM:
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: no right to; a port below 1024 needs "
                            "CAP_NET_BIND_SERVICE, a UNIX socket a folder that may be written",
                            address);
    case EADDRNOTAVAIL:
        return jt_diag_fail(
            diag, JT_ERR_IO,
            "cannot listen on %s: this machine does not have that address; give one "
            "that `ip addr` shows",
            address);
    case ENOENT:
    case ENOTDIR:
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: its folder is not there; make it, or configure "
                            "another path",
                            address);
    default:
        return jt_diag_fail(diag, JT_ERR_IO, "cannot listen on %s: %s", address, strerror(errno));
    }
}

static bool parse_port(const char *text, in_port_t *out_port)
{
    size_t n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n) {
        return false;
    }
    unsigned long port = strtoul(text, NULL, 10);
    if (port > 65535) {
        return false;
    }
    *out_port = htons((uint16_t)port);
    return true;
}

/* "[v6]:port" or "v4:port"; names are not looked up: an address says what is bound. */
static bool parse_tcp(const char *address, union address *out_addr, socklen_t *out_n)
{
    const char *colon = strrchr(address, ':');
    in_port_t port;
    char host[INET6_ADDRSTRLEN];
    if (colon == NULL || !parse_port(colon + 1, &port)) {
        return false;
    }
    bool v6 = address[0] == '[' && colon > address + 1 && colon[-1] == ']';
    const char *from = v6 ? address + 1 : address;
    size_t n = (size_t)(colon - from) - (v6 ? 1 : 0);
    if (n >= sizeof host) {
        return false;
    }
    memcpy(host, from, n);
    host[n] = 0;
    *out_addr = (union address){0};
    if (v6) {
        out_addr->v6.sin6_family = AF_INET6;
        out_addr->v6.sin6_port = port;
        *out_n = sizeof out_addr->v6;
        return inet_pton(AF_INET6, host, &out_addr->v6.sin6_addr) == 1;
    }
    out_addr->v4.sin_family = AF_INET;
    out_addr->v4.sin_port = port;
    *out_n = sizeof out_addr->v4;
    return inet_pton(AF_INET, host, &out_addr->v4.sin_addr) == 1;
}

/* The address as bound: port 0 has become a real one. */
static bool name_tcp(struct jt_listen *listen)
{
    union address addr = {0};
    socklen_t n = sizeof addr;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(listen->fd, &addr.any, &n) != 0) {
        return false;
    }
    bool v6 = addr.any.sa_family == AF_INET6;
    const void *ip = v6 ? (const void *)&addr.v6.sin6_addr : (const void *)&addr.v4.sin_addr;
    unsigned port = ntohs(v6 ? addr.v6.sin6_port : addr.v4.sin_port);
    if (inet_ntop(addr.any.sa_family, ip, host, sizeof host) == NULL) {
        return false;
    }
    (void)snprintf(listen->address, sizeof listen->address, v6 ? "[%s]:%u" : "%s:%u", host,
                   port); /* 53 bytes at most */
    return true;
}

static bool bind_tcp(int fd, const union address *addr, socklen_t n)
{
    const int on = 1, off = 0;
    /* "[::]:port" serves IPv4 too, whatever the machine's default is */
    bool both = addr->any.sa_family != AF_INET6 ||
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0;
    return both && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, &addr->any, n) == 0 && listen(fd, SOMAXCONN) == 0;
}

static enum jt_err fail_form(struct jt_diag *diag, const char *address)
{
    return jt_diag_fail(diag, JT_ERR_IO,
                        "cannot listen on %s: write an address and a port, as in 127.0.0.1:8080 or "
                        "[::1]:8080, or the path of a UNIX socket",
                        address);
}

static enum jt_err open_tcp(const char *address, struct jt_listen *listen, struct jt_diag *diag)
{
    union address addr;
    socklen_t n;
    if (!parse_tcp(address, &addr, &n)) {
        return fail_form(diag, address);
    }
    listen->fd = open_socket(addr.any.sa_family);
    if (listen->fd < 0 || !bind_tcp(listen->fd, &addr, n) || !name_tcp(listen)) {
        return fail_system(diag, address);
    }
    return JT_OK;
}

/* Whether something accepts at the path (or might: anything but a plain refusal counts). */
static bool is_answered(const union address *addr)
{
    int fd = open_socket(AF_UNIX);
    if (fd < 0) {
        return true;
    }
    bool refused = connect(fd, &addr->any, sizeof addr->path) != 0 && errno == ECONNREFUSED;
    (void)close(fd); /* nothing was written */
    return !refused;
}

/* Makes way at the path: nothing there, or a socket that nobody answers on any more. */
static enum jt_err clear_path(const union address *addr, struct jt_diag *diag)
{
    const char *path = addr->path.sun_path;
    struct stat there;
    if (lstat(path, &there) != 0) {
        return errno == ENOENT ? JT_OK : fail_system(diag, path);
    }
    if (!S_ISSOCK(there.st_mode)) {
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: a file that is not a socket is there; move it "
                            "away or choose another path",
                            path);
    }
    if (is_answered(addr)) {
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: another process answers there; stop it or "
                            "choose another path",
                            path);
    }
    return unlink(path) == 0 ? JT_OK : fail_system(diag, path);
}

/* Nothing can connect between bind and listen: the mode is there before the first who could. */
static bool bind_unix(struct jt_listen *out, const union address *addr, unsigned mode)
{
    const char *path = addr->path.sun_path;
    struct stat made;
    if (bind(out->fd, &addr->any, sizeof addr->path) != 0) {
        return false;
    }
    if (lstat(path, &made) != 0) {
        return false;
    }
    out->is_unix = true;
    out->dev = made.st_dev;
    out->ino = made.st_ino;
    return chmod(path, mode == 0 ? 0600 : (mode_t)mode) == 0 && listen(out->fd, SOMAXCONN) == 0;
}

static enum jt_err check_path(const char *address, struct jt_diag *diag)
{
    size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    if (strlen(address) > max) {
        return jt_diag_fail(diag, JT_ERR_IO,
                            "cannot listen on %s: the path of a UNIX socket has at most %zu bytes",
                            address, max);
    }
    return JT_OK;
}

static enum jt_err open_unix(const char *address, unsigned mode, struct jt_listen *listen,
                             struct jt_diag *diag)
{
    union address addr = {.path = {.sun_family = AF_UNIX}};
    size_t n = strlen(address);
    JT_TRY(check_path(address, diag));
    memcpy(addr.path.sun_path, address, n + 1);
    memcpy(listen->address, address, n + 1);
    JT_TRY(clear_path(&addr, diag));
    listen->fd = open_socket(AF_UNIX);
    if (listen->fd < 0 || !bind_unix(listen, &addr, mode)) {
        return fail_system(diag, address);
    }
    return JT_OK;
}

enum jt_err jt_listen_check(const char *address, struct jt_diag *diag)
{
    union address addr;
    socklen_t n;
    if (strchr(address, '/') == NULL) {
        return parse_tcp(address, &addr, &n) ? JT_OK : fail_form(diag, address);
    }
    JT_TRY(check_path(address, diag));
    return jt_folder_check(address, diag);
}

enum jt_err jt_listen_open(const char *address, unsigned mode, struct jt_listen *out_listen,
                           struct jt_diag *diag)
{
    struct jt_listen listen = {.fd = -1};
    enum jt_err err = strchr(address, '/') != NULL ? open_unix(address, mode, &listen, diag)
                                                   : open_tcp(address, &listen, diag);
    if (err != JT_OK) {
        jt_listen_close(&listen);
        return err;
    }
    *out_listen = listen;
    return JT_OK;
}

static enum jt_err fail_adopted(struct jt_diag *diag, const char *name, const char *what)
{
    return jt_diag_fail(diag, JT_ERR_CONFIG,
                        "the socket that was handed over as '%s' %s (systemd.socket(5))", name,
                        what);
}

static bool is_listening(int fd)
{
    int type = 0, listens = 0;
    socklen_t n = sizeof type, m = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &m) == 0 && listens != 0;
}

/* Its path, or "@name" of an abstract one. */
static void name_unix(const union address *addr, socklen_t n, struct jt_listen *listen)
{
    size_t room = sizeof addr->path.sun_path;
    size_t given = (size_t)n - offsetof(struct sockaddr_un, sun_path);
    size_t end =
        given < room ? given : room; /* the kernel tells one more for a path that fills it */
    memcpy(listen->address, addr->path.sun_path, end);
    listen->address[end] = 0;
    if (listen->address[0] == 0) {
        listen->address[0] = '@';
    }
}

static enum jt_err adopt_unix(const union address *addr, socklen_t n, const char *name,
                              unsigned mode, struct jt_listen *listen, struct jt_diag *diag)
{
    struct stat file = {.st_mode = 0777}; /* whoever is on this machine */
    listen->is_unix = true;
    name_unix(addr, n, listen);
    if (listen->address[0] != '@' && stat(listen->address, &file) != 0) {
        return fail_adopted(diag, name, "is at a path that is not seen here; its folder has to be");
    }
    if ((file.st_mode & 0666 & ~mode) != 0) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "the socket that was handed over as '%s' may be opened by more than it "
                            "should: its mode is %04o; set SocketMode=%04o (systemd.socket(5))",
                            name, (unsigned)file.st_mode & 0777, mode);
    }
    return JT_OK;
}

static enum jt_err adopt(const char *name, unsigned mode, struct jt_listen *listen,
                         struct jt_diag *diag)
{
    union address addr = {0};
    socklen_t n = sizeof addr;
    if (!is_listening(listen->fd) || getsockname(listen->fd, &addr.any, &n) != 0) {
        return fail_adopted(diag, name,
                            "does not listen for connections; use ListenStream= and "
                            "Accept=no");
    }
    int flags = fcntl(listen->fd, F_GETFL);
    if (flags < 0 || fcntl(listen->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(listen->fd, F_SETFD, FD_CLOEXEC) != 0) {
        return fail_adopted(diag, name, "cannot be set not to wait");
    }
    if (addr.any.sa_family == AF_UNIX) {
        return adopt_unix(&addr, n, name, mode, listen, diag);
    }
    if ((addr.any.sa_family != AF_INET && addr.any.sa_family != AF_INET6) || !name_tcp(listen)) {
        return fail_adopted(diag, name,
                            "is neither TCP nor UNIX; give ListenStream= an address "
                            "and port, or a path");
    }
    return JT_OK;
}

enum jt_err jt_listen_adopt(int fd, const char *name, unsigned mode, struct jt_listen *out_listen,
                            struct jt_diag *diag)
{
    struct jt_listen listen = {.fd = fd, .adopted = true};
    enum jt_err err = adopt(name, mode, &listen, diag);
    if (err != JT_OK) {
        jt_listen_close(&listen);
        return err;
    }
    *out_listen = listen;
    return JT_OK;
}

/* The file that was made: an inode's number may be another's by now, so nobody may answer either.
 */
static bool is_ours(const struct jt_listen *listen)
{
    union address addr = {.path = {.sun_family = AF_UNIX}};
    struct stat there;
    memcpy(addr.path.sun_path, listen->address, sizeof addr.path.sun_path);
    return lstat(listen->address, &there) == 0 && there.st_dev == listen->dev &&
           there.st_ino == listen->ino && !is_answered(&addr);
}

void jt_listen_close(struct jt_listen *listen)
{
    if (listen->fd >= 0) {
        (void)close(listen->fd); /* a listening socket has nothing to lose */
    }
    listen->fd = -1;
    if (listen->is_unix && !listen->adopted && is_ours(listen)) {
        (void)unlink(listen->address); /* at worst a stale file, which the next start replaces */
    }
    listen->is_unix = false;
}
