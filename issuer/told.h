/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences for operators that are put together of several.
 * Ownership: the caller's, in place. Thread rule: one thread.
 */
#ifndef JT_ISSUER_TOLD_H
#define JT_ISSUER_TOLD_H

#include <stdint.h>

#include "common/base/diag.h"

/* A time as 2026-01-31T12:00:00Z, in `out`. */
#define JT_TOLD_TIME 24
const char *jt_told_time(int64_t at_s, char out[JT_TOLD_TIME]);

/* Puts another sentence after what `diag` says; the seam is ". " where it says something. NULL
 * is harmless. */
void jt_told_add(struct jt_diag *diag, const char *format, ...) JT_PRINTF(2, 3);

#endif
