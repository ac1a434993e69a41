/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared half of verifying: the policies, and for each the source of its keys.
 * Ownership: jeton_verifier_new gives it.
 * Thread rule: immutable from jeton_verifier_new to jeton_verifier_free, but for what the sources
 * and tallies hold.
 */
#ifndef JT_VERIFIER_VERIFIER_H
#define JT_VERIFIER_VERIFIER_H

#include "verifier/source/fetch.h"
#include "verifier/source/refresher.h"
#include "verifier/tally.h"

#define JT_VERIFIER_POLICIES 64

struct jeton_verifier {
    bool usable; /* false: made only to carry `error` */
    struct jt_clock clock;
    size_t n;
    struct jt_policy *policies[JT_VERIFIER_POLICIES];
    struct jt_keysource *source_of[JT_VERIFIER_POLICIES];
    struct jt_keysources sources; /* all of them, for the driver */
    size_t max_token;             /* the largest of the policies' */
    size_t cache_tokens;
    bool tables;                    /* ES256 by a table for each used key */
    struct jt_fetch *own_fetch;     /* NULL: the program brought its own, or nothing is fetched */
    struct jt_tallies *tallies;     /* a row for each policy and one for tokens of none */
    struct jt_refresher *refresher; /* NULL: the program polls, or there is nothing to do */
    struct jt_diag error;
};

/* The place of the policy for `issuer`, byte by byte; `n` when none is for it. Any thread. */
size_t jt_verifier_place(const jeton_verifier *verifier, struct jt_span issuer);

#endif
