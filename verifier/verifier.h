/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is behind the opaque struct jeton_verifier: the files of verifier/ see it, programs do not.
 * Ownership and thread rule: those of <jeton/verifier.h>.
 */
#ifndef JT_VERIFIER_VERIFIER_H
#define JT_VERIFIER_VERIFIER_H

#include "verifier/fetch.h"
#include "verifier/refresher.h"

/* Immutable between jeton_verifier_new and jeton_verifier_free, what `source` holds apart. */
struct jeton_verifier {
    bool usable; /* false: made only to carry `error` */
    struct jt_policy *policy;
    struct jt_clock clock;
    struct jt_fetch *own_fetch; /* NULL: the program brought its own, or nothing is fetched */
    struct jt_keysource *source;
    struct jt_refresher *refresher; /* NULL: the program polls, or nothing is fetched */
    struct jt_diag error;
};

#endif
