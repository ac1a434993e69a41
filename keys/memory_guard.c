/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/memory_guard.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/base.h"

#define HEAP_SIZE (2 << 20) /* of addresses: a page becomes memory when it is used */
#define HEAP_MIN  32        /* bytes of the smallest block */

/* Written by jt_memory_guard alone, while there is one thread. */
static struct {
    bool hooked;    /* libcrypto's allocations come through here */
    uint8_t *pages; /* of the secure heap; NULL: there is none */
    struct jt_memory_state state;
} guard = {.state = {.why = "nothing guards the memory of this process"}};

static _Thread_local unsigned inside;

/* --- libcrypto's allocations --- */

/* As CRYPTO_secure_allocated, at a fifth of its price, for each signature frees some thirty times. */
static bool is_guarded(const void *p)
{
    return (uintptr_t)p - (uintptr_t)guard.pages < HEAP_SIZE;
}

static void *allocate(size_t n, const char *file, int line)
{
    /* full is NULL: going elsewhere would leave the guarded pages without a word */
    return inside > 0 ? CRYPTO_secure_malloc(n, file, line) : malloc(n);
}

static void release(void *p, const char *file, int line)
{
    if (is_guarded(p)) {
        CRYPTO_secure_free(p, file, line); /* wipes */
        return;
    }
    free(p);
}

static void *reallocate(void *p, size_t n, const char *file, int line)
{
    if (p == NULL) {
        return allocate(n, file, line);
    }
    if (!is_guarded(p)) {
        return realloc(p, n); /* held no secret when it was made: a table that grows */
    }
    void *moved = CRYPTO_secure_malloc(n, file, line);
    if (moved != NULL) {
        size_t had = CRYPTO_secure_actual_size(p);
        memcpy(moved, p, had < n ? had : n);
        CRYPTO_secure_free(p, file, line);
    }
    return moved;
}

void jt_memory_guard_enter(void)
{
    if (guard.hooked) {
        inside++;
    }
}

void jt_memory_guard_leave(void)
{
    if (guard.hooked) {
        inside--;
    }
}

/* --- the pages --- */

/* The first page of the heap, which libcrypto does not tell: all that lies in it answers so. */
static uint8_t *find_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *block = OPENSSL_secure_malloc(1);
    if (!CRYPTO_secure_allocated(block)) {
        OPENSSL_free(block);
        return NULL;
    }
    uint8_t *first = (uint8_t *)block - (uintptr_t)block % page;
    while (CRYPTO_secure_allocated(first - page)) {
        first -= page;
    }
    OPENSSL_secure_free(block);
    return first;
}

static void make_heap(void)
{
    guard.hooked = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;
    /* 2: made but not locked, which is tried, and told, below */
    if (CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_MIN) != 0) {
        guard.pages = find_pages();
    }
    guard.hooked = guard.hooked && guard.pages != NULL;
}

static bool lock_pages(void)
{
    return guard.pages != NULL && mlock2(guard.pages, HEAP_SIZE, MLOCK_ONFAULT) == 0 &&
           madvise(guard.pages, HEAP_SIZE, MADV_DONTDUMP) == 0;
}

/* Only where there is no limit at all: under one, each later mapping would count, and malloc and
 * new threads would fail in the end. */
static bool lock_whole(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY &&
           mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0;
}

static const char *lack(const struct jt_memory_state *state)
{
    if (!state->locked) {
        return "private keys may be swapped out: fewer than 2 MiB may be locked; raise the limit "
               "(LimitMEMLOCK= of the unit, ulimit -l)";
    }
    if (!guard.hooked) {
        return "private RSA keys may be swapped out: libcrypto was in use before its memory could "
               "be guarded";
    }
    return state->closed ? "" : "other processes of this user may read its memory";
}

void jt_memory_guard(struct jt_memory_state *out_state)
{
    if (guard.pages == NULL) {
        make_heap();
    }
    struct jt_memory_state state = {.locked = lock_pages(),
                                    .whole = lock_whole(),
                                    .closed = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0};
    state.why = lack(&state);
    state.locked = state.locked && guard.hooked;
    guard.state = state;
    *out_state = state;
}

struct jt_memory_state jt_memory_guard_state(void)
{
    return guard.state;
}
