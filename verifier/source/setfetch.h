/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One issuer's key set over the network, a request at a time: discovery where the policy names no
 * jwks_uri, then the set. It does not decide when, and does not judge the set.
 * Ownership: in place; it borrows what stands in it, but for found_uri; forget.
 * Thread rule: one thread at a time.
 * Source: RFC 8414 sec. 3.
 */
#ifndef JT_VERIFIER_SETFETCH_H
#define JT_VERIFIER_SETFETCH_H

#include "verifier/policy.h"
#include "verifier/source/fetch.h"

struct jt_setfetch {
    const struct jt_policy *policy;
    jeton_fetch_fn get;
    void *ctx;
    const struct jt_fetch *own; /* `ctx` when the fetch is libjeton's, to ask for reasons */
    size_t place;               /* where discovery looks next */
    char *found_uri;            /* by discovery; NULL: not yet, or to be looked up again */
};

/* Begins an attempt. */
void jt_setfetch_begin(struct jt_setfetch *fetch);

/* Makes the next request of the attempt. `*out_more`: another is to follow, `*out_set` is not there
 * yet. Else `*out_set` is the set, which lives until the next request. JT_ERR_FETCH,
 * JT_ERR_DISCOVERY with a sentence, JT_ERR_NOMEM, JT_ERR_URL: the attempt has ended. */
JT_MUST_USE enum jt_err jt_setfetch_request(struct jt_setfetch *fetch,
                                            struct jeton_response *out_set, bool *out_more,
                                            struct jt_diag *diag);

/* Where the set comes from, for sentences; NULL before it is known. Borrowed. */
const char *jt_setfetch_uri(const struct jt_setfetch *fetch);

/* The next attempt discovers anew. Also what frees it all. */
void jt_setfetch_forget(struct jt_setfetch *fetch);

#endif
