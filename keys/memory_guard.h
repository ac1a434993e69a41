/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where private keys lie in memory: pages that are locked (never swapped out) and left out of core
 * dumps, in a process that no other of its user can look into. Secrets that are allocated locked
 * (common/base/secret.h) go there, and so does whatever libcrypto allocates between enter and
 * leave; all of it is wiped when freed. What could not be had is told and is no error: a daemon
 * without the right to lock memory still serves.
 *
 * The pages are libcrypto's secure heap: one mlock for all, where libsodium's would be a locked page
 * and two guards a secret; and libcrypto puts an EC key's number there by itself. It does not (3.0)
 * for an RSA key that is imported, nor for the copies of p and q that its first signature makes:
 * hence enter and leave.
 *
 * Not in these pages: what stands in registers, on the stack and in libcrypto's temporary numbers,
 * which it wipes, for the time of a signature. Where RLIMIT_MEMLOCK is unlimited the whole process
 * is locked, and so are they.
 *
 * Ownership: none; the state is the process's.
 * Thread rule: jt_memory_guard before another thread starts and before libcrypto is first used;
 * enter and leave concern the calling thread.
 * Sources: CRYPTO_secure_malloc(3), CRYPTO_set_mem_functions(3), mlock2(2), prctl(2).
 */
#ifndef JT_KEYS_MEMORY_GUARD_H
#define JT_KEYS_MEMORY_GUARD_H

#include <stdbool.h>

struct jt_memory_state {
    bool locked;     /* private keys cannot be swapped out */
    bool whole;      /* nor can anything else of the process */
    bool closed;     /* no other process of its user may read its memory */
    const char *why; /* what is not so, and the mend; "" */
};

/* Makes it so as far as the system allows and tells how far that was. To be called again after a
 * fork: locks are not inherited, and a program that is executed begins open. Who makes a user
 * namespace writes its maps before: in a closed process they belong to root. */
void jt_memory_guard(struct jt_memory_state *out_state);

/* What jt_memory_guard told last; in a process that never called it nothing is guarded. */
struct jt_memory_state jt_memory_guard_state(void);

/* Between the two, libcrypto allocates in the guarded pages; they nest, and do nothing in a process
 * without jt_memory_guard. What libcrypto keeps for good (fetched algorithms) is fetched before. */
void jt_memory_guard_enter(void);
void jt_memory_guard_leave(void);

#endif
