/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/store/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/base.h"

#define TRIES 3 /* at a part that goes away while it is opened */

static enum jt_err fail_errno(const char *path, struct jt_diag *diag, const char *what)
{
    return jt_diag_fail(diag, JT_ERR_STORE,
                        "%s: cannot be %s: %s; name another place, or see to its folder and disk",
                        path, what, strerror(errno));
}

static enum jt_err exists(const char *path, struct jt_diag *diag)
{
    return jt_diag_fail(diag, JT_ERR_EXISTS,
                        "%s: exists already; name another file, or replace it with "
                        "--force",
                        path);
}

enum jt_err jt_newfile_sync(const char *path, struct jt_diag *diag)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path); /* a path that was opened */
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder ? 1 : 0] = 0;
    }
    int fd = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int why = errno;
    if (fd >= 0) {
        (void)close(fd); /* only synced */
    }
    errno = why;
    return rc == 0 ? JT_OK : fail_errno(path, diag, "synced");
}

/* --- the part --- */

static enum jt_err check_target(const char *path, bool replace, struct jt_diag *diag)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT ? JT_OK : fail_errno(path, diag, "made");
    }
    if (!S_ISREG(st.st_mode)) {
        return jt_diag_fail(diag, JT_ERR_STORE, "%s: is not a file; name a file", path);
    }
    return replace ? JT_OK : exists(path, diag);
}

enum part { OURS, OTHERS, GONE };

/* What is the file of the locked `fd`? One that is called `part` no more is gone. One that is another
 * user's, or has a second name, is not for us to change: whoever published it was killed before he
 * took the first name away. */
static enum part judge(const char *part, int fd)
{
    struct stat named, opened;
    if (lstat(part, &named) != 0 || fstat(fd, &opened) != 0 || named.st_dev != opened.st_dev ||
        named.st_ino != opened.st_ino) {
        return GONE;
    }
    return S_ISREG(opened.st_mode) && opened.st_nlink == 1 && opened.st_uid == geteuid() ? OURS
                                                                                         : OTHERS;
}

/* -1 with errno: EWOULDBLOCK when another has it, ESTALE when there was none of ours and another try
 * may make one. */
static int open_part(const char *part)
{
    int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        enum part what = judge(part, fd);
        if (what == OURS) {
            return fd;
        }
        errno = what == GONE || unlink(part) == 0 ? ESTALE : errno;
    }
    int why = errno;
    (void)close(fd); /* nothing was written */
    errno = why;
    return -1;
}

static enum jt_err make_part(struct jt_newfile *file, struct jt_diag *diag)
{
    int fd = open_part(file->part);
    for (int i = 1; i < TRIES && fd < 0 && errno == ESTALE; i++) {
        fd = open_part(file->part);
    }
    if (fd < 0 && errno == EWOULDBLOCK) {
        return jt_diag_fail(diag, JT_ERR_STORE,
                            "%s: is being written by another program; wait for it, or name another "
                            "file",
                            file->part);
    }
    if (fd < 0) {
        return fail_errno(file->part, diag, "made");
    }
    file->fd = fd;
    if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0) {
        return fail_errno(file->part, diag, "made");
    }
    return JT_OK;
}

enum jt_err jt_newfile_begin(struct jt_newfile *file, const char *path, bool replace,
                             struct jt_diag *diag)
{
    int n = snprintf(file->part, sizeof file->part, "%s.part", path);
    if (n < 0 || (size_t)n >= sizeof file->part) {
        return jt_diag_fail(diag, JT_ERR_STORE, "%.100s...: too long a path; choose a shorter one",
                            path);
    }
    (void)snprintf(file->path, sizeof file->path, "%s", path); /* shorter than the part's */
    file->replace = replace;
    JT_TRY(check_target(path, replace, diag));
    return make_part(file, diag);
}

void jt_newfile_release(struct jt_newfile *file)
{
    if (file->fd >= 0) {
        (void)unlink(file->part); /* the failure before it is told */
        (void)close(file->fd);    /* synced, or not wanted */
        file->fd = -1;
    }
}

/* --- its name --- */

/* Fails with EEXIST where there is such a file; file systems know one way of this or the other. */
static int rename_new(const char *part, const char *path)
{
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (link(part, path) != 0) {
        return -1;
    }
    (void)unlink(part); /* one that stays is told by its two names, and removed */
    return 0;
}

enum jt_err jt_newfile_publish(struct jt_newfile *file, struct jt_diag *diag)
{
    if (fsync(file->fd) != 0) {
        return fail_errno(file->part, diag, "synced");
    }
    if (judge(file->part, file->fd) != OURS) {
        return jt_diag_fail(diag, JT_ERR_STORE, "%s: was taken away meanwhile; try again",
                            file->part);
    }
    int rc = file->replace ? rename(file->part, file->path) : rename_new(file->part, file->path);
    if (rc != 0) {
        return errno == EEXIST ? exists(file->path, diag) : fail_errno(file->path, diag, "made");
    }
    (void)close(file->fd); /* synced */
    file->fd = -1;
    return jt_newfile_sync(file->path, diag);
}
