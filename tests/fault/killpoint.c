/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for LD_PRELOAD that counts a program's calls which change files, and at the n-th lets
 * it die or fail: run a program for n = 1, 2, ... until it ends untouched, and every point at which
 * it could have been interrupted was met. Counted before they happen: write, writev, pwrite, fsync,
 * fdatasync, ftruncate, unlink, link, rename. Told by the environment:
 *
 *     KILLPOINT=n             the call to meet, from 1; without it calls are only counted
 *     KILLPOINT_MODE=kill     the process dies by SIGKILL before the call (the default)
 *                    eio      the call fails with EIO, later ones work
 *                    enospc   the call fails with ENOSPC, later ones work
 *                    full     from the call on, all that write fail with ENOSPC
 *     KILLPOINT_FILE=prefix   counts only calls on descriptors or names whose path begins so
 *     KILLPOINT_CALLS=syncs    counts only fsync and fdatasync
 *                    =sends    counts only send, which else is not counted: what a database's server
 *                              is told
 *     KILLPOINT_ARM=file      counts (and fails) only while this file exists
 *     KILLPOINT_REPORT=file   holds the count at any time, as decimal digits
 *
 * The calls are made as bare system calls of a 64-bit Linux, so that it needs no other library's
 * symbols and goes before a sanitizer's (ASAN_OPTIONS=verify_asan_link_order=0).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum what { WRITES, SYNCS, OTHER, SENDS };

static struct {
    long point; /* 0: none */
    int error;  /* 0: die */
    bool lasting;
    bool only_syncs, only_sends;
    const char *prefix, *arm;
    int report_fd;
    atomic_long count;
} k = {.report_fd = -1};

static const struct {
    const char *name;
    int error;
    bool lasting;
} modes[] = {
    {"kill", 0, false}, {"eio", EIO, false}, {"enospc", ENOSPC, false}, {"full", ENOSPC, true}};

static void report(long count)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%ld\n", count);
    (void)syscall(SYS_pwrite64, k.report_fd, digits, (size_t)n, 0L);
}

static void choose_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, name) == 0) {
            k.error = modes[i].error;
            k.lasting = modes[i].lasting;
            return;
        }
    }
    (void)fprintf(stderr, "killpoint: KILLPOINT_MODE=%s is not known\n", name);
    abort();
}

__attribute__((constructor)) static void start(void)
{
    const char *point = getenv("KILLPOINT");
    const char *mode = getenv("KILLPOINT_MODE");
    const char *name = getenv("KILLPOINT_REPORT");
    const char *calls = getenv("KILLPOINT_CALLS");
    k.point = point == NULL ? 0 : strtol(point, NULL, 10);
    k.prefix = getenv("KILLPOINT_FILE");
    k.arm = getenv("KILLPOINT_ARM");
    k.only_syncs = calls != NULL && strcmp(calls, "syncs") == 0;
    k.only_sends = calls != NULL && strcmp(calls, "sends") == 0;
    choose_mode(mode == NULL ? "kill" : mode);
    if (name != NULL) {
        k.report_fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        report(0);
    }
}

static bool concerns(const char *path)
{
    return k.prefix == NULL || strncmp(path, k.prefix, strlen(k.prefix)) == 0;
}

static bool concerns_fd(int fd)
{
    char link[64];
    char path[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) {
        return false;
    }
    path[n] = 0;
    return concerns(path);
}

/* Counts a call; true: it must fail with errno as set. */
static bool met(enum what what)
{
    if ((k.only_syncs && what != SYNCS) || k.only_sends != (what == SENDS) ||
        (k.arm != NULL && access(k.arm, F_OK) != 0)) {
        return false;
    }
    long count = atomic_fetch_add(&k.count, 1) + 1;
    if (k.report_fd >= 0) {
        report(count);
    }
    bool now = count == k.point;
    if (k.lasting) {
        now = k.point > 0 && count >= k.point && what == WRITES;
    }
    if (now && k.error == 0) {
        (void)syscall(SYS_kill, getpid(), SIGKILL);
    }
    errno = now ? k.error : errno;
    return now;
}

static bool fails_fd(int fd, enum what what)
{
    int before = errno;
    bool fails = concerns_fd(fd) && met(what);
    errno = fails ? errno : before;
    return fails;
}

static bool fails_path(const char *path)
{
    int before = errno;
    bool fails = concerns(path) && met(OTHER);
    errno = fails ? errno : before;
    return fails;
}

/* libc's own parameter names are reserved ones */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int fd, const void *bytes, size_t n)
{
    return fails_fd(fd, WRITES) ? -1 : syscall(SYS_write, fd, bytes, n);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return fails_fd(fd, WRITES) ? -1 : syscall(SYS_writev, fd, parts, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return fails_fd(fd, WRITES) ? -1 : syscall(SYS_pwrite64, fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return fails_fd(fd, WRITES) ? -1 : syscall(SYS_pwrite64, fd, bytes, n, at);
}

int fsync(int fd)
{
    return fails_fd(fd, SYNCS) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails_fd(fd, SYNCS) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t n)
{
    return fails_fd(fd, OTHER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int ftruncate64(int fd, off64_t n)
{
    return fails_fd(fd, OTHER) ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

int unlink(const char *path)
{
    return fails_path(path) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int rename(const char *from, const char *to)
{
    return fails_path(from) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    return met(SENDS) ? -1
                      : syscall(SYS_sendto, fd, bytes, n, (unsigned long)(unsigned)flags, NULL, 0L);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return fails_path(from)
               ? -1
               : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, (unsigned long)flags);
}

int link(const char *from, const char *to)
{
    return fails_path(from) ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
