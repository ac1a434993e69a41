/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/sqlitelock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base.h"

#define TRIES    20
#define PAUSE_NS (50 * 1000 * 1000)

static enum jt_err lock_name(const char *path, char out[PATH_MAX], struct jt_diag *diag)
{
    int n = snprintf(out, PATH_MAX, "%s.lock", path);
    if (n < 0 || n >= PATH_MAX) {
        return jt_diag_fail(diag, JT_ERR_STORE, "%.100s...: too long a path; choose a shorter one",
                            path);
    }
    return JT_OK;
}

/* 0, or the errno of the last try. */
static int lock_within_a_second(int fd)
{
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return 0;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return errno;
        }
        const struct timespec pause = {0, PAUSE_NS};
        (void)nanosleep(&pause, NULL); /* woken early: one try sooner */
    }
    return EWOULDBLOCK;
}

enum jt_err jt_sqlitelock_take(const char *path, int *out_fd, struct jt_diag *diag)
{
    char name[PATH_MAX];
    JT_TRY(lock_name(path, name, diag));
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return jt_diag_fail(
            diag, JT_ERR_STORE,
            "%s: cannot be opened: %s; make the folder, and give the user that runs "
            "jetond write access to it",
            name, strerror(errno));
    }
    int why = lock_within_a_second(fd);
    if (why != 0) {
        (void)close(fd); /* nothing was written */
        if (why == EWOULDBLOCK) {
            return jt_diag_fail(diag, JT_ERR_STORE,
                                "%s: is in use by another jetond; stop that one first, or name "
                                "another file",
                                path);
        }
        return jt_diag_fail(diag, JT_ERR_STORE, "%s: cannot be locked: %s; use a local disk", name,
                            strerror(why));
    }
    *out_fd = fd;
    return JT_OK;
}

enum jt_err jt_sqlitelock_look(const char *path, int *out_fd, bool *out_running,
                               struct jt_diag *diag)
{
    char name[PATH_MAX];
    JT_TRY(lock_name(path, name, diag));
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: cannot be opened: %s; look as the user that runs jetond", name,
                            strerror(errno));
    }
    bool running = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
    if (running) {
        (void)close(fd); /* nothing was written */
        fd = -1;
    }
    *out_fd = fd;
    *out_running = running;
    return JT_OK;
}
