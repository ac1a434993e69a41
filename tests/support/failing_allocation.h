/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation of the program under test fails. For programs linked with --wrap for malloc,
 * calloc and realloc: only calls that are linked in so are counted, those of shared libraries are
 * not.
 * Thread rule: each thread has a count of its own.
 */
#ifndef JT_TESTS_SUPPORT_FAILING_ALLOCATION_H
#define JT_TESTS_SUPPORT_FAILING_ALLOCATION_H

/* How many allocations of this thread succeed before the one that fails; -1: none fails, as at the
 * start and after the one that has. */
extern _Thread_local long allocations_left;

#endif
