/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for bytes in the memory of this process: heap, data and stacks; a sanitizer's shadow, which
 * is large, is left out. What is looked for is given with every bit inverted, so that it does not
 * find itself.
 * Thread rule: one thread.
 */
#ifndef JT_TESTS_SUPPORT_MEMORY_SCAN_H
#define JT_TESTS_SUPPORT_MEMORY_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct memory_found {
    size_t n;        /* places */
    size_t locked;   /* of them, in pages that are not swapped out (VmFlags lo) */
    size_t undumped; /* of them, in pages that no core dump holds (VmFlags dd) */
};

struct memory_found memory_scan(const uint8_t *inverted, size_t n);

/* How many places. */
size_t memory_scan_count(const uint8_t *inverted, size_t n);

#endif
