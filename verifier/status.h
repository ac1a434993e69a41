/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where an error of ours becomes a status of the public header.
 * Ownership: constant data.
 * Thread rule: any thread.
 * Source: RFC 6750 sec. 3.1.
 */
#ifndef JT_VERIFIER_STATUS_H
#define JT_VERIFIER_STATUS_H

#include "common/base/err.h"

#include <jeton/verifier.h>

/* The status for `err`; an error that has no row is JETON_INTERNAL. */
jeton_status jt_status_of(enum jt_err err);

#endif
