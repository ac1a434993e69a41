/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for LD_PRELOAD that counts a program's calls which change files, and at the n-th lets
 * it die or fail: run a program for n = 1, 2, ... until it ends untouched, and every point at which
 * it could have been interrupted was met. Counted before they happen: write, writev, pwrite, fsync,
 * fdatasync, ftruncate, link, unlink, rename. Told by the environment:
 *
 *     KILLPOINT=n             the call to meet, from 1; without it calls are only counted
 *     KILLPOINT_MODE=kill     the process dies by SIGKILL before the call (the default)
 *                    eio      the call fails with EIO, later ones work
 *                    enospc   the call fails with ENOSPC, later ones work
 *                    full     from the call on, all that write fail with ENOSPC
 *                    short    the same, but the first of them writes half of its bytes
 *                    torn     the process dies when a call that writes has written half
 *     KILLPOINT_FILE=prefix   counts only calls on descriptors or names whose path begins so
 *     KILLPOINT_CALLS=syncs   counts only fsync and fdatasync
 *                     writes  counts only those that write
 *                     sends   counts only send, which else is not counted: what a database's server
 *                             is told
 *     KILLPOINT_ARM=file      counts (and fails) only while this file exists
 *     KILLPOINT_REPORT=file   holds the count at any time, as decimal digits; not there before 1
 *     KILLPOINT_SHIFT_S=n     the wall clock is so many seconds ahead (negative: behind)
 *     KILLPOINT_AHEAD=file    wall and boot clock are as many seconds ahead as it says now: time
 *                             passes when it is written
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
#include <time.h>
#include <unistd.h>

enum what { WRITES, SYNCS, OTHER, SENDS };

struct mode {
    const char *name;
    int error; /* 0: die */
    bool lasting, half;
};

static struct {
    long point; /* 0: none */
    const struct mode *mode;
    enum what only; /* OTHER: all but SENDS */
    long shift_s;
    const char *prefix, *arm, *report, *ahead;
    atomic_long count;
} k;

static const struct mode modes[] = {{"kill", 0, false, false},        {"eio", EIO, false, false},
                                    {"enospc", ENOSPC, false, false}, {"full", ENOSPC, true, false},
                                    {"short", ENOSPC, true, true},    {"torn", 0, false, true}};

/* Opened for each call: a child that is started later reports to the same file only if it counts. */
static void report(long count)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%ld\n", count);
    long fd = syscall(SYS_openat, AT_FDCWD, k.report, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    (void)syscall(SYS_pwrite64, fd, digits, (size_t)n, 0L);
    (void)syscall(SYS_close, fd);
}

static void choose_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, name) == 0) {
            k.mode = &modes[i];
            return;
        }
    }
    (void)fprintf(stderr, "killpoint: KILLPOINT_MODE=%s is not known\n", name);
    abort();
}

static enum what choose_calls(const char *name)
{
    static const struct {
        const char *name;
        enum what what;
    } calls[] = {{"syncs", SYNCS}, {"writes", WRITES}, {"sends", SENDS}};
    for (size_t i = 0; name != NULL && i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return calls[i].what;
        }
    }
    return OTHER;
}

static long number(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void start(void)
{
    const char *mode = getenv("KILLPOINT_MODE");
    k.point = number("KILLPOINT");
    k.shift_s = number("KILLPOINT_SHIFT_S");
    k.prefix = getenv("KILLPOINT_FILE");
    k.arm = getenv("KILLPOINT_ARM");
    k.report = getenv("KILLPOINT_REPORT");
    k.ahead = getenv("KILLPOINT_AHEAD");
    k.only = choose_calls(getenv("KILLPOINT_CALLS"));
    choose_mode(mode == NULL ? "kill" : mode);
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

static void die(void)
{
    (void)syscall(SYS_kill, getpid(), SIGKILL);
}

/* What becomes of a call. */
enum fate { HAPPENS, FAILS, HALF };

/* Counts a call. FAILS: with errno as set. HALF: it writes half of its bytes. */
static enum fate met(enum what what)
{
    bool counts = k.only == OTHER ? what != SENDS : k.only == what;
    if (!counts || (k.arm != NULL && access(k.arm, F_OK) != 0)) {
        return HAPPENS;
    }
    long count = atomic_fetch_add(&k.count, 1) + 1;
    if (k.report != NULL) {
        report(count);
    }
    bool now = count == k.point;
    if (k.mode->lasting) {
        now = k.point > 0 && count >= k.point && what == WRITES;
    }
    if (now && k.mode->half && count == k.point && what == WRITES) {
        return HALF;
    }
    if (now && k.mode->error == 0) {
        die();
    }
    errno = now ? k.mode->error : errno;
    return now ? FAILS : HAPPENS;
}

static bool fails_fd(int fd, enum what what)
{
    int before = errno;
    bool fails = concerns_fd(fd) && met(what) == FAILS;
    errno = fails ? errno : before;
    return fails;
}

static bool fails_path(const char *path)
{
    int before = errno;
    bool fails = concerns(path) && met(OTHER) == FAILS;
    errno = fails ? errno : before;
    return fails;
}

/* How many of `n` bytes are written to `fd`, -1: the call fails. */
static ssize_t room(int fd, size_t n)
{
    int before = errno;
    enum fate fate = concerns_fd(fd) ? met(WRITES) : HAPPENS;
    if (fate == FAILS) {
        return -1;
    }
    errno = before;
    return (ssize_t)(fate == HALF ? n / 2 : n);
}

static ssize_t written(ssize_t wrote, size_t n)
{
    if (k.mode->half && k.mode->error == 0 && wrote >= 0 && (size_t)wrote < n) {
        die();
    }
    return wrote;
}

/* libc's own parameter names are reserved ones */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t some = room(fd, n);
    return some < 0 ? -1 : written(syscall(SYS_write, fd, bytes, some), n);
}

/* never halved: what has several parts is no file of a database */
ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return fails_fd(fd, WRITES) ? -1 : syscall(SYS_writev, fd, parts, n);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    ssize_t some = room(fd, n);
    return some < 0 ? -1 : written(syscall(SYS_pwrite64, fd, bytes, some, at), n);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return pwrite(fd, bytes, n, at);
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

int link(const char *from, const char *to)
{
    return fails_path(from) ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int rename(const char *from, const char *to)
{
    return fails_path(from) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static long ahead_s(void)
{
    char text[24] = "";
    long fd = k.ahead == NULL ? -1 : syscall(SYS_openat, AT_FDCWD, k.ahead, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)syscall(SYS_read, fd, text, sizeof text - 1);
        (void)syscall(SYS_close, fd);
    }
    return strtol(text, NULL, 10);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return fails_path(from)
               ? -1
               : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, (unsigned long)flags);
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    return met(SENDS) == FAILS
               ? -1
               : syscall(SYS_sendto, fd, bytes, n, (unsigned long)(unsigned)flags, NULL, 0L);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int failed = (int)syscall(SYS_clock_gettime, clock, out);
    if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME)) {
        out->tv_sec += ahead_s() + (clock == CLOCK_REALTIME ? k.shift_s : 0);
    }
    return failed;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
