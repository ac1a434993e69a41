/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/memory_scan.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/base.h"

#define AREA_MAX ((uint64_t)64 << 20)

static bool is_inverse(const uint8_t *p, size_t room, const uint8_t *inverted, size_t n)
{
    size_t k = 0;
    while (k < n && k < room && (p[k] ^ inverted[k]) == 0xFF) {
        k++;
    }
    return k == n;
}

/* What was read here to look at it does not count. */
static size_t count_in_area(int mem, uint64_t from, uint64_t to, const uint8_t *inverted, size_t n)
{
    static uint8_t page[1 << 16];
    size_t found = 0;
    for (uint64_t at = from; at < to; at += sizeof page - n + 1) {
        size_t room = to - at < sizeof page ? (size_t)(to - at) : sizeof page;
        ssize_t got = pread(mem, page, room, (off_t)at);
        uint64_t self = (uint64_t)(uintptr_t)page;
        const uint8_t *end = got > 0 ? page + got : page, *hit = page;
        while ((hit = memchr(hit, inverted[0] ^ 0xFF, (size_t)(end - hit))) != NULL) {
            uint64_t address = at + (uint64_t)(hit - page);
            bool own = address + n > self && address < self + sizeof page;
            found += !own && is_inverse(hit, (size_t)(end - hit), inverted, n);
            hit++;
        }
    }
    memset(page, 0, sizeof page);
    return found;
}

static bool has_flag(const char *flags, const char *flag)
{
    const char *at = strstr(flags, flag);
    return at != NULL && at[-1] == ' ' && (at[2] == ' ' || at[2] == '\n');
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* In smaps each area's line is followed by many of its properties, the flags last. */
struct memory_found memory_scan(const uint8_t *inverted, size_t n)
{
    struct memory_found found = {0};
    int open_before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a closed process may not open its own either */
    FILE *maps = fopen("/proc/self/smaps", "r");
    int mem = open("/proc/self/mem", O_RDONLY);
    if (maps == NULL || mem < 0) {
        die("/proc/self");
    }
    char line[512];
    size_t here = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        char *end = NULL;
        uint64_t from = strtoull(line, &end, 16),
                 to = *end == '-' ? strtoull(end + 1, &end, 16) : 0;
        if (to > from) {
            bool plain = strncmp(end, " rw", 3) == 0 && to - from <= AREA_MAX;
            here = plain ? count_in_area(mem, from, to, inverted, n) : 0;
            found.n += here;
        } else if (strncmp(line, "VmFlags:", 8) == 0) {
            found.locked += has_flag(line, "lo") ? here : 0;
            found.undumped += has_flag(line, "dd") ? here : 0;
        }
    }
    (void)close(mem);
    (void)fclose(maps);
    (void)prctl(PR_SET_DUMPABLE, open_before, 0, 0, 0);
    return found;
}

size_t memory_scan_count(const uint8_t *inverted, size_t n)
{
    return memory_scan(inverted, n).n;
}
