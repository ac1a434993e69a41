/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of jansson and libcurl that is wiped when it is freed: answers and requests of this
 * command carry client secrets and tokens. What they give stays ordinary heap memory, so a plain
 * free() of it is harmless (and does not wipe).
 * Ownership: none.
 * Thread rule: once, before any other thread and any use of either library.
 */
#ifndef JT_CLI_MEMORY_H
#define JT_CLI_MEMORY_H

#include "common/base/err.h"

/* Installs the allocators and starts libcurl. JT_ERR_NOMEM when libcurl does not start. */
JT_MUST_USE enum jt_err jt_cli_memory_install(void);

#endif
