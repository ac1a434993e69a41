/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate of the example API: who may pass, judged by libjeton alone. It knows nothing of the HTTP
 * server; replace that by yours and keep this.
 * Ownership: the gate is the caller's from open to close; a pass is one thread's, and freed before.
 */
#ifndef GATE_H
#define GATE_H

#include <jeton/verifier.h>
#include <stdbool.h>
#include <stdio.h>

/* What to answer: 200 and whose request it is, or why not. */
struct gate_verdict {
    int http_status;     /* 200, 401, 403 or 503 */
    const char *name;    /* e.g. "expired" */
    const char *text;    /* one sentence for people */
    char challenge[512]; /* for WWW-Authenticate; "" when none is due */
    char client[128];    /* of an accepted token; cut when longer */
};

/* Trusts tokens of `issuer` for `audience`. The keys are found by discovery; that they cannot be
 * fetched yet is said to `talk` and is no failure. False, and said there, when it cannot work. */
bool gate_open(const char *issuer, const char *audience, FILE *talk, jeton_verifier **out_gate);

/* Judges the value of an Authorization header (NULL: none was sent); `scope` must be held. */
void gate_judge(jeton_worker *pass, const char *authorization, const char *scope,
                struct gate_verdict *out_verdict);

#endif
