/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Always the last include of a source file: after every system and foreign header it poisons the
 * calls that this project does not make. A file that handles MACs also poisons memcmp by
 * defining JT_POISON_MEMCMP before this include.
 */
#ifndef JT_BASE_BASE_H
#define JT_BASE_BASE_H

#include "common/base/err.h"
#include "common/base/macros.h"

/* glibc makes these macros (the latter two with FORTIFY), which cannot be poisoned as they stand */
#undef alloca
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol gmtime localtime
#pragma GCC poison rand alloca
#ifdef JT_POISON_MEMCMP
#    pragma GCC poison memcmp
#endif

#endif
