/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot path: one token, judged. Order: size; what the worker remembers; form, issuer, header,
 * key, signature, and only then the claims: nothing that a signature does not cover is believed but
 * for choosing the policy whose keys it is held against, and what is cheap to refuse is refused
 * first. No I/O, no lock, no heap of ours.
 * Thread rule: one thread a worker.
 * Sources: RFC 7515 sec. 5.2, RFC 9068 sec. 4.
 */
#ifndef JT_VERIFIER_JUDGE_H
#define JT_VERIFIER_JUDGE_H

#include "verifier/worker.h"

/* Judges `token` under the policy of its issuer and `require` (NULL: none). Fills `result`, all but
 * its status; `result->policy` is the place of the policy, whatever the verdict. */
JT_MUST_USE enum jt_err jt_judge_token(jeton_worker *worker, struct jt_span token,
                                       const struct jeton_require *require,
                                       struct jeton_result *result);

#endif
