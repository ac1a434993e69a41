/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that the tools a program was built with make on their own, to be allowed beside
 * those of sandbox.c: none, or a sanitizer's (sandbox_calls_sanitizer.c). Internal to keys/.
 */
#ifndef JT_KEYS_SANDBOX_CALLS_H
#define JT_KEYS_SANDBOX_CALLS_H

#include <stddef.h>

extern const int jt_sandbox_calls[];
extern const size_t jt_sandbox_calls_n;

#endif
