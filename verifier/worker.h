/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's half of verifying: everything that a verification writes to.
 * Ownership: jeton_worker_new gives it.
 * Thread rule: one thread.
 */
#ifndef JT_VERIFIER_WORKER_H
#define JT_VERIFIER_WORKER_H

#include "common/base/buf.h"
#include "common/jose/jws.h"
#include "verifier/crypto/sigcheck.h"
#include "verifier/judge/payload.h"
#include "verifier/judge/tokencache.h"
#include "verifier/verifier.h"

/* The last header under which a signature stood: its bytes mean the same again. Forged headers do
 * not get in, so they cannot push it out. */
struct jt_worker_memo {
    size_t n;
    uint8_t text[JT_JWS_MAX_HEADER];
    struct jt_jws_header header;
};

/* What a worker has for one policy. */
struct jt_worker_desk {
    struct jt_currentset *current;
    struct jt_slot *slot;
    struct jt_sigcheck *sigcheck;
    uint64_t swept; /* generation of the set that the cache was last swept for */
    struct jt_worker_memo memo;
};

struct jeton_worker {
    jeton_verifier *verifier;
    struct jt_tally *tally;
    struct jt_tokencache *cache;  /* NULL: none */
    struct jt_worker_desk *desks; /* one a policy */
    struct jt_jws_header fresh;   /* a header that no memo has */
    struct jt_payload payload;
    struct jt_buf scopes; /* where an array of scopes is joined */
    struct jt_span told; /* the claims of the last token, whose signature and form stand; p NULL: */
    bool loaded;         /* none. Are they in `payload`? */
    size_t signature_n;
    uint8_t signature[JT_JWS_MAX_SIG];
    uint8_t *text; /* the payload, decoded: room for the policies' max_token */
};

#endif
