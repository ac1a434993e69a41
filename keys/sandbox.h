/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes a process in for good: what it needs it holds already, so afterwards it opens no file, makes
 * no socket, starts no program and maps no code. It knows nothing of what the process does. Internal
 * to keys/.
 * Ownership: none.
 * Thread rule: jt_sandbox_begin and jt_sandbox_drop by the only thread; jt_sandbox_close by any, for
 * all threads there are.
 * Sources: prctl(2), seccomp(2), capabilities(7).
 */
#ifndef JT_KEYS_SANDBOX_H
#define JT_KEYS_SANDBOX_H

#include "common/base/diag.h"

/* Ends with the thread that started it, is never dumped or traced, gains nothing by a program that
 * it would start. JT_ERR_IO with a sentence. */
JT_MUST_USE enum jt_err jt_sandbox_begin(struct jt_diag *diag);

/* Gives up every capability, and all but a few descriptors. JT_ERR_IO with a sentence. */
JT_MUST_USE enum jt_err jt_sandbox_drop(struct jt_diag *diag);

/* Refuses, with EPERM, every system call but those of memory, threads, the clock, randomness, and of
 * messages over descriptors that are there. JT_ERR_IO with a sentence. */
JT_MUST_USE enum jt_err jt_sandbox_close(struct jt_diag *diag);

#endif
