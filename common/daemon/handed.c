/* SPDX-License-Identifier: Apache-2.0 */
#include "common/daemon/handed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/base.h"

#define FIRST 3 /* SD_LISTEN_FDS_START */

bool jt_handed_number(const char *text, int64_t max, int64_t *out_value)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != 0 || value > max) {
        return false;
    }
    *out_value = value;
    return true;
}

static enum jt_err take_number(const char *variable, const char *text, int64_t max,
                               int64_t *out_value, struct jt_diag *diag)
{
    if (text == NULL || !jt_handed_number(text, max, out_value)) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "%s: '%.32s' is not a number up to %lld; leave it to the service "
                            "manager, or unset LISTEN_FDS",
                            variable, text == NULL ? "" : text, (long long)max);
    }
    return JT_OK;
}

/* The name up to the next ':' off `*names`; empty after the last. */
static enum jt_err take_name(const char **names, char *out, size_t size, struct jt_diag *diag)
{
    size_t n = strcspn(*names, ":");
    if (n >= size) {
        return jt_diag_fail(diag, JT_ERR_CONFIG,
                            "LISTEN_FDNAMES: '%.80s' is too long; set FileDescriptorName=", *names);
    }
    memcpy(out, *names, n);
    out[n] = 0;
    *names += n + ((*names)[n] == ':');
    return JT_OK;
}

static enum jt_err fill(struct jt_handed *handed, size_t n, const char *names, struct jt_diag *diag)
{
    for (; handed->n < n; handed->n++) {
        int fd = FIRST + (int)handed->n;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "LISTEN_FDS: descriptor %d is not open; leave it to the service "
                                "manager, or unset it",
                                fd);
        }
        handed->sockets[handed->n].fd = fd;
        JT_TRY(take_name(&names, handed->sockets[handed->n].name,
                         sizeof handed->sockets[handed->n].name, diag));
    }
    return JT_OK;
}

static enum jt_err parse(struct jt_handed *handed, struct jt_diag *diag)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread yet */
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    /* NOLINTEND(concurrency-mt-unsafe) */
    int64_t whose = 0, n = 0;
    if (fds == NULL) {
        return JT_OK;
    }
    JT_TRY(take_number("LISTEN_PID", pid, INT32_MAX, &whose, diag));
    if (whose != getpid()) {
        return JT_OK;
    }
    JT_TRY(take_number("LISTEN_FDS", fds, JT_HANDED_MAX, &n, diag));
    return fill(handed, (size_t)n, names == NULL ? "" : names, diag);
}

enum jt_err jt_handed_open(struct jt_handed *out_handed, struct jt_diag *diag)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    *out_handed = (struct jt_handed){0};
    enum jt_err err = parse(out_handed, diag);
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        (void)unsetenv(names[i]); // NOLINT(concurrency-mt-unsafe): one thread; names that may be
    }
    if (err != JT_OK) {
        jt_handed_release(out_handed);
    }
    return err;
}

int jt_handed_take(struct jt_handed *handed, const char *name)
{
    for (size_t i = 0; i < handed->n; i++) {
        if (handed->sockets[i].fd >= 0 && strcmp(handed->sockets[i].name, name) == 0) {
            int fd = handed->sockets[i].fd;
            handed->sockets[i].fd = -1;
            return fd;
        }
    }
    return -1;
}

enum jt_err jt_handed_check(const struct jt_handed *handed, const char *known, struct jt_diag *diag)
{
    for (size_t i = 0; i < handed->n; i++) {
        if (handed->sockets[i].fd >= 0) {
            return jt_diag_fail(diag, JT_ERR_CONFIG,
                                "the service manager hands over a socket named '%s', for which "
                                "there is no listener, or a second of that name; set "
                                "FileDescriptorName= to each of %s at most once",
                                handed->sockets[i].name, known);
        }
    }
    return JT_OK;
}

void jt_handed_release(struct jt_handed *handed)
{
    for (size_t i = 0; i < handed->n; i++) {
        if (handed->sockets[i].fd >= 0) {
            (void)close(handed->sockets[i].fd); /* a listening socket has nothing to lose */
        }
    }
    handed->n = 0;
}
