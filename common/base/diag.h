/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentence that goes with an error when a person has to mend something: what is wrong, where,
 * and how to mend it. It never decides anything; enum jt_err does. Secrets never go in.
 * Ownership: the caller's, in place, nothing to release.
 * Thread rule: one thread.
 */
#ifndef JT_BASE_DIAG_H
#define JT_BASE_DIAG_H

#include "common/base/err.h"

struct jt_diag {
    char text[512];
};

#define JT_DIAG_INIT \
    {                \
        {            \
            0        \
        }            \
    }

/* Writes the sentence into `diag` (cut at its size, and one line: what is no UTF-8 or a control
 * character as '?'; `diag` may be NULL) and returns `err`, so that a failing function ends in
 * `return jt_diag_fail(diag, JT_ERR_X, "...", ...)`. */
enum jt_err jt_diag_fail(struct jt_diag *diag, enum jt_err err, const char *format, ...)
    JT_PRINTF(3, 4);

/* The sentence, or the text of `err`'s row when none was written. */
const char *jt_diag_text(const struct jt_diag *diag, enum jt_err err);

#endif
