/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library for LD_PRELOAD that moves a program's clocks on: CLOCK_REALTIME and CLOCK_BOOTTIME, both
 * alike, show later by the seconds that the file CLOCK_SHIFT holds as decimal digits at that moment (a
 * file of 24 bytes that stays mapped: whoever writes it moves the clock of the program as it runs).
 * CLOCK_MONOTONIC, by which it waits, goes on as it is, and so does CLOCK_BOOTTIME in threads that
 * accept connections, whose deadlines would all be over at once. 64-bit Linux alone.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHIFT_LEN 24

static const char *shift = "0";
static _Thread_local bool accepts;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_SHIFT");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        void *at = mmap(NULL, SHIFT_LEN, PROT_READ, MAP_SHARED, fd, 0);
        shift = at == MAP_FAILED ? shift : at;
        (void)close(fd);
    }
}

int accept4(int fd, void *addr, unsigned *len,
            int flags); /* instead of a header that uses unions */

int accept4(int fd, void *addr, unsigned *len, int flags)
{
    accepts = true;
    return (int)syscall(SYS_accept4, (long)fd, addr, len, (long)flags);
}

int clock_gettime(clockid_t which, struct timespec *out)
{
    long err = syscall(SYS_clock_gettime, (long)which, out);
    if (err == 0 && (which == CLOCK_REALTIME || (which == CLOCK_BOOTTIME && !accepts))) {
        out->tv_sec += (time_t)strtoll(shift, NULL, 10);
    }
    return (int)err;
}
