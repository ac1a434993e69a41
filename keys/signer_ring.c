/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleeping without a lost wake: who sleeps says so and then looks once more; who puts, puts and then
 * looks whether the other sleeps. Both pairs are sequentially consistent, so at least one of them
 * sees the other.
 */
#include "keys/signer_ring.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/base.h"

#define WORDS     JT_COUNT(((struct jt_ring *)NULL)->pending)
#define WORD_BITS 64
#define SEALS     (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define BACKLOG   3 /* lanes that wait for one worker before another is woken */

/* Not private: the waiter and the waker are of two processes. */
static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0); /* the caller looks again */
}

static void futex_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0); /* of ours: cannot fail */
}

/* --- the memory --- */

static enum jt_err map(int fd, struct jt_ring **out_ring)
{
    void *p = mmap(NULL, sizeof(struct jt_ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return JT_ERR_NOMEM;
    }
    *out_ring = p;
    return JT_OK;
}

enum jt_err jt_ring_new(struct jt_ring **out_ring, int *out_fd)
{
    int fd = memfd_create("jeton-signer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return JT_ERR_NOMEM;
    }
    if (ftruncate(fd, (off_t)sizeof(struct jt_ring)) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0 ||
        map(fd, out_ring) != JT_OK) {
        (void)close(fd); /* nothing was written */
        return JT_ERR_NOMEM;
    }
    *out_fd = fd;
    return JT_OK;
}

enum jt_err jt_ring_map(int fd, struct jt_ring **out_ring)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size != (off_t)sizeof(struct jt_ring) ||
        fcntl(fd, F_GET_SEALS) != SEALS) {
        return JT_ERR_ARGUMENT;
    }
    return map(fd, out_ring);
}

void jt_ring_be_patient(void)
{
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none); /* where it is refused it is only dearer */
}

void jt_ring_free(struct jt_ring *ring)
{
    if (ring != NULL) {
        (void)munmap(ring, sizeof *ring); /* a mapping of ours */
    }
}

/* --- waking workers --- */

static size_t count_workers(struct jt_ring *ring)
{
    uint32_t n = atomic_load_explicit(&ring->n_workers, memory_order_relaxed);
    return n < JT_RING_WORKERS_MAX ? n : JT_RING_WORKERS_MAX;
}

static bool rouse(struct jt_ring *ring, size_t worker)
{
    uint32_t asleep = 1;
    if (!atomic_compare_exchange_strong(&ring->asleep[worker], &asleep, 0)) {
        return false;
    }
    futex_wake(&ring->asleep[worker]);
    return true;
}

/* A worker that is awake looks at every lane before it sleeps, so one is enough. */
static void rouse_if_none_is_awake(struct jt_ring *ring)
{
    size_t n = count_workers(ring);
    for (size_t i = 0; i < n; i++) {
        if (atomic_load(&ring->asleep[i]) == 0) {
            return;
        }
    }
    for (size_t i = 0; i < n && !rouse(ring, i); i++) {
    }
}

static void rouse_another(struct jt_ring *ring)
{
    size_t n = count_workers(ring);
    for (size_t i = 0; i < n; i++) {
        if (atomic_load_explicit(&ring->asleep[i], memory_order_relaxed) == 1 && rouse(ring, i)) {
            return;
        }
    }
}

/* --- the daemon's side --- */

uint32_t jt_ring_begin(struct jt_ring *ring, size_t lane)
{
    struct jt_ring_slot *slot = &ring->slots[lane];
    uint32_t request =
        (atomic_load_explicit(&slot->request, memory_order_relaxed) & ~(uint32_t)1) + 2;
    atomic_store(&slot->request, request - 1); /* odd: being written */
    return request;
}

static void set_pending(struct jt_ring *ring, size_t lane)
{
    uint64_t before =
        atomic_fetch_or(&ring->pending[lane / WORD_BITS], (uint64_t)1 << (lane % WORD_BITS));
    rouse_if_none_is_awake(ring);
    if (before != 0 && __builtin_popcountll(before) >= BACKLOG) {
        rouse_another(ring);
    }
}

void jt_ring_put(struct jt_ring *ring, size_t lane, uint32_t request, size_t n)
{
    struct jt_ring_slot *slot = &ring->slots[lane];
    atomic_store_explicit(&slot->n_in, (uint32_t)n, memory_order_relaxed);
    atomic_store_explicit(&slot->request, request, memory_order_release);
    set_pending(ring, lane);
}

bool jt_ring_await(struct jt_ring *ring, size_t lane, uint32_t request, _Atomic uint32_t *epoch,
                   uint32_t was)
{
    struct jt_ring_slot *slot = &ring->slots[lane];
    for (;;) {
        uint32_t answer = atomic_load_explicit(&slot->answer, memory_order_acquire);
        if (answer == request) {
            return true;
        }
        if (atomic_load(epoch) != was) {
            return false;
        }
        atomic_store(&slot->waiting, 1);
        if (atomic_load(&slot->answer) == answer) {
            futex_wait(&slot->answer, answer);
        }
        atomic_store_explicit(&slot->waiting, 0, memory_order_relaxed);
    }
}

void jt_ring_shake(struct jt_ring *ring)
{
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        struct jt_ring_slot *slot = &ring->slots[i];
        if (atomic_load(&slot->request) != 0) {
            atomic_store(&slot->answer, atomic_load(&slot->answer) | 1); /* no request is odd */
            futex_wake(&slot->answer);
        }
    }
    jt_ring_reset_workers(ring);
}

void jt_ring_reset_workers(struct jt_ring *ring)
{
    for (size_t i = 0; i < JT_RING_WORKERS_MAX; i++) {
        atomic_store(&ring->asleep[i], 0);
    }
}

void jt_ring_put_again(struct jt_ring *ring)
{
    for (size_t i = 0; i < JT_SIGNER_LANES_MAX; i++) {
        struct jt_ring_slot *slot = &ring->slots[i];
        if (atomic_load(&slot->request) != atomic_load(&slot->answer)) {
            set_pending(ring, i);
        }
    }
}

/* --- the signer's side --- */

/* The first bit of `bits` that is not below `from`, else the first of all. */
static size_t next_bit(uint64_t bits, size_t from)
{
    uint64_t later = bits & (~(uint64_t)0 << from);
    return (size_t)__builtin_ctzll(later != 0 ? later : bits);
}

bool jt_ring_take(struct jt_ring *ring, size_t *cursor, size_t *out_lane)
{
    size_t first = *cursor / WORD_BITS, from = *cursor % WORD_BITS;
    for (size_t i = 0; i < WORDS; i++) {
        size_t word = (first + i) % WORDS;
        uint64_t bits = atomic_load(&ring->pending[word]);
        while (bits != 0) {
            size_t bit = next_bit(bits, i == 0 ? from : 0);
            uint64_t mask = (uint64_t)1 << bit;
            bits = atomic_fetch_and(&ring->pending[word], ~mask);
            if ((bits & mask) != 0) {
                *out_lane = word * WORD_BITS + bit;
                *cursor = (*out_lane + 1) % JT_SIGNER_LANES_MAX;
                return true;
            }
        }
    }
    return false;
}

bool jt_ring_copy(struct jt_ring *ring, size_t lane, uint8_t *out, uint32_t *out_request,
                  size_t *out_n)
{
    struct jt_ring_slot *slot = &ring->slots[lane];
    uint32_t request = atomic_load_explicit(&slot->request, memory_order_acquire);
    size_t n = atomic_load_explicit(&slot->n_in, memory_order_relaxed);
    if ((request & 1) != 0 || n > JT_RING_IN_MAX ||
        request == atomic_load_explicit(&slot->answer, memory_order_relaxed)) {
        return false;
    }
    memcpy(out, slot->in, n);
    /* written again meanwhile (its thread had given up): its bit will be set again */
    if (atomic_load(&slot->request) != request) {
        return false;
    }
    *out_request = request;
    *out_n = n;
    return true;
}

bool jt_ring_answer(struct jt_ring *ring, size_t lane, uint32_t request, enum jt_err err,
                    struct jt_span token)
{
    struct jt_ring_slot *slot = &ring->slots[lane];
    size_t n = token.n <= sizeof slot->out ? token.n : 0;
    if (n > 0) {
        memcpy(slot->out, token.p, n);
    }
    atomic_store_explicit(&slot->err, (uint32_t)err, memory_order_relaxed);
    atomic_store_explicit(&slot->n_out, (uint32_t)n, memory_order_relaxed);
    atomic_store(&slot->answer, request);
    return atomic_load(&slot->waiting) != 0;
}

void jt_ring_wake(struct jt_ring *ring, size_t lane)
{
    futex_wake(&ring->slots[lane].answer);
}

static bool is_pending(struct jt_ring *ring)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < WORDS; i++) {
        bits |= atomic_load(&ring->pending[i]);
    }
    return bits != 0;
}

void jt_ring_sleep(struct jt_ring *ring, size_t worker)
{
    _Atomic uint32_t *asleep = &ring->asleep[worker];
    atomic_store(asleep, 1);
    if (is_pending(ring)) {
        atomic_store(asleep, 0);
        return;
    }
    while (atomic_load(asleep) == 1) {
        futex_wait(asleep, 1);
    }
}

void jt_ring_share(struct jt_ring *ring)
{
    int n = 0;
    for (size_t i = 0; i < WORDS; i++) {
        n += __builtin_popcountll(atomic_load_explicit(&ring->pending[i], memory_order_relaxed));
    }
    if (n >= BACKLOG) {
        rouse_another(ring);
    }
}
